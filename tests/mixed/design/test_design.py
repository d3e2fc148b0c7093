"""What a design says of new rows."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.errors import MixedModelWarning


def test_new_rows_of_fixed_part_and_bars(scores):
    design = build_design("score ~ visit*format + (month | patient) + (0 + is_group | cohort)", scores)
    new = scores.iloc[[40, 3]].assign(patient=["P01", "new"])
    np.testing.assert_array_equal(design.fixed.rows(new), design.x[[40, 3]])
    z, codes = design.bars[0].rows(new)
    np.testing.assert_array_equal(z, [[1, 2], [1, 1]])
    assert codes.tolist() == [1, -1]
    assert design.bars[1].rows(new)[1].tolist() == [-1, 0]


def test_an_empty_cell_makes_a_combination_not_estimable(scores):
    scores = scores[~((scores["format"] == "group") & (scores["visit"] == "m3"))]
    with pytest.warns(MixedModelWarning):
        design = build_design("score ~ visit*format", scores)
    assert design.fixed.dropped == ("visit[T.m3]:format[T.group]",)
    grid = pd.DataFrame({"visit": ["m1", "m3", "m3"], "format": ["group", "individual", "group"]})
    assert design.fixed.estimable(grid).tolist() == [True, True, False]
    difference = np.array([1, 1, -1]) @ design.fixed.beyond(grid)
    assert abs(difference[0]) > 0.5


def test_everything_is_estimable_without_dropped_columns(scores):
    design = build_design("score ~ visit*format", scores)
    assert design.fixed.estimable(scores).all()
