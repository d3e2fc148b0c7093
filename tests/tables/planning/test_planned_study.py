"""Tables of a planned study: both ways beside each other, and where each assumption comes from."""

from kap_analysis import tables
from tests.tables.planning_frames import ASSUMPTIONS, PRECISION


def test_both_ways_stand_beside_each_other_with_their_monte_carlo_errors():
    table = tables.table_planned_study(precision=PRECISION)
    assert table.cells["label"].tolist() == ["0.06, formula", "0.06, simulated"]
    assert table.cells["power"].tolist() == ["60.7%", "58.0% (4.9)"]
    assert table.cells["width"].tolist() == ["5.3", "5.3 (0.02)"]
    assert "Simulated: 100 studies" in " ".join(table.notes)
    assert "Simulated" not in " ".join(tables.table_planned_study(precision=PRECISION.iloc[:1]).notes)


def test_assumptions_say_where_they_come_from():
    table = tables.table_planning_assumptions(assumptions=ASSUMPTIONS)
    assert table.cells["source"].tolist() == ["Published: a review", "Assumed"]
