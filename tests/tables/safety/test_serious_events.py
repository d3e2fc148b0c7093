"""Serious events, one by one."""

from kap_analysis import tables
from tests.tables.shown import rows


def test_each_event_stands_in_words_and_what_was_not_recorded_is_a_dash(every_table):
    table = every_table["serious-events"]
    shown = rows(table)["P014"]
    assert "Psychiatric admission" in shown
    assert "–" in shown
    assert table.notes[-1] == "–: not recorded."


def test_an_empty_list_is_an_answer(safety):
    assert list(rows(tables.table_serious_events(serious=safety["serious"].iloc[:0]))) == [
        "No serious event is recorded. That says nothing of patients who were not asked."
    ]
