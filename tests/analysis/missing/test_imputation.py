"""Imputed data sets: what was observed stays, what was not differs; a level of a few patients is no obstacle."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.missing.dropout import check_dropout
from kap_analysis.analysis.missing.imputation import _after_dropout
from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.model.plan import Plan
from tests.analysis.trials import as_outcomes, lossy_scores, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())


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


@pytest.mark.slow
def test_a_practice_with_two_individual_patients_is_imputed_and_it_is_said():
    """One in eight bootstrap samples lacks both patients, and with them the level of the practice."""
    scores = lossy_scores()
    people = scores.loc[scores["format"] == "individual", "patient_id"].unique()
    rare = scores["patient_id"].isin(people[[4, 10]])
    outcomes = as_outcomes(scores.assign(practice=scores["practice"].where(~rare, "C")))
    completed, covariates = complete_scores(outcomes, PLAN, "month 3", 20, 1)
    assert covariates == ("practice",) and np.isfinite(completed.scores).all()
    assert "drawn again, for want of a patient with some level of a covariate" in " ".join(completed.notes)
    found = check_dropout(outcomes, plan=PLAN, n_imputations=20, deltas=(0.0,))
    assert found.estimates["estimate"].notna().all()
    assert "bootstrap sample" in found.paragraph and found.notes


@pytest.mark.slow
def test_covariates_that_no_bootstrap_sample_can_estimate_are_left_out_and_it_is_said():
    """Sixteen patients have a column each: a bootstrap sample holds two in three patients, never all of these."""
    scores = made_up_scores(individual=12, cohorts=6, size=2)
    number = scores["patient_id"].str[1:].astype(int)
    columns = {f"flag_{k}": (number == k).astype(float) for k in range(17) if k != 11}
    plan = Plan("BDI-II", "month 3", covariates=tuple(columns))
    completed, covariates = complete_scores(as_outcomes(scores.assign(**columns)), plan, "month 3", 3, 1)
    assert set(columns) <= set(covariates)
    assert completed.notes[0].startswith("The imputation model leaves out flag 0, flag 1")


def test_covariates_that_were_not_recorded_are_drawn_with_the_scores():
    scores = lossy_scores()
    number = scores["patient_id"].str[1:].astype(int)
    burden = scores.groupby("patient_id")["score"].transform("mean") / 10 + (number % 5)
    kind = np.where(number**2 % 5 < 2, "mood", "trauma")
    scores = scores.assign(
        burden=burden.where(number % 4 != 0), kind=pd.Series(kind, scores.index, "string").mask(number % 7 == 0)
    )
    plan = Plan("BDI-II", "month 3", covariates=("burden", "kind"))
    completed, covariates = complete_scores(as_outcomes(scores), plan, "month 3", 5, 1)
    assert set(covariates) >= {"burden"} and set(completed.drawn_covariates) == set(covariates) - {"practice"}
    patients = completed.patients["patient_id"].str[1:].astype(int).to_numpy()
    drawn = completed.drawn_covariates["burden"]
    assert np.ptp(drawn[:, patients % 4 != 0], axis=0).max() == 0
    assert drawn[:, patients % 4 == 0].std(axis=0).min() > 0
    first, second = completed.at_visit(0, "month 3"), completed.at_visit(1, "month 3")
    assert not first["burden"].equals(second["burden"])
    share = next(name for name in covariates if name.startswith("kind_is_"))
    assert set(first.loc[patients % 7 != 0, share]) == {0.0, 1.0}


def test_nothing_is_drawn_of_covariates_that_were_recorded(imputed):
    completed, _ = imputed
    assert completed.drawn_covariates == {}


def test_who_is_not_due_has_not_dropped_out():
    seen = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 1]], dtype=bool)
    due = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=bool)
    lost = _after_dropout(seen, due)
    # the third and the fifth dropped out before the last visit, which is after dropout, due or not
    expected = [[0, 0, 1], [0, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 0]]
    assert lost.astype(int).tolist() == expected
