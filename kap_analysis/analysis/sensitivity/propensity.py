"""The propensity score (the probability of group format given the covariates) and weights based on it."""

import warnings
from typing import Final

import numpy as np
import pandas as pd
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

from kap_analysis.errors import AnalysisError

#: In a denominator, probabilities outside these limits are set to them.
PROPENSITY_LIMITS: Final = (0.01, 0.99)
#: Percentiles at which inverse-probability weights are truncated.
TRUNCATION: Final = (1.0, 99.0)


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
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", PerfectSeparationWarning)  # judged below, in words
            fitted = _fit(constant_and_covariates, group)
    except PerfectSeparationError as error:
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
    model = GLM(group, x, family=Binomial())
    return np.asarray(model.fit(maxiter=100).fittedvalues)
