"""Rows of a forest that do not fit on the page give up their columns; rows that fit stay."""

from kap_analysis.figures.marks.forest import ForestRow
from kap_analysis.figures.marks.forest_fit import fitted_rows


def test_rows_that_fit_stay_as_they_are():
    rows = [ForestRow("Month 3", 1.0, 0.0, 2.0, columns=("1.0 (0.0 to 2.0)", "100"))]
    assert fitted_rows(rows, ("Difference (95% interval)", "n"), 183.0) == (rows, ("Difference (95% interval)", "n"))


def test_under_a_label_an_estimate_stays_beside_its_interval():
    rows = [ForestRow("Month 3", 3.2, 0.1, 6.2, columns=("3.2 (0.1 to 6.2)", "118", "0.044"), indent=True)]
    (row,), headers = fitted_rows(rows, ("Points (95% interval)", "n scored", "p"), 80.0)
    assert row.small == ("3.2 (0.1 to 6.2), n scored = 118", "p = 0.044")
    assert headers == ()
