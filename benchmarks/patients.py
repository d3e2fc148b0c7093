"""Simulated patients at six monthly visits, any number of them, for the timings."""

import numpy as np
import pandas as pd

VISITS = 6
COHORT_SIZE = 4
COHORT_SD = 3.0


def draw_patients(n_patients: int, seed: int = 235) -> pd.DataFrame:
    """One row per patient and visit that was reached: scores at months 0 to 5, 0.4 of the patients in cohorts of 4.

    A quarter of the patients is lost on the way. Individual patients have a cohort label of their own, as lme4 needs.
    """
    rng = np.random.default_rng([seed, n_patients])
    is_group = np.arange(n_patients) < round(0.4 * n_patients)
    cohort = np.where(is_group, np.arange(n_patients) // COHORT_SIZE, np.arange(n_patients))
    cohort = np.unique(np.where(is_group, cohort, n_patients + cohort), return_inverse=True)[1]
    practice = rng.integers(0, 3, n_patients)
    reached = np.where(rng.random(n_patients) < 0.25, rng.integers(1, VISITS, n_patients), VISITS)
    effects = rng.standard_normal((n_patients, 2)) @ np.array([[7.0, 0.0], [-0.2, 0.9]]).T
    shared = np.where(is_group, (COHORT_SD * rng.standard_normal(cohort.max() + 1))[cohort], 0.0)
    patient = np.repeat(np.arange(n_patients), reached)
    month = np.arange(len(patient)) - np.repeat(np.cumsum(reached) - reached, reached)
    score = 25 + effects[patient, 0] + (effects[patient, 1] - 2.0) * month + shared[patient]
    names = np.array([f"c{at:07d}" for at in range(cohort.max() + 1)])
    return pd.DataFrame(
        {
            "patient": patient,
            "practice": np.array(["A", "B", "C"])[practice][patient],
            "format": np.where(is_group, "group", "individual")[patient],
            "cohort": names[cohort[patient]],
            "age": np.round(rng.normal(45, 12, n_patients))[patient],
            "month": month,
            "score": score + 5 * rng.standard_normal(len(patient)),
            "is_group": is_group.astype(float)[patient],
        }
    )


def after_baseline(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows after month 0 with the score there as a covariate, and the visit as text."""
    baseline = frame.loc[frame["month"] == 0].set_index("patient")["score"]
    later = frame[frame["month"] > 0]
    return later.assign(
        baseline=later["patient"].map(baseline), visit="month " + later["month"].astype(str)
    ).reset_index(drop=True)
