"""Rows of a forest that do not fit on the page give up their columns; rows that fit stay."""

from kap_analysis.figures.marks.forest import ForestRow
from kap_analysis.figures.marks.forest_fit import fitted_rows


def test_rows_that_fit_stay_as_they_are():
    rows = [ForestRow("Month 3", 1.0, 0.0, 2.0, columns=("1.0 (0.0 to 2.0)", "100"))]
    assert fitted_rows(rows, ("Difference (95% CI)", "n"), 183.0) == (rows, ("Difference (95% CI)", "n"))
