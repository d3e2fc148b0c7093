"""Scores after dropout, drawn around the mean of a reference: reference-based imputation.

Each assumption says around which mean a patient's scores vary after dropout, and with which covariance (Carpenter,
Roger & Kenward 2013, doi 10.1080/10543406.2013.834911). The reference is the individual format; for its own patients
the first three assumptions are missing at random. The baseline is a covariate of the reference mean, as in R's rbmi: a
patient who jumps goes on at the mean of individual patients who started with the same score.

A group patient's mean before dropout holds the effect of the cohort. The effect stays where what was reached stays
(copy increments), and ends where the patient goes on as in individual format, or at the baseline, which has none.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

JUMP: Final = "jump to reference"
INCREMENTS: Final = "copy increments in reference"
COPY: Final = "copy reference"
RETURN: Final = "return to baseline"
#: What each assumption says, in words.
ASSUMPTIONS: Final = {
    JUMP: "patients lost from groups go on at the mean of the individual format",
    INCREMENTS: "patients lost from groups keep what they reached and go on as the individual format does",
    COPY: "patients lost from groups scored as in individual format from the start",
    RETURN: "patients lost from either format go on at their mean at baseline",
}


@dataclass(frozen=True)
class Parameters:
    """One draw of the imputation model.

    Attributes
    ----------
    own, reference : arrays (patients, visits)
        Means in the patient's own format, and had it been the reference.
    cohort : array (patients, visits)
        Effect of the patient's cohort, 0 at baseline and for patients without one.
    arms : array (patients,)
    covariance : dict
        Array (visits, visits) of each arm, without the cohorts.
    reference_arm : str
    """

    own: np.ndarray
    reference: np.ndarray
    cohort: np.ndarray
    arms: np.ndarray
    covariance: dict[str, np.ndarray]
    reference_arm: str


def draw_after_dropout(
    assumption: str, scores: np.ndarray, lost: np.ndarray, given: Parameters, noise: np.ndarray
) -> np.ndarray:
    """Scores with those after dropout drawn under an assumption.

    Parameters
    ----------
    assumption : str
        One of `ASSUMPTIONS`.
    scores : array (patients, visits)
        Complete: observed, or drawn at random. Those before dropout are conditioned on.
    lost : bool array (patients, visits)
        After dropout: False up to some visit and True from there on; never at baseline.
    noise : array (patients, visits)
        Standard normal.
    """
    drawn = scores.copy()
    first = np.where(lost.any(axis=1), lost.argmax(axis=1), 0)
    changed = first > 0
    if assumption != RETURN:
        changed &= given.arms != given.reference_arm
    for arm in np.unique(given.arms[changed]):
        for start in np.unique(first[changed & (given.arms == arm)]):
            members = np.flatnonzero(changed & (given.arms == arm) & (first == start))
            mean, spread = distribution_after(assumption, scores, given, members, int(start))
            drawn[members, start:] = mean + noise[members, start:] @ _root(spread).T
    return drawn


def distribution_after(
    assumption: str, scores: np.ndarray, given: Parameters, members: np.ndarray, start: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (members, visits after) and covariance of the scores from visit ``start`` on, given those before.

    Parameters
    ----------
    members : int array
        Patients of one arm.
    """
    own, reference, cohort = given.own[members], given.reference[members], given.cohort[members]
    mine, theirs = given.covariance[given.arms[members[0]]], given.covariance[given.reference_arm]
    values = scores[members, :start]
    if assumption == RETURN:
        after = np.repeat(own[:, :1], own.shape[1] - start, axis=1)
        return _continue(values - (own + cohort)[:, :start], after, mine)
    # the baseline is a covariate: the reference is the individual format for a patient who started with this score
    level = _given_baseline(values, own, mine) + cohort[:, 1:]
    target = _given_baseline(values, reference, theirs)
    left = theirs[1:, 1:] - np.outer(theirs[1:, 0], theirs[0, 1:]) / theirs[0, 0]
    seen = start - 1
    after = target[:, seen:]
    if assumption == INCREMENTS and seen:
        after = level[:, seen - 1 : seen] + after - target[:, seen - 1 : seen]
    before = target if assumption == COPY else level
    return _continue(values[:, 1:] - before[:, :seen], after, left)


def _given_baseline(values: np.ndarray, mean: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Means (members, visits after baseline) of patients with these baseline scores."""
    return np.asarray(mean[:, 1:] + np.outer(values[:, 0] - mean[:, 0], joint[0, 1:] / joint[0, 0]))


def _continue(deviations: np.ndarray, after: np.ndarray, joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the visits that follow, given the deviations of those before."""
    seen = deviations.shape[1]
    slope = np.linalg.solve(joint[:seen, :seen], joint[:seen, seen:])
    return after + deviations @ slope, joint[seen:, seen:] - joint[seen:, :seen] @ slope


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0, None)))
