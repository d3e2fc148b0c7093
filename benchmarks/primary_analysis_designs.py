"""Six small designs for judging the primary analysis, drawn by code that shares nothing with kap_analysis/simulation.

A patient has a severity, a recorded baseline and a response that differs between patients; scores at months 1, 3 and 6
are rounded and cut off at 0 and 63. Format depends on the practice and on the recorded baseline; a score is lost with a
chance that depends on the last recorded one, and who is lost does not come back. Everybody has a score at month 1. So
what the primary analysis assumes of allocation and loss holds. Cohorts share an effect on each visit.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

VISITS = ("month 1", "month 3", "month 6")
AT = 1  # place of the primary visit
RESPONSE = np.array([0.6, 1.0, 1.0])  # share of the response at each visit
PATIENTS_PER_COHORT = 4
HIGHEST = 63
#: Patients behind a truth: its Monte Carlo error is about 0.01 points.
MANY = 400_000


@dataclass(frozen=True)
class Design:
    """One small design.

    Attributes
    ----------
    words : str
        The design as a heading.
    cohorts, individual : tuple of int
        Cohorts of four, and patients in individual format, in each practice.
    cohort_sd : tuple of float
        SD of the effect that a cohort has at each visit; one number per cohort, multiplied.
    effect : tuple of float
        Group minus individual at each visit, before rounding and cutting off (points).
    practice_means : tuple of float
        What is added to a score in each practice.
    mean : float
        Mean severity at intake.
    by_baseline : float
        Log-odds of group format per point of the recorded baseline.
    hazard : float or None
        Log-odds of being lost before a visit at a last score of 20; None: nobody is lost.
    """

    words: str
    cohorts: tuple[int, ...]
    individual: tuple[int, ...]
    cohort_sd: tuple[float, ...] = (0.0, 0.0, 0.0)
    effect: tuple[float, ...] = (1.0, 2.0, 2.0)
    practice_means: tuple[float, ...] = (0.0, 3.0, -3.0)
    mean: float = 28.0
    by_baseline: float = -0.06
    hazard: float | None = -1.6


EVEN, GROWING = (2.5, 2.5, 2.5), (0.8, 2.6, 3.4)
DESIGNS = {
    "small 8 none": Design("8 cohorts, none alike; nobody is lost", (3, 3, 2), (14, 14, 14), hazard=None),
    "small 8 even": Design("8 cohorts, alike at every visit", (3, 3, 2), (14, 14, 14), EVEN),
    "small 12 growing": Design("12 cohorts, more alike with time", (4, 4, 4), (16, 16, 16), GROWING),
    "small 12 floor": Design(
        "12 cohorts, more alike with time; many scores of 0", (4, 4, 4), (16, 16, 16), GROWING,
        practice_means=(0.0, 0.0, 0.0), mean=15.0, by_baseline=0.0,
    ),
    "small 16 unequal": Design("16 cohorts, more alike with time; unequal practices", (10, 5, 1), (8, 14, 42), GROWING),
    "small 16 none": Design("16 cohorts, none alike; unequal practices", (1, 5, 10), (42, 14, 8)),
}  # fmt: skip


def _scores(design: Design, severity: np.ndarray, practice: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What each patient would score at each visit in individual format, before rounding (n, 3)."""
    n = len(severity)
    response = -10.0 - 0.2 * (severity - design.mean) + rng.normal(0, 6.0, n)
    level = severity + np.asarray(design.practice_means)[practice]
    return level[:, None] + RESPONSE * response[:, None] + rng.normal(0, 3.5, (n, len(VISITS)))


def _recorded(score: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(score), 0, HIGHEST)


@cache
def true_effect(name: str) -> float:
    """Group minus individual at month 3 on recorded scores: both potential outcomes of many patients."""
    design, rng = DESIGNS[name], np.random.default_rng(20261127)
    sizes = PATIENTS_PER_COHORT * np.asarray(design.cohorts) + np.asarray(design.individual)
    practice = rng.choice(len(sizes), MANY, p=sizes / sizes.sum())
    score = _scores(design, rng.normal(design.mean, 8.0, MANY), practice, rng)[:, AT]
    shared = rng.normal(0, 1.0, MANY) * design.cohort_sd[AT]
    return float(np.mean(_recorded(score + design.effect[AT] + shared) - _recorded(score)))


@dataclass(frozen=True)
class Drawn:
    """One draw, a number per patient: place of the practice, cohort (-1: none), baseline, age, and whether female.

    `score` (n, visits) is missing where it was not recorded.
    """

    practice: np.ndarray
    cohort: np.ndarray
    baseline: np.ndarray
    score: np.ndarray
    age: np.ndarray
    is_female: np.ndarray

    @property
    def frame(self) -> pd.DataFrame:
        """A row per patient and visit, the baseline among them, with the columns of an outcome frame."""
        cohort = self.cohort
        patients = pd.DataFrame(
            {
                "patient_id": [f"p{i:03d}" for i in range(len(cohort))],
                "practice": np.array(["A", "B", "C"])[self.practice],
                "format": np.where(cohort >= 0, "group", "individual"),
                "cohort_id": [f"c{i:02d}" if i >= 0 else None for i in cohort],
                "age": self.age,
                "sex": np.where(self.is_female, "female", "male"),
            }
        )
        parts = [patients.assign(visit="baseline", score=self.baseline)]
        parts += [patients.assign(visit=visit, score=self.score[:, k]) for k, visit in enumerate(VISITS)]
        return pd.concat(parts, ignore_index=True).dropna(subset="score", ignore_index=True)


def draw_design(name: str, seed: int) -> Drawn:
    """One draw of a design."""
    design, rng = DESIGNS[name], np.random.default_rng([sorted(DESIGNS).index(name), seed])
    sizes = PATIENTS_PER_COHORT * np.asarray(design.cohorts) + np.asarray(design.individual)
    practice = np.repeat(np.arange(len(sizes)), sizes)
    n = len(practice)
    severity = rng.normal(design.mean, 8.0, n)
    baseline = _recorded(severity + np.asarray(design.practice_means)[practice] + rng.normal(0, 3.5, n))
    # The places in groups of a practice go by log-odds: the highest of log-odds + Gumbel noise (Plackett-Luce).
    wish = design.by_baseline * baseline + rng.gumbel(size=n)
    cohort = np.full(n, -1)
    first = 0
    for place, count in enumerate(design.cohorts):
        here = np.flatnonzero(practice == place)
        chosen = here[np.argsort(-wish[here])[: PATIENTS_PER_COHORT * count]]
        cohort[rng.permutation(chosen)] = first + np.arange(len(chosen)) // PATIENTS_PER_COHORT
        first += count
    group = cohort >= 0
    shared = rng.normal(0, 1.0, first)[cohort, None] * np.asarray(design.cohort_sd)
    score = _scores(design, severity, practice, rng) + group[:, None] * (shared + np.asarray(design.effect))
    score = _recorded(score)
    score[~_seen(design, score, rng)] = np.nan
    return Drawn(practice, cohort, baseline, score, np.rint(rng.normal(42, 12, n)), rng.random(n) < 0.6)


def _seen(design: Design, score: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which scores are recorded (n, 3): the chance of loss looks at the last recorded score."""
    seen = np.ones(score.shape, bool)
    if design.hazard is None:
        return seen
    for visit in range(1, len(VISITS)):
        chance = 1 / (1 + np.exp(-(design.hazard + 0.06 * (score[:, visit - 1] - 20.0))))
        seen[:, visit] = seen[:, visit - 1] & (rng.random(len(score)) > chance)
    return seen
