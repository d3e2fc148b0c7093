"""Change: with complete data the model is the paired mean; the sentences that must stand beside it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kap_analysis.analysis.change.estimated_change import estimate_change
from kap_analysis.analysis.change.observed import observed_scores, paired_scores
from kap_analysis.analysis.change.run_chart import chart_quarters
from kap_analysis.analysis.visits import NO_CONTROL
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from tests.analysis.trials import as_outcomes, btheb, made_up_scores


@pytest.fixture(scope="module")
def one_arm():
    scores = made_up_scores(individual=40, cohorts=0).assign(practice="A")
    return as_outcomes(scores)


def test_complete_scores_give_the_paired_t_interval(one_arm):
    result = estimate_change(one_arm)
    for row in result.change.itertuples():
        change = one_arm.frame.loc[one_arm.frame["visit"] == row.visit, "change"]
        test = stats.ttest_1samp(change, 0)
        low, high = test.confidence_interval()
        assert row.estimate == pytest.approx(change.mean(), rel=1e-6)
        assert row.std_error == pytest.approx(change.std() / np.sqrt(40), rel=1e-5)
        assert (row.df, row.ci_low, row.ci_high) == pytest.approx((39, low, high), rel=1e-3)
        assert (row.n_patients, row.n_paired) == (40, 40)


@pytest.mark.parametrize("effect", [0.0, 8.0])
def test_each_patient_counts_once_whatever_the_format(effect):
    """The difference between the formats became one between cohorts: -13.6 for -11.2, and coverage of 15%."""
    outcomes = as_outcomes(made_up_scores(individual=60, effect=effect).assign(practice="A"))
    observed = outcomes.frame.groupby("visit", observed=True)["change"].mean()
    found = estimate_change(outcomes).change.set_index("visit")["estimate"]
    assert found.to_numpy() == pytest.approx(observed.loc[found.index.astype(str)].to_numpy(), abs=1e-6)


def test_a_visit_that_one_format_missed_is_that_of_formats_that_change_alike():
    scores = made_up_scores(individual=60)
    outcomes = as_outcomes(scores[(scores["visit"] != "month 3") | (scores["format"] == "individual")])
    result = estimate_change(outcomes)
    assert result.change["estimate"].notna().all()
    assert "visit + format" in result.model["formula"].iloc[0]


def test_effect_sizes_by_their_formulas(one_arm):
    result = estimate_change(one_arm)
    start = one_arm.frame.loc[one_arm.frame["visit"] == "baseline", "score"]
    at = one_arm.frame[one_arm.frame["visit"] == "month 3"]
    sizes = result.effect_sizes[result.effect_sizes["visit"] == "month 3"].set_index("effect_size")
    change = result.change.set_index("visit").loc["month 3"]
    d = change["estimate"] / start.std()
    error = np.sqrt((change["std_error"] / start.std()) ** 2 + d**2 / (2 * 39))
    assert sizes.loc["by baseline SD", "estimate"] == pytest.approx(d)
    assert sizes.loc["by baseline SD", "ci_low"] == pytest.approx(d - stats.norm.ppf(0.975) * error)
    dz = at["change"].mean() / at["change"].std()
    assert sizes.loc["by change SD", "estimate"] == pytest.approx(dz)
    assert "Effect size by baseline SD (model change / SD of the baseline score" in result.paragraph


def test_no_control_arm_stands_beside_every_change(one_arm):
    for result in (estimate_change(one_arm), paired_scores(one_arm, "month 3"), observed_scores(one_arm)):
        assert NO_CONTROL in str(result)


def test_scores_of_those_who_were_lost_count():
    scores = made_up_scores(individual=40, cohorts=0).assign(practice="A")
    worse = scores.loc[(scores["visit"] == "month 1") & (scores["score"] > 18), "patient_id"]
    lost = scores["patient_id"].isin(worse) & scores["visit"].isin(["month 2", "month 3"])
    seen = as_outcomes(scores[~lost])
    model = estimate_change(seen).change.set_index("visit").loc["month 3", "estimate"]
    completers = paired_scores(seen, "month 3").change["mean_change"].iloc[0]
    truth = paired_scores(as_outcomes(scores), "month 3").change["mean_change"].iloc[0]
    assert abs(model - truth) < abs(completers - truth)


def test_the_real_trial():
    result = estimate_change(btheb())
    last = result.change.iloc[-1]
    assert (result.model["n_patients"].iloc[0], last["n_patients"]) == (100, 52)
    assert last["ci_high"] < 0 < last["df"] < 100


def quarters(outcomes: Outcomes, n: int) -> Outcomes:
    order = outcomes.frame["patient_id"].rank(method="dense").astype(int) % n
    return replace(outcomes, frame=outcomes.frame.assign(start_period=["2025-Q" + str(q + 1) for q in order]))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda o: chart_quarters(o, "month 3"), "Found no start_period (such as 2025-Q3) of any patient"),
        (lambda o: chart_quarters(quarters(o, 2), "month 9"), "There is no visit 'month 9' after baseline"),
        (lambda o: paired_scores(o, "month 9"), "choose one of month 1, month 2 and month 3"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(one_arm, ask, said):
    with pytest.raises(AnalysisError) as error:
        ask(one_arm)
    assert said in str(error.value)


def test_a_visit_nobody_has(one_arm):
    scores = made_up_scores(individual=10, cohorts=0).query("visit != 'month 3'")
    outcomes = as_outcomes(scores)
    with pytest.raises(AnalysisError, match="Too few patients have BDI-II at baseline and at month 3"):
        paired_scores(outcomes, "month 3")
    with pytest.raises(AnalysisError, match="Found no patient with BDI-II at baseline and at month 3"):
        chart_quarters(quarters(outcomes, 2), "month 3")
    assert pd.unique(estimate_change(outcomes).change["visit"].astype(str)).tolist() == ["month 1", "month 2"]


def test_where_each_practice_has_one_patient_practice_is_left_out_and_that_is_said():
    """The engine advised to leave a term out of the formula."""
    scores = made_up_scores(individual=6, cohorts=2)
    alone = estimate_change(as_outcomes(scores.assign(practice=scores["patient_id"])))
    without = estimate_change(as_outcomes(scores.drop(columns="practice")))
    assert alone.change["estimate"].tolist() == pytest.approx(without.change["estimate"].tolist())
    assert "Practice is not in the model: each patient is the only one of a practice." in alone.paragraph


def test_a_change_that_is_the_same_for_everybody_has_no_interval():
    """It had one of no width, and p < 0.001."""
    scores = made_up_scores(individual=6, cohorts=2)
    alike = scores.assign(score=np.where(scores["visit"] == "baseline", 20.0, 10.0))
    with pytest.raises(AnalysisError, match="changed by the same number of points"):
        estimate_change(as_outcomes(alike))
