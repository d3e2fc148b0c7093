"""Adverse events by route and severity, and where they were asked about."""

import pandas as pd

from kap_analysis import tables
from tests.tables.shown import rows


def test_adverse_events_say_where_they_were_asked_about(every_table):
    table = every_table["adverse-events"]
    assert rows(table)["Mild, SL"] == ("24", "19", "0.08", "14", "12", "0.07")
    asked = "individual, SL 288/300 (96%); group, SL 194/200 (97%); group, IM 0/230 (0%)."
    assert f"Ketamine sessions at which they were asked about: {asked}" in table.notes


def test_events_stand_by_route_and_mild_before_severe(safety):
    severe = safety["events"].iloc[[2]].assign(severity="severe")
    events = pd.concat([severe, safety["events"].iloc[::-1]], ignore_index=True)
    groups = dict(tables.table_adverse_events(events=events).row_groups())
    assert [row[0] for row in groups["Nausea"]] == ["Mild, SL", "Moderate, SL", "Severe, SL"]
