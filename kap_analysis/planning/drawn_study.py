"""One study drawn from a design: who is in which cohort, the scores, and who is seen at which visit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.analysis.model.model_frame import ModelFrame, cohort_of_one
from kap_analysis.columns import BASELINE, COHORT_ID, FORMAT, GROUP, INDIVIDUAL, PATIENT_ID, SCORE, VISIT
from kap_analysis.planning.next_study import NextStudy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DrawnStudy:
    """A drawn study as arrays: one line per patient, those in cohorts first.

    Attributes
    ----------
    visits : tuple of str
    cohort : numpy.ndarray
        (patients,): from 0 on, -1 in individual format.
    baseline : numpy.ndarray
        (patients,): points.
    score : numpy.ndarray
        (patients, visits): points.
    seen : numpy.ndarray
        (patients, visits): whether the score is there.
    """

    visits: tuple[str, ...]
    cohort: NDArray[np.intp]
    baseline: Array
    score: Array
    seen: NDArray[np.bool_]

    @property
    def is_group(self) -> NDArray[np.bool_]:
        return self.cohort >= 0

    @cached_property
    def model_frame(self) -> ModelFrame:
        """The rows that the primary model is fitted to."""
        return _model_frame(self)


def draw_study(study: NextStudy, seed: int | list[int]) -> DrawnStudy:
    """One study of the design.

    Scores are normal and not rounded, the means of individual format are 0, and whom a visit loses is drawn at random.
    """
    rng = np.random.default_rng(seed)
    cohort = _cohorts(study, rng)
    is_group = cohort >= 0
    n = len(cohort)
    baseline = study.scores.baseline_sd * rng.standard_normal(n) + study.baseline_difference * is_group
    root, within = study.roots
    noise = rng.standard_normal((n, len(study.visits)))
    effect = np.sqrt(study.between_cohorts) * rng.standard_normal(study.cohorts)
    score = baseline[:, None] * study.scores.slopes
    score += np.where(is_group[:, None], noise @ within.T, noise @ root.T)
    score += np.where(is_group, study.difference + effect[cohort], 0.0)[:, None]
    return DrawnStudy(study.visits, cohort, baseline, score, _seen(study, is_group, rng))


def _cohorts(study: NextStudy, rng: np.random.Generator) -> NDArray[np.intp]:
    """The cohort of each patient, -1 in individual format. Sizes are drawn, but two next to the mean are dealt out."""
    sizes, shares = np.array(list(study.sizes)), np.array(list(study.sizes.values()))
    if study.cohort_size_sd == 0:
        larger = int(np.floor(study.cohorts * shares[-1] + rng.random())) if len(sizes) > 1 else 0
        drawn = np.where(np.arange(study.cohorts) < larger, sizes[-1], sizes[0])
    else:
        drawn = rng.choice(sizes, study.cohorts, p=shares)
    return np.concatenate([np.repeat(np.arange(study.cohorts), drawn), np.full(study.individual, -1)])


def _seen(study: NextStudy, is_group: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which scores are there (n, visits)."""
    chance = rng.random(len(is_group))
    kept = {arm: 1 - np.cumsum(study.share_last_seen(arm))[:-1] for arm in (GROUP, INDIVIDUAL)}
    return np.asarray(chance[:, None] < np.where(is_group[:, None], kept[GROUP], kept[INDIVIDUAL]))


def _model_frame(drawn: DrawnStudy) -> ModelFrame:
    cohort, seen = drawn.cohort, drawn.seen
    patient, visit = np.nonzero(seen)
    is_group = cohort[patient] >= 0
    frame = pd.DataFrame(
        {
            PATIENT_ID: patient.astype(str),
            VISIT: pd.Categorical(np.array(drawn.visits, object)[visit], categories=list(drawn.visits)),
            SCORE: drawn.score[patient, visit],
            BASELINE: drawn.baseline[patient],
            FORMAT: pd.Categorical(np.where(is_group, GROUP, INDIVIDUAL), categories=[INDIVIDUAL, GROUP]),
            "is_group": is_group.astype(float),
            "is_individual": (~is_group).astype(float),
            "in_cohort": is_group.astype(float),
        }
    )
    frame[COHORT_ID] = frame[PATIENT_ID].where(~is_group, pd.Series(cohort[patient]).astype(str))
    frame.loc[~is_group, COHORT_ID] = cohort_of_one(frame.loc[~is_group, PATIENT_ID])
    visits = tuple(name for at, name in enumerate(drawn.visits) if (visit == at).any())
    return ModelFrame(frame, visits, (INDIVIDUAL, GROUP), (), ())
