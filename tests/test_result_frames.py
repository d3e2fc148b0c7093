"""What a figure or a table says of a frame that it cannot show: one sentence, with its own error."""

import pandas as pd
import pytest

from kap_analysis.errors import FigureError, TableError
from kap_analysis.result_frames import checked_frame, given_frame, is_empty_frame, levels_of

FRAME = pd.DataFrame({"visit": ["month 1", "month 3"], "mean": [1.0, 2.0]}, index=[7, 9])
ASKED = {"name": "means", "caller": "plot_means", "error": FigureError}


def test_a_frame_that_is_complete_comes_back_with_a_plain_index():
    found = checked_frame(FRAME, ["visit"], **ASKED)
    assert list(found.index) == [0, 1]
    assert list(FRAME.index) == [7, 9]
    assert given_frame(FRAME, ["visit"], **ASKED).equals(found)


@pytest.mark.parametrize(
    ("frame", "columns", "said"),
    [
        (None, [], "plot_means expected a DataFrame for means=, found NoneType."),
        ([1], [], "plot_means expected a DataFrame for means=, found list."),
        (FRAME, ["visit", "sd"], "plot_means needs the column sd in means=; found visit, mean."),
        (FRAME, ["n", "sd", "q1"], "plot_means needs the columns n, sd and q1 in means=; found visit, mean."),
        (pd.DataFrame(), ["n"], "plot_means needs the column n in means=; found no columns."),
        (
            FRAME.iloc[:0],
            ["visit"],
            "plot_means has nothing to show: means= has no rows (for a public study they may have been withheld).",
        ),
    ],
)
@pytest.mark.parametrize("error", [FigureError, TableError])
def test_what_is_wrong_is_one_sentence_of_the_error_that_was_asked_for(frame, columns, said, error):
    with pytest.raises(error) as caught:
        checked_frame(frame, columns, **{**ASKED, "error": error})
    assert str(caught.value) == said


def test_a_frame_may_be_empty_where_the_caller_says_so():
    assert checked_frame(FRAME.iloc[:0], ["visit"], **ASKED, may_be_empty=True).empty


def test_a_frame_that_may_be_left_out_is_so_when_it_has_no_rows():
    assert given_frame(None, ["visit"], **ASKED) is None
    assert given_frame(FRAME.iloc[:0], ["visit"], **ASKED) is None
    with pytest.raises(FigureError, match="needs the column sd"):
        given_frame(FRAME, ["sd"], **ASKED)
    assert [is_empty_frame(one) for one in (None, FRAME, FRAME.iloc[:0])] == [False, False, True]


def test_levels_stand_in_the_order_of_their_categories_or_as_they_come():
    values = pd.Series(["b", "a", None, "b"])
    assert levels_of(values) == ["b", "a"]
    assert levels_of(pd.Series(pd.Categorical(values, categories=["a", "b", "c"]))) == ["a", "b"]
