"""Classes of change compared between the formats: without missing scores by hand, with them, and what is refused."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.clinical_comparison import compare_clinical_change
from kap_analysis.analysis.clinical_change.significant_change import clinical_change
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.errors import AnalysisError, InstrumentError
from tests.analysis.trials import as_outcomes, btheb, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())
EVENTS = ["reliably better and below the cut-off", "reliably better", "reliably worse", "response (50% or more)"]


@pytest.fixture(scope="module")
def complete():
    scores = made_up_scores(individual=60, cohorts=20, effect=5.0)
    return as_outcomes(scores), compare_clinical_change(as_outcomes(scores), plan=PLAN, n_imputations=2)


@pytest.fixture(scope="module")
def lossy():
    scores = made_up_scores(individual=60, cohorts=20, effect=5.0)
    late = scores["visit"] == "month 3"
    lost = late & (scores["patient_id"].str[1:].astype(int) % 4 == 0)
    return compare_clinical_change(
        as_outcomes(scores.assign(score=scores["score"].mask(lost))), plan=PLAN, n_imputations=12
    )


def test_every_event_is_compared_for_better_and_for_worse(complete):
    _, result = complete
    assert list(dict.fromkeys(result.contrasts["event"])) == EVENTS
    assert dict(zip(result.contrasts["event"], result.contrasts["side"], strict=True))["reliably worse"] == "worse"
    assert result.contrasts.groupby("event")["measure"].apply(list).map(tuple).unique().tolist() == [
        ("risk difference", "risk ratio")
    ]


def test_without_missing_scores_the_counts_are_those_of_clinical_change(complete):
    outcomes, result = complete
    shares = clinical_change(outcomes, "month 3").shares.set_index(["format", "class"])["n"]
    seen = result.observed.set_index(["event", "format"])["n"]
    for name in ("individual", "group"):
        assert seen[EVENTS[0], name] == shares[name, "recovered"]
        assert seen["reliably better", name] == shares[name, "recovered"] + shares[name, "improved"]
        assert seen["reliably worse", name] == shares[name, "deteriorated"]
    assert result.contrasts["missing_information"].dropna().abs().max() == pytest.approx(0, abs=1e-12)


def test_df_come_from_the_cohorts(complete, lossy):
    _, result = complete
    assert result.about["n_clusters"].item() == 20
    df = result.contrasts["df"].dropna()
    assert df.to_numpy() == pytest.approx(20 / 22 * 19)  # Barnard and Rubin's, of 19 df and nothing missing
    assert (lossy.contrasts["df"].dropna() < df.iloc[0]).all()


def test_standardised_difference_of_risks_is_consistent(complete):
    _, result = complete
    risks = result.risks.set_index(["event", "format"])["risk"]
    contrasts = result.contrasts.set_index(["event", "measure"])["estimate"]
    event = "reliably better"
    group, individual = risks[event, "group"], risks[event, "individual"]
    assert contrasts[event, "risk difference"] == pytest.approx(group - individual)
    assert contrasts[event, "risk ratio"] == pytest.approx(group / individual)
    assert group < individual  # five points worse in groups


def test_needed_only_with_both_limits_on_one_side(complete):
    _, result = complete
    differences = result.contrasts[result.contrasts["measure"] == "risk difference"].set_index("event")
    lawful = differences[(differences["ci_low"] > 0) | (differences["ci_high"] < 0)]
    assert set(result.needed["event"]) == set(lawful.index) and len(lawful)
    first = result.needed.iloc[0]
    row = differences.loc[first["event"]]
    assert first["estimate"] == pytest.approx(1 / abs(row["estimate"]))
    assert (first["ci_low"], first["ci_high"]) == pytest.approx((1 / abs(row["ci_low"]), 1 / abs(row["ci_high"])))
    assert first["meaning"].endswith("against groups")


def test_without_a_difference_nothing_is_needed():
    scores = made_up_scores(individual=60, cohorts=20, effect=0.0, seed=5)
    result = compare_clinical_change(as_outcomes(scores), plan=PLAN, n_imputations=2)
    intervals = result.contrasts[result.contrasts["measure"] == "risk difference"]
    open_ones = intervals[(intervals["ci_low"] <= 0) & (intervals["ci_high"] >= 0)]
    assert len(open_ones) and not set(open_ones["event"]) & set(result.needed["event"])


def test_missing_scores_widen_the_interval(complete, lossy):
    _, whole = complete
    for result in (whole, lossy):
        assert len(result.paragraph) > 400
    error = [r.contrasts.set_index(["event", "measure"])["std_error"]["reliably better", "risk difference"]
             for r in (whole, lossy)]  # fmt: skip
    assert error[1] > error[0]
    assert lossy.contrasts["missing_information"].max() > 0.01
    assert lossy.observed["n_not_assessed"].min() > 0


def test_rare_worsening_is_told_with_its_counts_and_without_an_interval(complete):
    _, result = complete
    worse = result.contrasts[result.contrasts["event"] == "reliably worse"]
    assert worse["ci_low"].isna().all() and worse["note"].str.startswith("too few for an interval").all()
    assert "Reliably worse: " in result.paragraph
    assert "in group format (95% interval 0% to" in result.paragraph


def test_fewer_cohorts_than_the_plan_needs_are_described():
    scores = made_up_scores(individual=30, cohorts=4, size=8)
    result = compare_clinical_change(as_outcomes(scores), plan=PLAN, n_imputations=2)
    assert result.contrasts["ci_low"].isna().all()
    told = "Descriptive only: fewer than 5 cohorts with two or more patients. The risks are described, not compared."
    assert told in result.paragraph


def test_a_real_trial_runs_unchanged():
    result = compare_clinical_change(btheb(), n_imputations=5)
    assert result.about["n_clusters"].item() == 52  # no cohorts: each patient of the second arm counts alone
    assert result.about["n_started"].item() == 100
    assert result.contrasts["estimate"].notna().sum() == 7  # the ratio of the rare worsening says nothing


def test_a_public_study_withholds_rows_of_few_patients():
    scores = made_up_scores()
    result = compare_clinical_change(as_outcomes(scores, visibility="public"), plan=PLAN, n_imputations=2)
    private = compare_clinical_change(as_outcomes(scores), plan=PLAN, n_imputations=2)
    few = private.risks["n_with_event"].between(0, 11, inclusive="neither").to_numpy()
    assert few.any()
    assert result.risks.loc[few, "risk"].isna().all()
    assert len(result.withheld)


def test_what_clinical_change_withholds_cannot_be_worked_out_from_the_comparison():
    scores = made_up_scores()
    public = as_outcomes(scores, visibility="public")
    result = compare_clinical_change(public, plan=PLAN, n_imputations=2)
    classes = clinical_change(public, PLAN.visit)
    assert classes.shares["n"].isna().any()
    assert result.observed["n"].isna().all() and result.observed["share_of_assessed"].isna().all()
    assert result.risks["n_with_event"].isna().all() and result.contrasts["n_fewest"].isna().all()
    assert set(result.withheld["frame"]) >= {"observed", "risks", "contrasts"}
    assert "of those assessed" not in result.paragraph


@pytest.mark.slow
def test_a_public_study_counts_classes_in_clinical_change_alone():
    scores = pd.concat(
        [made_up_scores(individual=60, cohorts=10).assign(patient_id=lambda d, k=k: d["patient_id"] + f"_{k}")
         for k in range(12)], ignore_index=True)  # fmt: skip
    scores["cohort_id"] = scores["cohort_id"].where(
        scores["cohort_id"].isna(), scores["cohort_id"].astype("str") + scores["patient_id"].str[-3:]
    )
    outcomes = dataclasses.replace(as_outcomes(scores, visibility="public"), primary_visit=PLAN.visit)
    assert clinical_change(outcomes, PLAN.visit).shares["n"].notna().any()
    assert clinical_change(outcomes, PLAN.visit, method="Edwards-Nunnally").shares["n"].isna().all()
    public = compare_clinical_change(outcomes, plan=PLAN, n_imputations=2)
    assert public.observed.empty or public.observed["n"].isna().all()
    assert public.contrasts["estimate"].notna().any()


def test_what_cannot_be_compared_is_refused():
    scores = made_up_scores()
    with pytest.raises(AnalysisError) as error:
        compare_clinical_change(as_outcomes(scores[scores["format"] == "group"]), plan=PLAN)
    assert str(error.value).startswith("Only one format has patients")
    with pytest.raises(AnalysisError) as error:
        compare_clinical_change(as_outcomes(scores), "month 9")
    assert str(error.value) == "There is no visit 'month 9' after baseline; choose one of month 1, month 2 and month 3."
    with pytest.raises(InstrumentError):
        compare_clinical_change(as_outcomes(scores).from_frame(scores, instrument="B-IPF"), "month 3")
    nobody = scores.assign(score=np.where(scores["visit"] == "baseline", scores["score"], np.nan))
    with pytest.raises(AnalysisError) as error:
        compare_clinical_change(as_outcomes(pd.DataFrame(nobody)), plan=PLAN)
    assert str(error.value) == "No patient has BDI-II at baseline and at month 3, so nothing can be classified."


def test_a_third_arm_is_not_among_those_who_are_compared(study):
    """Of 235 who started 25 are mixed as treated: "in 209 of 210 patients who started" left them out without a word."""
    plan = dataclasses.replace(study_plan(study), format_rule="as_treated", covariates=())
    said = compare_clinical_change(study, plan=plan, n_imputations=2).paragraph
    assert (
        said.startswith("At month 3, in 209 of 210 ")
        and " patients who started in individual or group format, " in said
    )
