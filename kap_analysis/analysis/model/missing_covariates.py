"""Covariates that were not recorded: their expected value, or draws, given all that was known at the start.

A linear model that adjusts for a covariate x and for z is right with E(x | format, z) in place of a missing x, because
the mean of the score given format and z is linear in it (Little 1992, doi 10.1080/01621459.1992.10476282). The mean of
all patients with an indicator is not: it leaves the patients whose x is missing unadjusted for it (Groenwold et al.
2012, doi 10.1503/cmaj.110977). The scores are not used, so that nothing of the outcome comes back through a covariate.
Where scores are imputed, the covariates are drawn with them, which weights need: an expected value tells the format.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

#: A column ``<covariate>_not_recorded`` of the model frame is 1 where the covariate was filled in.
FILLED: Final = "_not_recorded"
#: Recorded patients that each predictor of a covariate needs; otherwise format and baseline alone predict it.
PATIENTS_PER_PREDICTOR = 5
#: Covariates that miss each other's values are predicted in turn, so many times.
ROUNDS = 10


def incomplete_columns(people: pd.DataFrame, covariates: Sequence[str]) -> list[str]:
    """The covariates of which a patient's value was filled in."""
    return [name for name in covariates if f"{name}{FILLED}" in people]


def complete_columns(
    known: np.ndarray,
    few: int,
    values: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    noise: np.ndarray | None = None,
) -> np.ndarray:
    """Values with the missing ones predicted by linear regression on what is known and on each other.

    Parameters
    ----------
    known : array (patients, predictors)
        Without missing values; the most needed first.
    few : int
        How many of the predictors are kept where few patients were recorded.
    values : array (patients, columns)
        NaN where missing.
    weights : array (patients,), optional
        How often each patient counts in the regressions, as in a bootstrap sample. Default: once.
    noise : array (patients, columns), optional
        Standard normal: values are drawn and not expected.
    """
    missing = np.isnan(values)
    root = np.sqrt(np.ones(len(values)) if weights is None else weights)
    filled = np.where(missing, np.nanmean(values, axis=0), values)
    constant = np.ones((len(values), 1))
    for _ in range(ROUNDS if missing.any(axis=0).sum() > 1 else 1):
        for at in np.flatnonzero(missing.any(axis=0)):
            gone = missing[:, at]
            x = np.column_stack([constant, known, np.delete(filled, at, axis=1)])
            counts = ~gone & (root > 0)
            if counts.sum() < PATIENTS_PER_PREDICTOR * x.shape[1]:
                x = x[:, : few + 1]
            beta = np.linalg.lstsq(x[counts] * root[counts, None], filled[counts, at] * root[counts], rcond=None)[0]
            filled[gone, at] = x[gone] @ beta
            if noise is not None:
                left = (filled[counts, at] - x[counts] @ beta) * root[counts]
                freedom = max((root[counts] ** 2).sum() - x.shape[1], 1)
                filled[gone, at] += np.sqrt(left @ left / freedom) * noise[gone, at]
    return filled


def as_numbers(people: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Columns as numbers (patients, columns), one per level of a category except the first; the mean where missing."""
    if not columns:
        return np.empty((len(people), 0))
    numbers = pd.get_dummies(people[list(columns)], drop_first=True, dtype=float).astype(float)
    return numbers.fillna(numbers.mean()).fillna(0.0).to_numpy()
