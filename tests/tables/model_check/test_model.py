"""A fitted model: its parts, and whether it converged."""

from kap_analysis import tables


def test_model_keeps_its_parts_apart(every_table):
    table = every_table["model"]
    shown = dict(table.row_groups())
    assert list(shown) == ["Fixed part", "Random part (SDs, correlations)", "Residual", "The fit"]
    assert shown["Fixed part"][3][0] == "Visit month 3 × format group"
    assert shown["Random part (SDs, correlations)"][0][:2] == ("Cohort: SD of group format", "2.60")
    assert shown["Random part (SDs, correlations)"][2][:2] == ("Patient: correlation of intercept with month", "−0.20")
    assert shown["Residual"][1][:2] == ("SD, group", "4.90")
    assert ("R², marginal (fixed part)", "0.31") in [row[:2] for row in shown["The fit"]]
    assert "Degrees of freedom: Kenward–Roger." in table.notes


def test_model_says_when_it_did_not_converge(fitted):
    about = fitted["about"] | {"converged": False, "ddf": "normal"}
    table = tables.table_model(coefficients=fitted["coefficients"], about=about)
    assert "The fit did not converge: its numbers are not to be used." in table.notes
    assert [found.heading for found in table.layout.columns][5] == "z"
