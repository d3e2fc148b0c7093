"""Draws for the calibration: patients of two formats, one of them in cohorts, with no true difference."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from draws_together import Patients

VISITS = ("month 1", "month 2", "month 3", "month 6")
CONTRAST = 2  # month 3
BASELINE_MEAN, BASELINE_SD = 27.0, 9.0
COURSE = np.array([-7.7, -10.6, -11.8, -11.2])
BASELINE_SLOPE = 0.6
#: Patients within a format given their baseline: between patients, in their slopes, within.
PATIENT_SD, SLOPE_SD, OCCASION_SD = 6.0, 0.8, 4.5
MONTHS = np.array([1.0, 2.0, 3.0, 6.0])
#: Log-odds of being lost before a visit: more so with a higher last score; 40% are gone by month 3.
LOST_INTERCEPT, LOST_SLOPE = -1.93, 0.8


@dataclass(frozen=True)
class Cell:
    """One cell of the calibration."""

    cohorts: int
    icc: float
    dropout: float

    def seed(self, block: int) -> list[int]:
        """The seed of a block of draws in this cell."""
        return [2019, self.cohorts, round(100 * self.icc), round(100 * self.dropout), block]


def covariance() -> np.ndarray:
    """Covariance of a patient's four scores given the baseline and the cohort."""
    late = MONTHS - MONTHS.mean()
    return PATIENT_SD**2 * np.ones((4, 4)) + SLOPE_SD**2 * np.outer(late, late) + OCCASION_SD**2 * np.eye(4)


def cohort_sd(icc: float) -> float:
    """SD of the cohorts for an ICC given the baseline at month 3."""
    return float(np.sqrt(icc / (1 - icc) * covariance()[CONTRAST, CONTRAST]))


def draw_scores(cell: Cell, rng: np.random.Generator) -> Patients:
    """The patients with a score: as many individual patients were drawn as group patients."""
    sizes = rng.integers(3, 5, cell.cohorts)
    n_group = int(sizes.sum())
    cohort = np.concatenate([np.repeat(np.arange(cell.cohorts), sizes), np.full(n_group, -1)])
    baseline = BASELINE_MEAN + BASELINE_SD * rng.standard_normal(2 * n_group)
    effects = np.append(cohort_sd(cell.icc) * rng.standard_normal(cell.cohorts), 0.0)
    noise = rng.standard_normal((2 * n_group, 4)) @ np.linalg.cholesky(covariance()).T
    score = (
        BASELINE_MEAN + COURSE + BASELINE_SLOPE * (baseline - BASELINE_MEAN)[:, None] + effects[cohort][:, None] + noise
    )
    if cell.dropout:
        score = np.where(_seen(baseline, score, rng), score, np.nan)
    kept = ~np.isnan(score).all(axis=1)
    cohort = cohort[kept]
    cohort[cohort >= 0] = np.unique(cohort[cohort >= 0], return_inverse=True)[1]
    return Patients(cohort, baseline[kept] - BASELINE_MEAN, score[kept], np.empty((int(kept.sum()), 0)))


def as_frame(patients: Patients) -> pd.DataFrame:
    """One row per patient and visit that was reached."""
    patient, visit = np.nonzero(~np.isnan(patients.score))
    cohort = patients.cohort[patient]
    return pd.DataFrame(
        {
            "patient": patient,
            "visit": pd.Categorical.from_codes(visit, VISITS).reorder_categories(_contrast_first()),
            "score": patients.score[patient, visit],
            "baseline": patients.baseline[patient],
            "is_group": patients.is_group[patient].astype(float),
            "cohort": np.where(cohort < 0, np.nan, cohort),
        }
    )


def _contrast_first() -> list[str]:
    """Month 3 as the reference, so that the coefficient of the format is the contrast there."""
    return [VISITS[CONTRAST], *(name for at, name in enumerate(VISITS) if at != CONTRAST)]


def _seen(baseline: np.ndarray, score: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Who is still there: at random given the last recorded score."""
    here = np.ones(len(baseline), dtype=bool)
    last = baseline
    columns = []
    for at in range(score.shape[1]):
        logit = LOST_INTERCEPT + LOST_SLOPE * (last - 20) / 10
        here = here & (rng.random(len(baseline)) > 1 / (1 + np.exp(-logit)))
        columns.append(here)
        last = score[:, at]
    return np.column_stack(columns)
