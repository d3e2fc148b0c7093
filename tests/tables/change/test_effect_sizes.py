"""Effect sizes: each with its formula, by visit and instrument."""

import pandas as pd

from kap_analysis import tables
from tests.tables.shown import lines


def test_each_effect_size_has_its_formula(every_table):
    shown = lines(every_table["effect-sizes"], "Month 3")
    assert shown["By baseline SD"] == ("mean change / SD of the baseline scores", "150", "−1.24", "−1.42 to −1.06")
    assert any("cannot be compared" in note for note in every_table["effect-sizes"].notes)


def test_several_instruments_are_grouped_and_n_may_be_unknown(change):
    sizes = change["effect_sizes"].drop(columns="n_patients")
    both = pd.concat([sizes, sizes.assign(instrument="HAM-A")], ignore_index=True)
    table = tables.table_effect_sizes(effect_sizes=both)
    assert [group for group, _ in table.row_groups()] == ["BDI-II, month 3", "HAM-A, month 3"]
    assert "n" not in [found.heading for found in table.layout.columns]
