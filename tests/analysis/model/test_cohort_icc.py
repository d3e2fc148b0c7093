"""Likeness within cohorts: a balanced one-way layout has a closed form; the interval is the profile's."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.comparison.cohort_effects import list_cohort_effects
from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.cohort_icc import cohort_variance_name, group_variance
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model_check.diagnostics import diagnose_model
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())


def alike(spread: float, cohorts: int = 12, size: int = 4) -> pd.DataFrame:
    """One visit; the group arm is a balanced one-way layout whose scores do not follow the baseline at all."""
    rng = np.random.default_rng(5)
    scores = made_up_scores(cohorts=cohorts, size=size, individual=48, visits=("month 3",)).assign(practice="A")
    at = (scores["visit"] == "month 3") & (scores["format"] == "group")
    pull = spread * rng.standard_normal(cohorts)
    scores.loc[at, "score"] = 20 + np.repeat(pull, size) + 3 * rng.standard_normal(cohorts * size)
    scores.loc[scores["visit"] == "baseline", "score"] = np.tile([24.0, 30.0], len(scores) // 4)
    return scores


def fitted(spread: float):
    return compare_formats(as_outcomes(alike(spread), visits=("month 3",)), plan=PLAN)


def test_a_balanced_layout_gives_the_analysis_of_variance():
    scores = alike(3.0)
    result = compare_formats(as_outcomes(scores, visits=("month 3",)), plan=PLAN)
    at = scores[(scores["visit"] == "month 3") & (scores["format"] == "group")]
    groups = at.groupby("cohort_id")["score"]
    within = groups.var().mean()
    between = 4 * groups.mean().var()
    icc = (between - within) / (between + 3 * within)
    row = result.icc.iloc[0]
    assert row["estimate"] == pytest.approx(icc, abs=0.03)  # the baseline is estimated beside it
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    assert row["design_effect"] == pytest.approx(1 + 3 * row["estimate"])
    assert (row["n_cohorts"], row["mean_cohort_size"]) == (12, 4)


def test_the_interval_is_the_profile_of_the_engine():
    result = fitted(3.0)
    name = cohort_variance_name(result.fit)
    within = "residual[group]"
    profiled = result.fit.profile({"icc": lambda t: t[name] / (t[name] + t[within])}).iloc[0]
    row = result.icc.iloc[0]
    assert row["ci_low"] == pytest.approx(profiled["ci_low"], abs=0.02)
    assert row["ci_high"] == pytest.approx(profiled["ci_high"], abs=0.02)
    assert group_variance(result.fit, "month 3") == pytest.approx(result.fit.theta[within])


def test_where_cohorts_are_not_alike_the_interval_begins_at_zero_and_is_printed():
    result = fitted(0.0)
    row = result.icc.iloc[0]
    assert row["ci_low"] == 0.0 and row["ci_high"] > row["estimate"]
    assert f"cohorts is {row['estimate']:.2f} (95% interval 0.00 to {row['ci_high']:.2f};" in result.paragraph


def test_cohort_effects_are_drawn_towards_zero_and_add_up_to_nothing():
    result = fitted(3.0)
    effects = list_cohort_effects(result).effects
    scores = alike(3.0)
    at = scores[(scores["visit"] == "month 3") & (scores["format"] == "group")]
    raw = at.groupby("cohort_id")["score"].mean() - at["score"].mean()
    shrunk = effects.set_index("cohort_id")["estimate"]
    assert (shrunk.abs() < raw.loc[shrunk.index].abs() + 0.3).all() and np.corrcoef(shrunk, raw.loc[shrunk.index])[
        0, 1
    ] > 0.95
    assert (effects["n_patients"] == 4).all() and shrunk.sum() == pytest.approx(0.0, abs=0.5)


def test_effects_need_a_cohort_in_the_model():
    lone = compare_formats(as_outcomes(made_up_scores().assign(cohort_id=None)), visit="month 3")
    with pytest.raises(AnalysisError, match="no random effect of the cohort"):
        list_cohort_effects(lone)


def test_diagnostics_leave_out_each_patient_and_cohort():
    result = compare_formats(as_outcomes(made_up_scores()), plan=PLAN)
    found = diagnose_model(result)
    counts = found.influence["unit"].value_counts()
    assert counts["patient"] == 60 and counts["cohort"] == 10
    assert len(found.residuals) == 180 and found.residuals["normalised"].std() == pytest.approx(1, abs=0.15)
    left = found.influence[found.influence["unit"] == "cohort"].sort_values("change", key=abs).iloc[-1]
    without = made_up_scores().query("cohort_id != @left.label")
    again = compare_formats(as_outcomes(without), plan=PLAN)
    assert again.primary["estimate"] - result.primary["estimate"] == pytest.approx(left["change"], abs=0.35)
    assert "Leaving out one cohort changes the difference at month 3 by at most" in found.paragraph


def test_patients_of_no_recorded_cohort_are_no_cohorts_when_cohorts_are_left_out():
    scores = made_up_scores()
    lost = scores["cohort_id"].dropna().iloc[0]
    lone = scores.assign(cohort_id=scores["cohort_id"].where(scores["cohort_id"] != lost))
    influence = diagnose_model(compare_formats(as_outcomes(lone), plan=PLAN)).influence
    assert set(influence.loc[influence["unit"] == "cohort", "label"]) == set(lone["cohort_id"].dropna())


def test_with_one_visit_each_row_is_a_patient():
    influence = diagnose_model(fitted(2.0)).influence
    assert (influence["unit"] == "patient").sum() == 96
    assert influence.loc[influence["unit"] == "patient", "label"].str.startswith("P").all()
