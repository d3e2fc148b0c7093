"""Completeness: shares of those due."""

from kap_analysis import tables
from tests.tables.shown import column


def test_completeness_shares_are_of_those_due(every_table, completeness):
    table = every_table["completeness"]
    assert column(table, "Done", "Group") == ["60 (67%)", "45 (50%)"]
    whole = tables.table_completeness(completeness=completeness, practices=True)
    assert [group for group, _ in whole.row_groups()] == ["All practices", "Practice A", "Practice B"]
