"""Imputed data sets: what was observed stays, what was not differs between them."""

import numpy as np

from kap_analysis.analysis.model.plan import Plan

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
