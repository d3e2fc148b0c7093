"""Diagnostics: which patients and cohorts are left out in turn."""

import pytest

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model_check.diagnostics import diagnose_model
from tests.analysis.trials import as_outcomes, balanced_layout, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())


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
    assert "points by leaving out one cohort." in found.paragraph


def test_patients_of_no_recorded_cohort_are_no_cohorts_when_cohorts_are_left_out():
    scores = made_up_scores()
    lost = scores["cohort_id"].dropna().iloc[0]
    lone = scores.assign(cohort_id=scores["cohort_id"].where(scores["cohort_id"] != lost))
    influence = diagnose_model(compare_formats(as_outcomes(lone), plan=PLAN)).influence
    assert set(influence.loc[influence["unit"] == "cohort", "label"]) == set(lone["cohort_id"].dropna())


def test_with_one_visit_each_row_is_a_patient():
    influence = diagnose_model(
        compare_formats(as_outcomes(balanced_layout(2.0), visits=("month 3",)), plan=PLAN)
    ).influence
    assert (influence["unit"] == "patient").sum() == 96
    assert influence.loc[influence["unit"] == "patient", "label"].str.startswith("P").all()
