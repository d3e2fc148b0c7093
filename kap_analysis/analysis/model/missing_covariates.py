"""Covariates that were not recorded: their expected value, or draws, given all that was known at the start.

A linear model that adjusts for a covariate x and for z is right with E(x | format, z) in place of a missing x, because
the mean of the score given format and z is linear in it (Little 1992, doi 10.1080/01621459.1992.10476282). The mean of
all patients with an indicator is not: it leaves the patients whose x is missing unadjusted for it (Groenwold et al.
2012, doi 10.1503/cmaj.110977). The scores are not used, so that nothing of the outcome comes back through a covariate.
Patients who lack the same covariates have regressions of their own, on what is known of them (Buck 1960, doi
10.1111/j.2517-6161.1960.tb00375.x): a regression on values that were themselves filled in would count them twice.
Where scores are imputed, the covariates are drawn with them, which weights need: an expected value tells the format.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

#: A column ``<covariate>_not_recorded`` of the model frame is 1 where the covariate was filled in.
FILLED: Final = "_not_recorded"
#: Recorded patients that each predictor of a covariate needs; otherwise fewer predict it.
PATIENTS_PER_PREDICTOR = 5
#: What predicts a covariate: all that is known of the same patients; of it what is known of everybody; format and
#: baseline alone, without a level per practice; nothing, so that the mean stands for it.
EVERYTHING, KNOWN, FEW, MEAN = "everything", "known of all", "format and baseline", "mean"
#: Columns whose correlations leave less than this of the largest eigenvalue say the same.
ALIKE = 1e-10
#: Covariates that miss each other's values are drawn in turn, so many times.
ROUNDS = 10


def incomplete_columns(people: pd.DataFrame, covariates: Sequence[str]) -> list[str]:
    """The covariates of which a patient's value was filled in."""
    return [name for name in covariates if f"{name}{FILLED}" in people]


def expected_columns(known: np.ndarray, few: int, values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Values with the missing ones predicted by linear regression on what is known of the same patients.

    Parameters
    ----------
    known : array (patients, predictors)
        Without missing values; the most needed first.
    few : int
        How many of the predictors are kept where few patients were recorded; of fewer still the mean is taken.
    values : array (patients, columns)
        NaN where missing.
    groups : int array (patients,)
        Practices, numbered from 0, with a level each; one that recorded none of a column has the level of all.
    """
    missing, filled = np.isnan(values), values.copy()
    patterns, of = np.unique(missing, axis=0, return_inverse=True)
    alone = np.zeros_like(groups)
    n_groups = len(np.unique(groups))
    for number, gone in enumerate(patterns):
        here = of.ravel() == number
        everything = np.column_stack([known, values[:, ~gone]])
        told = ~missing[:, ~gone].any(axis=1)
        for at in np.flatnonzero(gone):
            there = ~missing[:, at]
            n, columns = ((there & told).sum(), there.sum()), (everything.shape[1], known.shape[1], few)
            x, level, counts = {
                EVERYTHING: (everything, groups, there & told),
                KNOWN: (known, groups, there),
                FEW: (known[:, :few], alone, there),
                MEAN: (known[:, :0], alone, there),
            }[predictors(*n, columns, n_groups)]
            filled[here, at] = _predicted(x, values[:, at], level, counts)[here]
    return filled


def predictors(n_told: int, n_recorded: int, columns: tuple[int, int, int], n_groups: int) -> str:
    """What predicts a covariate: the most of what enough patients have.

    Parameters
    ----------
    n_told, n_recorded : int
        Patients with the covariate and all that is known of those who lack it; with the covariate.
    columns : tuple of int
        Predictors in all, of those that are known of everybody, and the most needed ones of these.
    n_groups : int
        Practices, which have a level each but for the most needed predictors alone.
    """
    needed = ((EVERYTHING, n_told, n_groups), (KNOWN, n_recorded, n_groups), (FEW, n_recorded, 1))
    for (kind, n, levels), predicting in zip(needed, columns, strict=True):
        if n >= PATIENTS_PER_PREDICTOR * (predicting + levels):
            return kind
    return MEAN


def _predicted(x: np.ndarray, y: np.ndarray, groups: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """What the regression of y on x among the patients who count, with a level per group, says of everybody."""
    both = np.column_stack([x, y])
    parts = [both[counts & (groups == group)] for group in range(groups.max() + 1)]
    total = sum((RegressionSums.of(part) for part in parts[1:]), RegressionSums.of(parts[0]))
    beta = total.slopes()[:, 0]
    means = np.array([part.mean(axis=0) if len(part) else total.total / total.n for part in parts])
    return np.asarray(means[groups, -1] + (x - means[groups, :-1]) @ beta)


@dataclass(frozen=True, slots=True)
class RegressionSums:
    """What a regression with a level per practice needs of one practice; the sums of several are added.

    Attributes
    ----------
    n : int
        Patients.
    total : array (columns,)
        Sums of the predictors, and of the responses, which are last.
    within : array (columns, columns)
        Cross-products about the means of the practice.
    """

    n: int
    total: np.ndarray
    within: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "RegressionSums":
        """Of the patients of one practice (patients, columns)."""
        apart = values - values.mean(axis=0) if len(values) else values
        return cls(len(values), values.sum(axis=0), apart.T @ apart)

    def __add__(self, other: "RegressionSums") -> "RegressionSums":
        return RegressionSums(self.n + other.n, self.total + other.total, self.within + other.within)

    def slopes(self, responses: int = 1) -> np.ndarray:
        """Least squares (predictors, responses), the last columns being the responses.

        Of predictors that say the same, the shortest solution on the scale of their spread.
        """
        x = len(self.within) - responses
        spread = np.sqrt(np.diag(self.within)[:x])
        spread[spread == 0] = 1.0
        correlations = self.within[:x, :x] / np.outer(spread, spread)
        towards = self.within[:x, x:] / spread[:, None]
        return np.asarray(np.linalg.pinv(correlations, rcond=ALIKE, hermitian=True) @ towards / spread[:, None])


def drawn_columns(
    known: np.ndarray, few: int, values: np.ndarray, *, weights: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """Values with the missing ones drawn given what is known and each other.

    Parameters
    ----------
    known, few, values
        As in `expected_columns`.
    weights : array (patients,)
        How often each patient counts in the regressions, as in a bootstrap sample.
    noise : array (patients, columns)
        Standard normal.
    """
    missing = np.isnan(values)
    root = np.sqrt(weights)
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
            left = (filled[counts, at] - x[counts] @ beta) * root[counts]
            freedom = max((root[counts] ** 2).sum() - x.shape[1], 1)
            filled[gone, at] = x[gone] @ beta + np.sqrt(left @ left / freedom) * noise[gone, at]
    return filled


def as_numbers(people: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Columns as numbers (patients, columns), one per level of a category except the first; the mean where missing."""
    if not columns:
        return np.empty((len(people), 0))
    numbers = pd.get_dummies(people[list(columns)], drop_first=True, dtype=float).astype(float)
    return numbers.fillna(numbers.mean()).fillna(0.0).to_numpy()
