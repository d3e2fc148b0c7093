"""The propensity score (the probability of group format given the covariates) and weights based on it."""

from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit, xlogy

from kap_analysis.errors import AnalysisError

#: In a denominator, probabilities outside these limits are set to them.
PROPENSITY_LIMITS: Final = (0.01, 0.99)
#: Percentiles at which inverse-probability weights are truncated.
TRUNCATION: Final = (1.0, 99.0)
#: The logistic regression ends when a step changes the deviance by less, or after so many steps.
DEVIANCE_CHANGE: Final = 1e-8
MOST_STEPS: Final = 100


def estimate_propensity(design: pd.DataFrame | np.ndarray, group: np.ndarray) -> np.ndarray:
    """Probability of group format by logistic regression.

    Parameters
    ----------
    design : (patients, covariates)
        Numbers, without a constant.
    group : (patients,)
        1 for group, 0 for individual format.

    Raises
    ------
    AnalysisError
        If the covariates separate the formats completely.
    """
    x = np.asarray(design, float)
    spread = x.std(axis=0)
    scaled = (x[:, spread > 0] - x[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    constant_and_covariates = np.column_stack([np.ones(len(group)), scaled])
    try:
        fitted = _fit(constant_and_covariates, group)
    except np.linalg.LinAlgError as error:  # weights of 0
        raise AnalysisError(_SEPARATED) from error
    if not np.all(np.isfinite(fitted)) or np.all(np.minimum(fitted, 1 - fitted) < 1e-6):
        raise AnalysisError(_SEPARATED)
    return fitted


_SEPARATED: Final = (
    "The covariates separate group from individual patients completely, so no weights can balance the formats; "
    "use fewer covariates, or report that the formats treat different patients."
)


def stabilised_weights(propensity: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Inverse-probability weights times the share of the format, truncated at `TRUNCATION`; the mean is near 1."""
    bounded = np.clip(propensity, *PROPENSITY_LIMITS)
    share = group.mean()
    raw = np.where(group == 1, share / bounded, (1 - share) / (1 - bounded))
    return np.clip(raw, *np.percentile(raw, TRUNCATION))


def overlap_weights(propensity: np.ndarray, group: np.ndarray) -> np.ndarray:
    """One minus the probability of the format that the patient was in."""
    return np.where(group == 1, 1 - propensity, propensity)


def _fit(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Fitted probabilities (patients,) by iteratively reweighted least squares, as statsmodels' GLM has them.

    It is repeated in every bootstrap sample, where the checks and tables of a general model cost more than the fit.
    """
    fitted = (group + 0.5) / 2
    linear = np.log(fitted / (1 - fitted))
    deviance = np.inf
    for _ in range(MOST_STEPS):
        weight = fitted * (1 - fitted)
        root = np.sqrt(weight)
        working = linear + (group - fitted) / np.maximum(weight, np.finfo(float).tiny)
        linear = x @ np.linalg.lstsq(root[:, None] * x, root * working, rcond=None)[0]
        fitted = expit(linear)
        before = deviance
        deviance = -2 * float(np.sum(xlogy(group, fitted) + xlogy(1 - group, 1 - fitted)))
        if abs(before - deviance) < DEVIANCE_CHANGE:
            break
    return np.asarray(fitted)
