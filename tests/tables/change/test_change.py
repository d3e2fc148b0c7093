"""Estimated change: an interval needs degrees of freedom."""

from kap_analysis import tables
from tests.tables.shown import rows


def test_change_stands_beside_the_mean_of_its_visit(every_table):
    shown = rows(every_table["change"])
    assert shown["Month 3"] == (
        "150",
        "16.0 (14.4 to 17.6)",
        "−11.3",
        "−12.7 to −9.9",
        "0.71",
        "141.7",
        "<\N{NO-BREAK SPACE}0.001",
    )
    assert "Published, for context: BDI-II, mean change −11.24: Dore et al. 2019." in every_table["change"].notes


def test_an_interval_on_less_than_one_degree_of_freedom_is_not_shown(change):
    few = change["change"].assign(df=[160.1, 0.9])
    means = change["means"].assign(df=[150.0, 140.0, 0.8])
    table = tables.table_change(means=means, change=few)
    assert rows(table)["Month 3"] == ("150", "16.0 (–)", "−11.3", "–", "0.71", "0.9", "–")
    assert rows(table)["Month 1"][3] == "−8.5 to −6.3"
    assert "An interval or p that rests on less than one degree of freedom is not shown." in table.notes
    assert table.raw["ci_low"].tolist()[-1] == change["change"]["ci_low"].tolist()[-1]
    assert "degree of freedom" not in " ".join(tables.table_change(means=means[:2], change=few[:1]).notes)
