"""Intercurrent events by format, and what is withheld of them."""

import numpy as np

from kap_analysis import tables
from tests.tables.shown import rows


def test_shares_are_of_the_patients_of_the_format(every_table):
    assert rows(every_table["intercurrent-events"])["Switched format"] == ("12/138 (9%)", "14/90 (16%)")


def test_withheld_cells_are_named_and_explained(comparison, counts):
    events = counts["intercurrent"].astype({"n_patients": "float64"})
    events.loc[1, "n_patients"] = np.nan
    table = tables.table_intercurrent_events(events=events.assign(withheld=[False, True, False, False]))
    assert rows(table)["Switched format"] == ("12/138 (9%)", "withheld")
    assert table.notes[-1].startswith("withheld: not shown, because too few patients")
    plain = tables.table_intercurrent_events(events=events)
    assert rows(plain)["Switched format"] == ("12/138 (9%)", "–")
    assert plain.notes[-1] == "–: not recorded for this format."
