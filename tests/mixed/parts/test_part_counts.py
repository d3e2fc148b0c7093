"""What is counted of a part, and that counts add up."""

from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.parts.part_counts import MIXED, count_part, group_hashes
from kap_analysis.mixed.parts.parts_of_data import FramePart
from kap_analysis.mixed.parts.wanted import Wanted
from tests.mixed.parts.written import cut
from tests.mixed.summed import made_up

WANTED = Wanted(read_formula("score ~ visit + base + (1 + month | patient)"), None, None)


def test_counts_of_parts_add_up_to_those_of_all_rows():
    frame = made_up()
    frame.loc[::9, "base"] = np.nan
    whole = count_part(FramePart(frame), WANTED)
    added = reduce(add, [count_part(FramePart(one), WANTED) for one in cut(frame, every=30)])
    assert (added.n_used, added.n_left_out, added.missing) == (whole.n_used, whole.n_left_out, whole.missing)
    assert added.columns["visit"].levels == {"v0", "v1", "v2"}
    assert added.columns["base"].total == pytest.approx(frame["base"].sum())
    assert added.squares == pytest.approx(whole.squares)
    parts = cut(frame, every=30)
    assert [one[0].n for one in added.spans] == [one.dropna()["patient"].nunique() for one in parts]


def test_a_column_of_words_here_and_numbers_there_is_mixed_and_missing_values_fit_both():
    frame = made_up()
    words = count_part(FramePart(frame), WANTED)
    numbers = count_part(FramePart(frame.assign(patient=1)), WANTED)
    nothing = count_part(FramePart(frame.assign(patient=None)), WANTED)
    assert (words + numbers).columns["patient"].kind == MIXED
    assert (words + nothing).columns["patient"].kind == (nothing + words).columns["patient"].kind == "words"


def test_a_group_has_one_number_in_every_type_of_column():
    ids = [3, 10, 3, 7]
    kinds = ["int64", "Int64", "float64", "str"]
    found = [group_hashes(Columns(pd.DataFrame({"id": pd.Series(ids).astype(kind)})), ("id",))[0] for kind in kinds]
    assert all(np.array_equal(found[0], other) for other in found[1:])
    assert len(set(found[0])) == 3
