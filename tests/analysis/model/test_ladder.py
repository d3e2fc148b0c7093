"""The ladder at its boundaries: counts decide, never a score."""

import numpy as np
import pytest

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.ladder import COMPOUND, DESCRIPTIVE, FULL, choose_rungs
from kap_analysis.analysis.model.model_frame import build_model_frame
from kap_analysis.analysis.model.plan import Ladder, Plan
from tests.analysis.trials import as_outcomes, made_up_scores


def first_rung(scores, visit="month 3", ladder=None):
    return choose_rungs(build_model_frame(as_outcomes(scores), ()), visit, ladder or Ladder())[0]


def without(scores, arm, visit, keep):
    """The scores with only the first `keep` patients of an arm left at a visit."""
    at = (scores["format"] == arm) & (scores["visit"] == visit)
    lost = scores.loc[at, "patient_id"].iloc[keep:]
    return scores[~(at & scores["patient_id"].isin(lost))]


@pytest.mark.parametrize(("n", "rung"), [(25, FULL), (24, COMPOUND), (10, COMPOUND), (9, DESCRIPTIVE)])
@pytest.mark.parametrize("arm", ["individual", "group"])
def test_patients_at_the_primary_visit(arm, n, rung):
    assert first_rung(without(made_up_scores(), arm, "month 3", n)).name == rung


@pytest.mark.parametrize(("cohorts", "rung"), [(5, FULL), (4, DESCRIPTIVE)])
def test_cohorts_with_two_or_more_patients(cohorts, rung):
    assert first_rung(made_up_scores(cohorts=cohorts, size=8)).name == rung


def test_a_cohort_of_one_patient_does_not_count():
    scores = made_up_scores(cohorts=30, size=1)
    rung = first_rung(scores)
    assert rung.name == DESCRIPTIVE and rung.why == "fewer than 5 cohorts with two or more patients"
    assert "cohort_id" not in rung.formula


@pytest.mark.parametrize(("both", "rung"), [(10, FULL), (9, COMPOUND)])
def test_each_pair_of_visits(both, rung):
    scores = made_up_scores()
    group = scores.loc[scores["format"] == "group", "patient_id"].unique()
    first, third = group[: both + 10], group[10:]  # at month 1 and at month 2: `both` patients have both
    kept = ~scores["patient_id"].isin(group) | ~scores["visit"].isin(["month 1", "month 2"])
    kept |= (scores["visit"] == "month 1") & scores["patient_id"].isin(first)
    kept |= (scores["visit"] == "month 2") & scores["patient_id"].isin(third)
    found = first_rung(scores[kept])
    assert found.name == rung
    if rung == COMPOUND:
        assert found.why == "fewer than 10 patients in group format with both month 1 and month 2"


def test_the_plans_own_numbers_decide():
    scores = made_up_scores()
    assert first_rung(scores, ladder=Ladder(full_patients=30)).name == FULL
    assert first_rung(scores, ladder=Ladder(full_patients=31)).name == COMPOUND
    assert first_rung(scores, ladder=Ladder(cohorts=11)).name == DESCRIPTIVE


def test_scores_never_decide():
    scores = made_up_scores()
    other = scores.assign(score=np.where(scores["visit"] == "baseline", scores["score"], scores["score"] * 0.3))
    assert first_rung(scores) == first_rung(other)


def test_the_formulas_of_the_rungs():
    model = build_model_frame(as_outcomes(made_up_scores()), ("age",))
    full, compound, descriptive, *simpler = choose_rungs(model, "month 3", Ladder())
    fixed = "score ~ visit*(format + baseline) + practice + age"
    assert full.formula == f"{fixed} + (0 + is_group | cohort_id) + us(visit | format/patient_id)"
    assert full.residual_by is None and compound.residual_by == "format"
    assert compound.formula.endswith(
        "(0 + is_group | cohort_id) + (0 + is_group | patient_id) + (0 + is_individual | patient_id)"
    )
    assert "age" not in descriptive.formula and "practice" not in descriptive.formula
    assert [rung.name for rung in simpler] == [DESCRIPTIVE, DESCRIPTIVE]
    assert all("cohort_id" not in rung.formula for rung in simpler)


def test_mixed_format_is_a_third_arm_by_membership_of_a_cohort():
    scores = made_up_scores()
    some = scores["patient_id"].isin(scores["patient_id"].unique()[::4])
    model = build_model_frame(as_outcomes(scores.assign(format=scores["format"].mask(some, "mixed"))), ())
    rung = choose_rungs(model, "month 3", Ladder(full_patients=5, full_pairs=5))[0]
    assert rung.name == FULL
    assert rung.formula.endswith("(0 + in_cohort | cohort_id) + us(visit | nesting/patient_id)")
    result = compare_formats(as_outcomes(scores.assign(format=scores["format"].mask(some, "mixed"))), visit="month 3")
    assert result.contrasts["contrast"].unique().tolist() == ["group - individual", "mixed - individual"]
    assert "Mixed minus individual format: " in result.paragraph and "not tested." in result.paragraph
    assert result.contrasts.query("contrast == 'mixed - individual'")["p_value"].isna().all()


def test_the_first_line_says_that_it_is_descriptive_and_why():
    result = compare_formats(as_outcomes(made_up_scores(cohorts=4)), visit="month 3")
    assert str(result).startswith("Descriptive only: fewer than 5 cohorts with two or more patients. ")
    assert result.contrasts["p_value"].isna().all() and " p = " not in result.answer
    assert ", after adjustment for the baseline score: " in result.answer


def test_a_descriptive_comparison_says_nothing_of_covariates_that_it_does_not_have():
    scores = made_up_scores(cohorts=4)
    holes = scores.assign(age=scores["age"].where(scores["patient_id"] > "P005"))
    plan = Plan("BDI-II", "month 3", covariates=("age",))
    notes = compare_formats(as_outcomes(holes), visit="month 3", plan=plan).notes["note"].tolist()
    assert notes == ["The descriptive model has no covariates but the baseline score."]
    more = made_up_scores()
    holes = more.assign(age=more["age"].where(more["patient_id"] > "P005"))
    notes = compare_formats(as_outcomes(holes), visit="month 3", plan=plan).notes["note"].tolist()
    assert any(note.startswith("Age was not recorded for ") for note in notes)


def test_data_that_do_not_support_a_model_step_down_and_say_so():
    scores = made_up_scores()
    scores.loc[(scores["format"] == "individual") & (scores["visit"] == "month 2"), "score"] = 20.0
    result = compare_formats(as_outcomes(scores), visit="month 3", plan=Plan("BDI-II", "month 3", covariates=()))
    assert result.model["rung"].iloc[0] in (COMPOUND, DESCRIPTIVE)
    assert "but the data do not support the full" in result.model["why"].iloc[0]
    assert any(note.startswith("The full model was left: ") for note in result.notes["note"])
