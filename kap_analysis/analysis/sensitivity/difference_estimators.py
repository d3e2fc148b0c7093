"""Group minus individual at one visit by regression, by weights, and by both."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.sensitivity.propensity import (
    PROPENSITY_LIMITS,
    estimate_propensity,
    overlap_weights,
    stabilised_weights,
)
from kap_analysis.columns import BASELINE
from kap_analysis.errors import AnalysisError

REGRESSION: Final = "regression"
DOUBLY_ROBUST: Final = "doubly robust"
#: Share of the patients below which what the covariates leave of the format is rounding error.
NOT_TOLD_APART: Final = 1e-9
OF_ALL: Final = "all patients (ATE)"
#: Method -> whose difference it estimates; the order is that of `all_differences`.
ESTIMANDS: Final = {
    REGRESSION: "difference given the covariates",
    "inverse-probability weights": OF_ALL,
    "overlap weights": "patients who might be in either (ATO)",
    DOUBLY_ROBUST: OF_ALL,
}


def covariate_matrix(people: pd.DataFrame, covariates: tuple[str, ...]) -> pd.DataFrame:
    """Baseline and covariates as numbers, without a constant: one column per level except the first."""
    matrix = pd.get_dummies(people[[BASELINE, *covariates]], drop_first=True, dtype=float)
    return matrix.loc[:, matrix.nunique() > 1]


def all_differences(design: np.ndarray, group: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The difference by each method of `ESTIMANDS`.

    Parameters
    ----------
    design : array (patients, covariates)
        Without a constant.
    group, score : arrays (patients,)
    """
    propensity = estimate_propensity(design, group)
    ipw = weighted_difference(score, group, stabilised_weights(propensity, group))
    overlap = weighted_difference(score, group, overlap_weights(propensity, group))
    robust = _doubly_robust(design, group, score, propensity)
    return np.array([regression_difference(design, group, score)[0], ipw, overlap, robust])


def overlaps(design: np.ndarray, group: np.ndarray) -> bool:
    """Whether the covariates of each patient are in the span of those of both formats.

    Where they are not (a practice with patients of one format), what such patients would score in the other format is
    not estimable, and so no average over all patients.
    """
    x = np.column_stack([np.ones(len(group)), design])
    whole = np.linalg.matrix_rank(x)
    return all(np.linalg.matrix_rank(x[group == arm]) == whole for arm in (0, 1))


def regression_difference(design: np.ndarray, group: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The difference (1,) by least squares, adjusted for the columns of `design`.

    Raises
    ------
    AnalysisError
        When the format cannot be told apart from these columns.
    """
    x = np.column_stack([np.ones(len(group)), group, design])
    beta, _, rank, _ = np.linalg.lstsq(x, score, rcond=None)
    if rank < x.shape[1]:  # then the shortest solution shares the difference out among the columns
        others = np.delete(x, 1, axis=1)
        left = group - others @ np.linalg.lstsq(others, group, rcond=None)[0]
        if left @ left < NOT_TOLD_APART * len(group):
            raise AnalysisError("The formats cannot be told apart from the covariates, such as practices of their own.")
    return np.asarray(beta[1:2])


def weighted_difference(values: np.ndarray, group: np.ndarray, weights: np.ndarray) -> float:
    """Weighted mean of the group format minus that of the individual format."""
    means = [np.average(values[group == arm], weights=weights[group == arm]) for arm in (0, 1)]
    return float(means[1] - means[0])


def _doubly_robust(design: np.ndarray, group: np.ndarray, score: np.ndarray, propensity: np.ndarray) -> float:
    """Augmented inverse-probability weighting: right if either the propensity or the regression model is."""
    x = np.column_stack([np.ones(len(group)), design])
    predicted = {arm: x @ np.linalg.lstsq(x[group == arm], score[group == arm], rcond=None)[0] for arm in (0, 1)}
    bounded = np.clip(propensity, *PROPENSITY_LIMITS)
    treated = predicted[1] + group * (score - predicted[1]) / bounded
    untreated = predicted[0] + (1 - group) * (score - predicted[0]) / (1 - bounded)
    return float(np.mean(treated - untreated))
