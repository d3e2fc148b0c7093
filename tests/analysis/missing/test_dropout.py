"""Dropout: deltas and tipping points where they can be derived, jump to baseline, and cohorts kept together."""

import pytest

from kap_analysis.analysis.missing.dropout import check_dropout
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.errors import AnalysisError
from tests.analysis.trials import as_outcomes, btheb, lossy_scores, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())


@pytest.fixture(scope="module")
def result():
    return check_dropout(as_outcomes(lossy_scores()), plan=PLAN, n_imputations=10)


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


def test_paragraph_says_an_undecided_answer_is_undecided():
    result = check_dropout(btheb(), n_imputations=5)
    low, high = result.estimates.loc[0, ["ci_low", "ci_high"]]
    assert low < 0 < high
    assert "With scores missing at random the interval includes zero: no difference is shown." in result.paragraph
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
    with pytest.raises(AnalysisError, match="Fewer than 5 patients of a format were scored at baseline"):
        check_dropout(as_outcomes(scores), plan=PLAN, n_imputations=4)
