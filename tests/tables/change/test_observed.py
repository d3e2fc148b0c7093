"""Observed scores: n beside every mean."""

import pandas as pd

from kap_analysis import tables
from tests.tables.shown import column


def test_observed_scores_have_n_beside_every_mean(every_table):
    table = every_table["observed-scores"]
    assert column(table, "n", "All") == ["220", "171", "150"]
    assert column(table, "Mean (SD)", "Group") == ["25.1 (9.1)", "17.8 (9.1)", "13.9 (9.1)"]
    assert column(table, "Visit") == ["Baseline", "Month 1", "Month 3"]


def test_observed_scores_of_two_instruments_are_grouped(observed_means):
    both = pd.concat([observed_means, observed_means.assign(instrument="HAM-A")], ignore_index=True)
    table = tables.table_observed_scores(means=both)
    assert [group for group, _ in table.row_groups()] == ["BDI-II", "HAM-A"]
