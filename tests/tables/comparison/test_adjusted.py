"""Adjusted means and differences, with the ICC in a note."""

import pandas as pd

from kap_analysis import tables
from kap_analysis.analysis.comparison.comparison import STANDARDISED_BY
from tests.tables.shown import column


def test_adjusted_means_and_difference(every_table):
    table = every_table["adjusted-means"]
    assert column(table, "Visit") == ["Month 1", "Month 3 (primary)"]
    assert column(table, "Estimate", "Group − individual") == ["0.7", "1.1"]
    assert column(table, "95%\u00a0interval") == ["−1.8 to 3.1", "−1.8 to 4.0"]
    assert column(table, "p") == ["–", "0.43"]
    assert any("ICC 0.08 (95% interval 0.00 to 0.29)" in note and "24 cohorts of 3.5" in note for note in table.notes)


def test_two_contrasts_at_a_visit_stand_under_each_other(comparison):
    second = comparison["contrasts"].assign(contrast="mixed - individual")
    both = pd.concat([comparison["contrasts"], second], ignore_index=True)
    table = tables.table_adjusted(means=comparison["means"], contrasts=both)
    assert column(table, "Contrast") == ["group − individual", "mixed − individual"] * 2
    assert column(table, "Visit") == ["Month 1", "", "Month 3 (primary)", ""]


def test_what_in_sds_means_is_what_the_analysis_divides_by(every_table):
    assert STANDARDISED_BY == "adjusted difference / SD of the baseline score, pooled over the formats"
    (told,) = [note for note in every_table["adjusted-means"].notes if note.startswith("In SDs")]
    assert told.endswith("the standard deviation (SD) of the baseline score, pooled over the formats.")
