"""Which group a row belongs to."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.design.grouping import make_grouping
from kap_analysis.mixed.design.labels import Labels, read_labels
from kap_analysis.mixed.errors import MixedModelError


def grouping(frame: pd.DataFrame, *columns: str):
    return make_grouping(columns, [read_labels(frame[name]) for name in columns])


FRAME = pd.DataFrame({"clinic": ["b", "a", "b", None, "a"], "therapist": [2, 1, 1, 1, 2]})


def test_one_column_has_its_labels_as_levels():
    made = grouping(FRAME, "clinic")
    assert made.name == "clinic"
    assert made.levels == ("a", "b")
    assert made.codes.tolist() == [1, 0, 1, -1, 0]


def test_crossed_columns_have_the_pairs_that_occur():
    made = grouping(FRAME.iloc[:4], "clinic", "therapist")
    assert made.name == "clinic:therapist"
    assert made.levels == ("a:1", "b:1", "b:2")
    assert made.codes.tolist() == [2, 0, 1, -1]


def test_three_crossed_columns():
    frame = FRAME.assign(week=[3, 3, 4, 4, 3])
    made = grouping(frame, "clinic", "therapist", "week")
    assert made.levels == ("a:1:3", "a:2:3", "b:1:4", "b:2:3")
    assert made.codes.tolist() == [3, 0, 2, -1, 1]
    assert made.of(frame).tolist() == [3, 0, 2, -1, 1]


def test_groups_without_an_active_row_are_left_out():
    made = grouping(FRAME, "therapist").among(np.array([False, True, True, False, False]))
    assert made.levels == (1,)
    assert made.codes.tolist() == [-1, 0, 0, -1, -1]
    assert made.of(pd.DataFrame({"therapist": [1, 2, 3]})).tolist() == [0, -1, -1]


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_new_rows_find_their_group_whatever_the_type(kind):
    made = grouping(FRAME, "clinic", "therapist")
    new = pd.DataFrame({"clinic": pd.Series(["b", "z", None, "a"]).astype(kind), "therapist": [2, 1, 1, 3]})
    assert made.of(new).tolist() == [3, -1, -1, -1]


def test_numbers_find_their_group_across_types():
    made = grouping(pd.DataFrame({"patient": [7, 3, 7]}), "patient")
    assert made.of(pd.DataFrame({"patient": [3.0, 7.0, np.nan]})).tolist() == [0, 1, -1]


def test_whole_numbers_beside_missing_ones_are_shown_whole():
    made = grouping(pd.DataFrame({"cohort": [2.0, np.nan, 1.0], "week": [1.0, 1.0, 2.0]}), "cohort", "week")
    assert made.levels == ("1:2", "2:1")
    assert grouping(pd.DataFrame({"cohort": [2.5, 1.0]}), "cohort").levels == (1.0, 2.5)


def test_new_rows_without_the_column_are_an_error():
    with pytest.raises(MixedModelError) as caught:
        grouping(FRAME, "clinic").of(pd.DataFrame({"site": ["a"]}))
    assert str(caught.value) == "The new rows have no column 'clinic', which names the groups of a bar term."


def test_no_group_at_all():
    made = make_grouping(["cohort"], [Labels(np.array([-1, -1]), ())])
    assert made.codes.tolist() == [-1, -1]
    assert made.of(pd.DataFrame({"cohort": ["a"]})).tolist() == [-1]


def test_ids_that_floating_point_numbers_merge_are_refused():
    data = pd.DataFrame({"score": range(6), "patient": [1e16, 1e16 + 2, 1e16, 5, 5, np.nan]})
    with pytest.raises(MixedModelError) as caught:
        build_design("score ~ 1 + (1 | patient)", data)
    assert str(caught.value) == (
        "patient cannot be the grouping of (1 | patient): its numbers are too large for their floating-point "
        "type, which does not tell neighbours apart. Read the column as text or as integers."
    )
    whole = data.dropna().astype({"patient": "int64"})
    assert build_design("score ~ 1 + (1 | patient)", whole).bars[0].levels == (5, 10**16, 10**16 + 2)
