"""Non-inferiority and equivalence over a range of margins."""

from kap_analysis import tables
from tests.tables.shown import lines


def test_each_margin_has_its_interval_test_and_conclusion(margins):
    table = tables.table_margins(margins=margins.assign(holds=[False, True, False]))
    assert [group for group, _ in table.row_groups()] == ["Non-inferiority", "Equivalence"]
    shown = lines(table, "Non-inferiority")
    assert shown["1.50"] == ("95%", "−1.8 to 4.0", "0.40", "Not shown")
    assert shown["3.00 (stated)"] == ("95%", "−1.8 to 4.0", "0.095", "Shown")
    assert lines(table, "Equivalence")["3.00 (stated)"][0] == "90%"


def test_a_limit_beside_the_margin_shows_its_side(margins):
    frame = margins.assign(ci_low=-1.0, ci_high=3.04)
    shown = lines(tables.table_margins(margins=frame), "Non-inferiority")
    assert shown["1.50"][1] == "−1.0 to 3.0"
    assert shown["3.00 (stated)"][1] == "−1.00 to 3.04"
