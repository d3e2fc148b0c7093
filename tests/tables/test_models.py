"""Tables about models: what was fitted, slopes, and one difference estimated in several ways."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis import tables
from kap_analysis.analysis.comparison.side_by_side import compare_estimates
from kap_analysis.errors import TableError


def lines(table, group=""):
    return {cells[0]: cells[1:] for cells in dict(table.row_groups())[group]}


def test_slopes_stand_by_phase_with_the_difference_below_the_formats(every_table):
    table = every_table["slopes"]
    assert [group for group, _ in table.row_groups()] == [
        "During dosing (months 0 to 2)",
        "After dosing (from month 2)",
    ]
    assert lines(table, "During dosing (months 0 to 2)") == {
        "Individual": ("107", "−6.85", "−7.65 to −6.06", "0.40", "167.8"),
        "Group": ("72", "−4.45", "−5.62 to −3.27", "0.58", "33.4"),
        "Group − individual": ("179", "2.40", "1.00 to 3.81", "0.70", "69.5"),
    }
    assert any("nothing is tested" in note for note in table.notes)


def test_slopes_of_one_format_say_nothing_of_a_difference(slopes):
    table = tables.table_slopes(slopes=slopes[slopes["format"] == "group"])
    assert len(table.cells) == 2
    assert not any("each format" in note for note in table.notes)
    with pytest.raises(TableError, match="slopes= has no rows"):
        tables.table_slopes(slopes=slopes.iloc[:0])


def test_withheld_slopes_are_named(slopes):
    hidden = slopes.assign(withheld=slopes["format"] == "group")
    hidden["n_patients"] = hidden["n_patients"].astype("float64")
    hidden.loc[hidden["withheld"], ["n_patients", "estimate", "std_error", "df", "ci_low", "ci_high"]] = np.nan
    shown = lines(tables.table_slopes(slopes=hidden), "After dosing (from month 2)")
    assert set(shown["Group"]) == {"withheld"}
    assert shown["Individual"][0] == "107"


def test_estimates_stand_side_by_side_and_a_normal_test_says_so(every_table, compared):
    table = every_table["estimates-compared"]
    assert lines(table) == {
        "kap_analysis": ("3.08", "0.01 to 6.16", "1.55", "81.4", "1.99", "0.049"),
        "statsmodels MixedLM": ("2.97", "0.07 to 5.88", "1.48", "∞", "2.01", "0.045"),
    }
    assert any(note.startswith("df ∞: a normal (z) test") for note in table.notes)
    alone = tables.table_estimates_compared(estimates=compared.iloc[:1])
    assert not any("∞" in note for note in alone.notes)


def test_facts_of_a_model_stand_in_words(every_table):
    shown = {label: text for label, (text,) in lines(every_table["model-facts"]).items()}
    assert shown["Patients"] == "1,179"
    assert shown["Degrees of freedom"] == "Kenward–Roger"
    assert shown["Plan"] == "Drafted from the study's settings"
    assert shown["Margin"] == "None was stated"
    assert shown["Planned as primary"] == "Yes"
    assert every_table["model-facts"].notes == ("ACE score was not recorded for 7 patients.",)


def test_facts_of_a_model_with_a_margin_and_without_what_is_unknown(model_facts):
    model = model_facts["model"].drop(columns=["rung", "why"]).assign(margin=3.0, ddf=None)
    shown = lines(tables.table_model_facts(model=model))
    assert shown["Margin"] == ("3.0 points",)
    assert not {"Model", "Chosen because", "Degrees of freedom"} & set(shown)


def test_withheld_counts_of_a_model_are_named_and_a_lost_margin_is_not_told_as_none(model_facts):
    model = model_facts["model"].assign(n_patients=np.nan, withheld=True)
    shown = lines(tables.table_model_facts(model=model))
    assert shown["Patients"] == ("withheld",)
    assert "Margin" not in shown
    with pytest.raises(TableError, match="model= has no rows"):
        tables.table_model_facts(model=pd.DataFrame(columns=model.columns))


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
