"""Sensitivity analyses: what each assumes."""

from tests.tables.shown import column, rows


def test_sensitivity_says_what_each_analysis_assumes(every_table):
    table = every_table["sensitivity"]
    assert rows(table)["Multiple imputation"][1:4] == ("–", "–", "–")
    assert "Multiple imputation: too few cohorts to impute." in table.notes
    assert all(text[0].isupper() for text in column(table, "Assumes"))
