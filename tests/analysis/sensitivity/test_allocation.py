"""Weights, balance and effective sample size by hand; and what is refused or qualified."""

from dataclasses import replace

import numpy as np
import pytest

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.sensitivity.allocation import check_allocation
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, btheb, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=("age",))


@pytest.fixture(scope="module")
def result():
    outcomes = as_outcomes(made_up_scores(individual=40, cohorts=12))
    return check_allocation(outcomes, plan=PLAN, n_imputations=3, n_bootstrap=150)


def test_overlap_weights_balance_the_means_of_what_the_propensity_holds(result):
    worst = result.balance.groupby("weighting")["smd"].apply(lambda smd: smd.abs().max())
    assert worst["overlap"] < 1e-6 < worst["unweighted"]


def test_unweighted_balance_and_effective_sizes_by_hand(result):
    patients = made_up_scores(individual=40, cohorts=12).drop_duplicates("patient_id")
    one, other = (patients.loc[patients["format"] == name, "age"] for name in ("group", "individual"))
    pooled = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    row = result.balance.query("characteristic == 'age' and weighting == 'unweighted'")
    assert row["smd"].item() == pytest.approx((one.mean() - other.mean()) / pooled, rel=0.02)
    sizes = result.effective_sample_size.set_index(["weighting", "format"])
    weights = result.propensity[result.propensity["format"] == "group"]
    assert sizes.loc[("unweighted", "group"), "effective"] == pytest.approx(36)
    expected = weights["ipw"].sum() ** 2 / (weights["ipw"] ** 2).sum()
    assert sizes.loc[("ipw", "group"), "effective"] == pytest.approx(expected)
    assert expected < 36


def test_the_true_difference_is_found_by_each_method(result):
    assert result.estimates["method"].tolist() == [
        "regression",
        "inverse-probability weights",
        "overlap weights",
        "doubly robust",
    ]
    assert (result.estimates["ci_low"] < 4).all() and (result.estimates["ci_high"] > 4).all()


def test_no_sentence_begins_in_lower_case():
    paragraph = check_allocation(btheb(), n_imputations=3, n_bootstrap=20).paragraph
    sentences = paragraph.replace("(95% interval", "").split(". ")
    assert all(sentence[0].isupper() for sentence in sentences if sentence)


def test_formats_that_do_not_overlap_are_refused():
    scores = made_up_scores()
    apart = scores[(scores["format"] == "group") == (scores["age"] > 50)]
    with pytest.raises(AnalysisError, match="separate group from individual patients completely"):
        check_allocation(as_outcomes(apart), plan=PLAN, n_imputations=2, n_bootstrap=5)


def test_weights_that_explode_are_said():
    scores = made_up_scores(individual=60, cohorts=20)
    older = (scores["format"] == "group") & (scores["patient_id"] != "P060")
    skewed = scores.assign(age=scores["age"].where(~older, scores["age"] + 45))
    found = check_allocation(as_outcomes(skewed), plan=PLAN, n_imputations=2, n_bootstrap=5)
    said = " ".join(found.notes["note"])
    assert "the formats hardly overlap there." in said or "the weighted estimate rests on few patients" in said
    sizes = found.effective_sample_size.set_index(["weighting", "format"])["effective"]
    assert sizes["ipw", "group"] < sizes["unweighted", "group"]


def test_too_few_patients_and_unknown_visits_are_refused():
    few = made_up_scores(individual=9, cohorts=4)
    with pytest.raises(AnalysisError) as error:
        check_allocation(as_outcomes(few), plan=PLAN)
    assert str(error.value) == (
        "At month 3 fewer than 10 patients of a format were scored; weighting needs so many of each."
    )
    with pytest.raises(AnalysisError, match="There is no visit 'month 9' after baseline"):
        check_allocation(as_outcomes(few), visit="month 9")


def test_no_average_over_all_where_a_practice_has_one_format():
    """Its patients have no counterpart: the shortest solution gave 1.88 or 1.63 by the names of the practices."""
    scores = made_up_scores(individual=40, cohorts=12)
    place = scores["patient_id"].str[1:].astype(int)
    scores["practice"] = np.where((scores["format"] == "individual") & (place % 4 == 0), "C", scores["practice"])
    found = []
    for names in ({}, {"A": "z"}):
        outcomes = as_outcomes(scores.assign(practice=scores["practice"].replace(names)))
        result = check_allocation(outcomes, plan=PLAN, n_imputations=2, n_bootstrap=30)
        found.append(result.estimates.set_index("method")["estimate"])
        assert "no average over all patients is given" in result.paragraph
        assert "doubly robust" not in result.paragraph
    assert found[0][["inverse-probability weights", "doubly robust"]].isna().all()
    assert found[0]["overlap weights"] == pytest.approx(found[1]["overlap weights"], abs=1e-6)
    assert found[0]["regression"] == pytest.approx(found[1]["regression"], abs=1e-6)


def test_a_third_arm_is_not_among_those_who_are_weighted(study):
    plan = replace(study_plan(study), format_rule="as_treated", covariates=())
    said = check_allocation(study, plan=plan, n_imputations=2, n_bootstrap=2).paragraph
    assert "are of 209 patients in individual or group format who were scored at least once;" in said
