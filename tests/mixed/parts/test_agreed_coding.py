"""The levels of every factor and their order, agreed over all parts."""

import warnings
from functools import reduce
from operator import add

import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning
from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.parts.agreed_coding import agree
from kap_analysis.mixed.parts.part_counts import count_part
from kap_analysis.mixed.parts.parts_of_data import FramePart
from kap_analysis.mixed.parts.wanted import Wanted
from tests.mixed.summed import made_up

WANTED = Wanted(read_formula("score ~ visit + base + (1 | patient)"), None, None)


def agreed(*columns):
    """The levels of `visit` from parts that hold these columns of it."""
    frames = [made_up().iloc[: len(column)].assign(visit=column) for column in columns]
    with warnings.catch_warnings():
        warnings.simplefilter("error", MixedModelWarning)
        return agree(WANTED, reduce(add, [count_part(FramePart(one), WANTED) for one in frames])).levels["visit"]


def test_words_are_sorted_over_all_parts():
    assert agreed(["c", "a"], ["b", "a"]) == ("a", "b", "c")


def test_categories_keep_their_order_where_one_list_holds_the_others():
    longest = pd.Categorical(["c", "b", "a"], ["c", "a", "b"])
    assert agreed(pd.Categorical(["b", "a"], ["a", "b"]), longest) == ("c", "a", "b")


def test_categories_in_contradicting_orders_are_sorted_and_ordered_ones_are_refused():
    one, other = (["a", "b"], ["b", "a"])
    assert agreed(pd.Categorical(one, one), pd.Categorical(one, other)) == ("a", "b")
    with pytest.raises(MixedModelError, match="ordered categories of visit differ between parts"):
        agreed(pd.Categorical(one, one, ordered=True), pd.Categorical(one, other, ordered=True))


def test_a_level_that_no_used_row_has_is_left_out_with_a_warning():
    with pytest.raises(MixedModelWarning, match="level 'x' of visit is never observed"):
        agreed(pd.Categorical(["a", "b"], ["a", "b", "x"]))


def test_the_design_without_rows_has_the_columns_of_all_levels():
    coding = agree(WANTED, count_part(FramePart(made_up()), WANTED))
    empty = coding.empty_design()
    assert empty.fixed.names == ("Intercept", "visit[T.v1]", "visit[T.v2]", "base")
    assert empty.x.shape == (0, 4)
