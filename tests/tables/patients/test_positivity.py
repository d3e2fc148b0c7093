"""Patients of each format by practice."""

from tests.tables.shown import rows


def test_each_practice_has_the_share_of_both_formats(every_table):
    assert rows(every_table["positivity"])["Practice A"] == ("80/100 (80%)", "20/100 (20%)")
    assert rows(every_table["positivity"])["Practice B"] == ("58/58 (100%)", "0/58 (0%)")
