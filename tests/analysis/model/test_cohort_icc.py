"""Likeness within cohorts: a balanced one-way layout has a closed form; the interval is the profile's."""

import pytest

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.cohort_icc import cohort_variance_name, group_variance
from kap_analysis.analysis.model.plan import Plan
from tests.analysis.trials import as_outcomes, balanced_layout

PLAN = Plan("BDI-II", "month 3", covariates=())


def test_a_balanced_layout_gives_the_analysis_of_variance():
    scores = balanced_layout(3.0)
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
    result = compare_formats(as_outcomes(balanced_layout(3.0), visits=("month 3",)), plan=PLAN)
    name = cohort_variance_name(result.fit)
    within = "residual[group]"
    profiled = result.fit.profile({"icc": lambda t: t[name] / (t[name] + t[within])}).iloc[0]
    row = result.icc.iloc[0]
    assert row["ci_low"] == pytest.approx(profiled["ci_low"], abs=0.02)
    assert row["ci_high"] == pytest.approx(profiled["ci_high"], abs=0.02)
    assert group_variance(result.fit, "month 3") == pytest.approx(result.fit.theta[within])


def test_where_cohorts_are_not_alike_the_interval_begins_at_zero_and_is_printed():
    result = compare_formats(as_outcomes(balanced_layout(0.0), visits=("month 3",)), plan=PLAN)
    row = result.icc.iloc[0]
    assert row["ci_low"] == 0.0 and row["ci_high"] > row["estimate"]
    assert f"analysed patients is {row['estimate']:.2f} (95% interval 0.00 to {row['ci_high']:.2f};" in result.paragraph
