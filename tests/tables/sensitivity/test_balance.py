"""Balance before and after weighting."""

from kap_analysis import tables
from tests.tables.shown import rows


def test_each_weighting_has_its_difference_and_the_effective_sizes_are_noted(every_table):
    table = every_table["balance"]
    assert rows(table) == {"Baseline score": ("−0.38", "−0.04", "0.00"), "Sex: female": ("0.11", "0.01", "0.00")}
    assert "Inverse probability, effective sample size: individual 121.4 of 134; group 60.2 of 86." in table.notes


def test_characteristics_stand_in_words(balance):
    named = balance["balance"].assign(characteristic="ace_score", level="").drop_duplicates("weighting")
    assert list(tables.table_balance(balance=named).cells["label"].unique()) == ["ACE score"]
