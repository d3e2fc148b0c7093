"""The standardised difference is the average over all who started, also where the true difference varies."""

import numpy as np
import pytest

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import fit_primary
from kap_analysis.analysis.sensitivity.other_models import estimate_row
from kap_analysis.analysis.sensitivity.standardised import standardise_difference
from tests.analysis.trials import as_outcomes, made_up_scores

PLAN = Plan("BDI-II", "month 3", covariates=())
STEEPNESS, IN_B, SCALE = 0.3, 12.0, 0.6


def trial(seed):
    """Group patients start milder and are mostly of practice B; the difference grows with the baseline and there."""
    scores = made_up_scores(individual=240, cohorts=20, size=3, effect=4.0, seed=seed)
    start = scores["patient_id"].map(scores[scores["visit"] == "baseline"].set_index("patient_id")["score"])
    number = scores["patient_id"].str[1:].astype(int)
    group = scores["format"] == "group"
    scores["practice"] = np.where(np.where(group, number % 5 > 0, number % 5 == 0), "B", "A")
    later = group & (scores["visit"] != "baseline")
    own = STEEPNESS * (start - 27) + IN_B * (scores["practice"] == "B")
    scores["score"] = SCALE * (scores["score"] + np.where(later, own, 0.0)) + 15  # away from floor and ceiling
    people = scores.drop_duplicates("patient_id")
    truth = 4.0 + STEEPNESS * (start[people.index] - 27).mean() + IN_B * (people["practice"] == "B").mean()
    return scores, SCALE * truth


def estimates(seed):
    scores, truth = trial(seed)
    outcomes = as_outcomes(scores)
    model, rung, fit, _ = fit_primary(outcomes, PLAN, "month 3")
    return truth, estimate_row(fit, model, "month 3"), standardise_difference(model, rung, "month 3", outcomes)


def test_it_finds_the_average_over_all_who_started_and_the_primary_model_another_one():
    found = [estimates(seed) for seed in range(1, 9)]
    errors = np.array([[row["estimate"] - truth for row in rows] for truth, *rows in found])
    standard = np.mean([row["std_error"] for _, _, row in found]) / np.sqrt(len(found))
    assert abs(errors[:, 1].mean()) < 3 * standard
    assert errors[:, 0].mean() > 1  # overlap-weighted: practice B, where both formats are common, weighs most
    assert all(row["n_patients"] == 300 and 20 < row["df"] < 400 for _, _, row in found)


def test_patients_who_were_never_seen_again_are_averaged_over():
    scores, _ = trial(1)
    lost = (scores["patient_id"].str[1:].astype(int) % 7 == 0) & (scores["visit"] != "baseline")
    scores.loc[lost, "score"] = np.nan
    outcomes = as_outcomes(scores)
    model, rung, _, _ = fit_primary(outcomes, PLAN, "month 3")
    row = standardise_difference(model, rung, "month 3", outcomes)
    assert row["n_patients"] == 300 > len(model.patients)
    was_lost = lost.groupby(scores["patient_id"]).transform("any") & (scores["visit"] == "baseline")

    def moved_by(points):
        milder = as_outcomes(scores.assign(score=scores["score"] - points * was_lost))
        return row["estimate"] - standardise_difference(model, rung, "month 3", milder)["estimate"]

    once = moved_by(4.0)  # their baseline counts, although no score of theirs is analysed
    assert once != 0 and moved_by(8.0) == pytest.approx(2 * once)
