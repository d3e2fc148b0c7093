"""The flow of participants as a table: shares of those in the study."""

from kap_analysis import tables
from tests.tables.shown import column


def test_flow_shares_are_of_those_in_the_study(every_table):
    table = every_table["flow"]
    assert column(table, "Group")[:5] == ["95 (100%)", "90 (95%)", "86 (91%)", "72 (76%)", "54 (57%)"]
    assert [group for group, _ in table.row_groups()] == ["All practices", "Practice A & B"]
    assert "Assessed at month 3: no BDI-II in the window of month 3." in table.notes[1]


def test_flow_of_all_practices_only(flow_steps):
    table = tables.table_flow(steps=flow_steps, practices=False)
    assert len(table.cells) == 5
    assert table.layout.groups == ""
