"""One difference estimated in several ways."""

import numpy as np

from kap_analysis import tables
from kap_analysis.analysis.comparison.statsmodels_check import compare_estimates
from tests.tables.shown import lines


def test_estimates_stand_side_by_side_and_a_normal_test_says_so(every_table, compared):
    table = every_table["estimates-compared"]
    assert lines(table) == {
        "kap_analysis": ("3.08", "0.01 to 6.16", "1.55", "81.4", "1.99", "0.049"),
        "statsmodels MixedLM": ("2.97", "0.07 to 5.88", "1.48", "∞", "2.01", "0.045"),
    }
    assert any(note.startswith("df ∞: a normal (z) test") for note in table.notes)
    alone = tables.table_estimates_compared(estimates=compared.iloc[:1])
    assert not any("∞" in note for note in alone.notes)


def test_a_comparison_that_the_gate_withheld_reads_withheld_side_by_side(compared):
    class Answer:
        def __init__(self, contrasts):
            self.contrasts = contrasts

    rows = compared.drop(columns="by").assign(visit="month 3")
    hidden = rows.iloc[[1]].assign(withheld=True, estimate=np.nan, std_error=np.nan, df=np.nan, statistic=np.nan)
    hidden = hidden.assign(p_value=np.nan, ci_low=np.nan, ci_high=np.nan)
    beside = compare_estimates({"one": Answer(rows.iloc[[0]]), "other": Answer(hidden)}, "month 3")
    shown = lines(tables.table_estimates_compared(estimates=beside))
    assert shown["one"][0] == "3.08"
    assert set(shown["other"]) == {"withheld"}
