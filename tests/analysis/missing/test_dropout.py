"""Dropout: deltas and tipping points where they can be derived, jump to baseline, and cohorts kept together."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.missing.dropout import check_dropout, complete_scores
from kap_analysis.analysis.missing.imputed_contrast import ImputedContrast
from kap_analysis.analysis.missing.tipping import shift_lost, tipping_points
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, btheb, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())
INTERPOLATED = 0.01  # points: far below the Monte Carlo error of fifty imputations
LIMITS = 0.05  # points: a cohort variance that reaches 0 between two fitted deltas bends the variance there


def lossy_scores(**options) -> pd.DataFrame:
    scores = made_up_scores(individual=40, cohorts=12, **options)
    number = scores["patient_id"].str[1:].astype(int)
    lost = ((number % 3 == 0) & (scores["visit"] == "month 3")) | ((number % 6 == 0) & (scores["visit"] == "month 2"))
    return scores.assign(score=scores["score"].mask(lost))


@pytest.fixture(scope="module")
def result():
    return check_dropout(as_outcomes(lossy_scores()), plan=PLAN, n_imputations=10)


@pytest.fixture(scope="module")
def imputed():
    completed, covariates = complete_scores(as_outcomes(lossy_scores()), PLAN, "month 3", 5, 1)
    return completed, ImputedContrast(completed, covariates, "month 3")


def test_observed_scores_are_kept_and_missing_ones_differ_between_data_sets(imputed):
    completed, _ = imputed
    spread = completed.scores.std(axis=0)
    assert spread[completed.observed].max() < 1e-12
    assert spread[~completed.observed].min() > 0.05


def test_dropout_begins_at_the_first_visit_without_a_later_score(imputed):
    completed, _ = imputed
    lost = completed.after_dropout()
    number = completed.patients["patient_id"].str[1:].astype(int).to_numpy()
    assert (lost.sum(axis=1) == np.where(number % 6 == 0, 2, np.where(number % 3 == 0, 1, 0))).all()
    assert not lost[:, 0].any()


def test_a_delta_moves_the_difference_by_delta_times_the_share_lost(result):
    """The lost are a third of each format by design: the mean of groups moves by a third of the delta."""
    grid = result.tipping.set_index(["delta_individual", "delta_group"])["estimate"]
    moved = (grid[0.0, 10.0] - grid[0.0, 0.0]) / 10
    assert moved == pytest.approx(1 / 3, abs=0.05)
    assert (grid[0.0, 0.0] - grid[10.0, 0.0]) / 10 == pytest.approx(1 / 3, abs=0.05)
    assert grid[10.0, 10.0] == pytest.approx(grid[0.0, 0.0], abs=0.5)


def test_no_delta_is_missing_at_random(result):
    first, at_random = result.tipping.iloc[0], result.estimates.iloc[0]
    assert (first["delta_individual"], first["delta_group"]) == (0, 0)
    assert first["estimate"] == at_random["estimate"] and first["std_error"] == at_random["std_error"]


def test_interpolated_points_are_what_a_fit_gives(imputed):
    completed, contrast = imputed
    lost = completed.after_dropout()
    at_random = contrast.pooled(completed.scores)
    grid = shift_lost(contrast, (0.0, 2.0, 4.0, 6.0, 8.0, 10.0), 1.0, lost, at_random).set_index(
        ["delta_individual", "delta_group"]
    )
    is_group = (completed.patients["format"] == "group").to_numpy()
    for individual, group in ((2.0, 8.0), (8.0, 6.0)):
        fitted = contrast.pooled(completed.scores + (np.where(is_group, group, individual)[:, None] * lost)[None])
        row = grid.loc[(individual, group)]
        assert row["estimate"] == pytest.approx(fitted.estimate, abs=INTERPOLATED)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(fitted.interval(), abs=LIMITS)


def test_a_fit_begun_at_the_last_one_is_the_fit_begun_afresh(imputed):
    completed, contrast = imputed
    shifted = completed.scores + 3.0 * completed.after_dropout()
    contrast.pooled(completed.scores)
    fresh = ImputedContrast(completed, contrast.covariates, "month 3").pooled(shifted)
    assert contrast.pooled(shifted).estimate == pytest.approx(fresh.estimate, abs=1e-4)
    assert contrast.pooled(shifted).std_error == pytest.approx(fresh.std_error, rel=1e-4)


def grid(low_at, high_at):
    rows = [
        {"delta_individual": i, "delta_group": g, "ci_low": low_at(i, g), "ci_high": high_at(i, g)}
        for i in (0.0, 5.0, 10.0)
        for g in (0.0, 5.0, 10.0)
    ]
    frame = pd.DataFrame(rows)
    said = np.select(
        [frame["ci_low"] > 0, frame["ci_high"] < 0], ["group worse", "group better"], "no difference shown"
    )
    return frame.assign(conclusion=said)


def test_tipping_point_derived_by_hand():
    """The lower limit is -1 + 0.3 per point in groups: zero at 10/3 points; individual deltas never get there."""
    points = tipping_points(grid(lambda i, g: -1 + 0.3 * (g - i), lambda i, g: 6 + 0.3 * (g - i))).set_index("varied")
    assert points.loc["group", "delta_group"] == pytest.approx(10 / 3)
    assert points.loc["group", "conclusion"] == "group worse"
    assert np.isnan(points.loc["individual", "delta_individual"])
    assert set(points["at_random"]) == {"no difference shown"}


def test_tipping_point_away_from_a_difference_derived_by_hand():
    """Groups are better (upper limit -1): it is gone at 2.5 points in groups, 0.4 per point."""
    points = tipping_points(grid(lambda i, g: -7 + 0.4 * (g - i), lambda i, g: -1 + 0.4 * (g - i))).set_index("varied")
    assert points.loc["group", "delta_group"] == pytest.approx(2.5)
    assert points.loc["group", "conclusion"] == "no difference shown"


def test_paragraph_says_an_undecided_answer_is_undecided():
    result = check_dropout(btheb(), n_imputations=5)
    low, high = result.estimates.loc[0, ["ci_low", "ci_high"]]
    assert low < 0 < high
    assert "With the missing scores at random the interval includes zero: no difference is shown." in result.paragraph
    assert "0.0 points worse" not in result.paragraph


def test_jump_to_baseline_puts_the_lost_back_where_they_began():
    scores = lossy_scores()
    everybody = scores["visit"].isin(["month 2", "month 3"]) & (scores["format"] == "group")
    number = scores["patient_id"].str[1:].astype(int)
    heavy = scores.assign(score=scores["score"].mask(everybody & (number % 3 != 1)))
    found = check_dropout(as_outcomes(heavy), plan=PLAN, n_imputations=5, deltas=(0.0, 5.0))
    at_random, jump = found.estimates["estimate"]
    assert jump > at_random + 3  # baselines are some ten points above what was reached


def test_fewer_cohorts_than_the_plan_needs_are_described():
    scores = made_up_scores(individual=30, cohorts=4, size=8)
    found = check_dropout(as_outcomes(scores), plan=PLAN, n_imputations=3, deltas=(0.0, 5.0))
    assert found.paragraph.startswith("Descriptive only: fewer than 5 cohorts with two or more patients. With 3 imp")


def test_what_cannot_be_imputed_is_refused():
    with pytest.raises(AnalysisError, match="There is no visit 'month 9' after baseline"):
        check_dropout(as_outcomes(made_up_scores()), visit="month 9")
    with pytest.raises(AnalysisError, match="1 imputation was asked for; give two or more"):
        check_dropout(as_outcomes(made_up_scores()), plan=PLAN, n_imputations=1)
    scores = made_up_scores(individual=4, cohorts=3, size=2)
    with pytest.raises(AnalysisError, match="Fewer than five patients of a format were scored at baseline"):
        check_dropout(as_outcomes(scores), plan=PLAN, n_imputations=4)
