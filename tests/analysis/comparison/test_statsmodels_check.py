"""The comparison by statsmodels' MixedLM, beside ours."""

import warnings

import numpy as np
import pytest

from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.comparison.statsmodels_check import compare_estimates, compare_formats_by_statsmodels
from kap_analysis.analysis.model.model_frame import build_model_frame
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.mixed.model import mixedlm
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from tests.analysis.trials import as_outcomes, made_up_scores


@pytest.fixture(scope="module")
def scores():
    return made_up_scores()


@pytest.fixture(scope="module")
def result(scores):
    return compare_formats(as_outcomes(scores), plan=Plan("BDI-II", "month 3", covariates=("age",)))


def test_statsmodels_agrees_where_it_can_fit_the_model():
    """One variance for both formats, no cohorts, covariates of the plan left out: the same model as MixedLM's."""
    outcomes = as_outcomes(made_up_scores().assign(cohort_id=None))
    peer = compare_formats_by_statsmodels(outcomes, "month 3")
    frame = outcomes.after_baseline.assign(group=outcomes.after_baseline["is_group"])
    ours = mixedlm("score ~ visit*(group + baseline) + practice + (1 | patient_id)", frame).fit(ddf="normal")
    names = ["group", "visit[T.month 3]:group"]
    weights = np.isin(ours.params.index, names).astype(float)
    found = ours.test(weights[None, :]).iloc[0]
    assert peer.primary["estimate"] == pytest.approx(found["estimate"], abs=1e-3)
    assert peer.primary["std_error"] == pytest.approx(found["std_error"], rel=1e-3)
    assert peer.primary["df"] == float("inf") and "statsmodels MixedLM, z" in peer.paragraph


def test_ways_of_estimating_stand_side_by_side(result, scores):
    peer = compare_formats_by_statsmodels(as_outcomes(scores), "month 3")
    frame = compare_estimates({"primary": result, "MixedLM": peer}, "month 3")
    assert frame["by"].tolist() == ["primary", "MixedLM"]
    assert frame["estimate"].tolist() == [result.primary["estimate"], peer.primary["estimate"]]


@pytest.mark.slow
def test_a_comparison_of_too_few_cohorts_is_not_tested():
    few = compare_formats_by_statsmodels(as_outcomes(made_up_scores(cohorts=4)), "month 3")
    assert few.contrasts["p_value"].isna().all() and "p = " not in few.paragraph
    assert few.answer.startswith("Descriptive only: fewer than 5 cohorts with two or more patients. ")


def test_a_third_arm_is_in_no_contrast_of_the_other_two(scores):
    """118 patients scored at that visit, where 103 were of the two formats."""
    third = scores["patient_id"].isin(["P000", "P001", "P002", "P003"])
    mixed = scores.assign(format=scores["format"].mask(third, "mixed"), cohort_id=scores["cohort_id"].mask(third))
    peer = compare_formats_by_statsmodels(as_outcomes(mixed), "month 3")
    assert peer.primary["n_patients"] == 56
    assert peer.means.query("visit == 'month 3'")["n_patients"].sum() == 56


def test_a_search_that_has_not_moved_has_not_converged():
    """Of two patients in each format all three variances were alike, and the warnings reached the user."""
    scores = made_up_scores(individual=2, cohorts=1, size=2, visits=("month 1", "month 3"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        peer = compare_formats_by_statsmodels(Outcomes.from_frame(scores, instrument="BDI-II"), "month 3")
    assert not peer.model["converged"].iloc[0]
    assert peer.paragraph.startswith("The optimiser did not converge: do not use these numbers.")


def test_one_visit_tells_the_sum_of_patient_and_residual_alone():
    scores = made_up_scores(visits=("month 3",), seed=4, individual=40)
    peer = compare_formats_by_statsmodels(Outcomes.from_frame(scores, instrument="BDI-II"), "month 3")
    assert peer.variance["component"].tolist() == ["cohort", "residual"]
    frame = build_model_frame(Outcomes.from_frame(scores, instrument="BDI-II"), ()).frame
    ours = mixedlm("score ~ format + baseline + practice + (0 + is_group | cohort_id)", frame).fit()
    assert peer.variance["variance"].to_numpy() == pytest.approx(list(ours.theta), rel=1e-3)
