"""Likelihood-ratio comparison of two nested fits, with variances on their boundary treated as such.

Self & Liang 1987, doi:10.1080/01621459.1987.10478472; Stram & Lee 1994, doi:10.2307/2533455.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from kap_analysis.mixed.errors import MixedModelError

if TYPE_CHECKING:
    from kap_analysis.mixed.results import MixedResults


@dataclass(frozen=True)
class LikelihoodRatio:
    """The comparison of a smaller with a larger model.

    Attributes
    ----------
    statistic : float
        Difference of -2 log likelihood.
    df : int
        Parameters that the larger model adds.
    p_value : float
        From the reference distribution named in ``reference``.
    criterion : str
        "ML" or "REML"; models with different fixed parts were refitted by ML.
    reference : str
        "chi-squared", or the half-and-half mixture where one added variance could be 0.
    table : pandas.DataFrame
        One row per model: ``model formula n_parameters criterion statistic df p_value``.
    """

    statistic: float
    df: int
    p_value: float
    criterion: str
    reference: str
    table: pd.DataFrame


def compare_likelihoods(one: MixedResults, other: MixedResults) -> LikelihoodRatio:
    """Whether the larger of two nested models fits better than chance would have it.

    Parameters
    ----------
    one, other : MixedResults
        Two fits of the same response on the same rows; which is larger is found from their parameters.

    Returns
    -------
    LikelihoodRatio
        Fits whose fixed parts differ are refitted by ML, as are two fits of which one is ML. One added variance (with
        any covariances of it) is referred to a 50:50 mixture of chi-squared with df - 1 and df; several added
        variances have no closed reference, and the chi-squared that is used for them gives a p-value that is too
        large, never too small.

    Raises
    ------
    MixedModelError
        When the fits are of different rows or responses, have as many parameters, or are not nested.
    """
    _same_data(one, other)
    same_fixed = _same_space(one.design.x, other.design.x)
    if not (same_fixed and one.settings.reml == other.settings.reml):
        one, other = one.ml, other.ml
    small, large = sorted((one, other), key=_n_parameters)
    df = _n_parameters(large) - _n_parameters(small)
    if df == 0:
        raise MixedModelError(
            "Both models have the same number of parameters: a likelihood ratio compares nested models."
        )
    if _rank(np.hstack([small.design.x, large.design.x])) > large.design.x.shape[1]:
        raise MixedModelError("The fixed part of the smaller model is not contained in that of the larger one.")
    statistic = float(small.criterion - large.criterion)
    if statistic < -1e-6 * max(1.0, abs(small.criterion)):
        raise MixedModelError(
            f"The model with more parameters fits worse by {-statistic:.6g}: the models are not nested. "
            "Compare them by aic."
        )
    statistic = max(statistic, 0.0)
    added = _added_variances(small, large)
    p_value, reference = _tail(statistic, df, added)
    criterion = "REML" if large.settings.reml else "ML"
    table = pd.DataFrame(
        {
            "model": ["smaller", "larger"],
            "formula": [small.formula, large.formula],
            "n_parameters": [_n_parameters(small), _n_parameters(large)],
            "criterion": [small.criterion, large.criterion],
            "statistic": [np.nan, statistic],
            "df": [np.nan, df],
            "p_value": [np.nan, p_value],
        }
    )
    return LikelihoodRatio(statistic, df, p_value, criterion, reference, table)


def _tail(statistic: float, df: int, added: int) -> tuple[float, str]:
    """The p-value and the words for its reference distribution."""
    if added == 0:
        return float(chdtrc(df, statistic)), f"chi-squared({df})"
    if added == 1:
        lower = float(chdtrc(df - 1, statistic)) if df > 1 else float(statistic <= 0)
        return 0.5 * lower + 0.5 * float(chdtrc(df, statistic)), f"half chi-squared({df - 1}), half chi-squared({df})"
    return float(chdtrc(df, statistic)), f"chi-squared({df}), an upper bound: {added} variances could be 0"


def _added_variances(small: MixedResults, large: MixedResults) -> int:
    """How many variances of random effects the larger model adds, where they are kept at 0 or above."""
    if not large.settings.bounded:
        return 0
    return sum(name.startswith("var(") and name not in small.theta.index for name in large.theta.index)


def _n_parameters(fit: MixedResults) -> int:
    """Coefficients and free covariance parameters."""
    return len(fit.beta) + len(fit.theta) - len(fit.settings.fixed or {})


def _rank(x: np.ndarray) -> int:
    """The rank of columns brought to the same length."""
    return int(np.linalg.matrix_rank(x / np.linalg.norm(x, axis=0)))


def _same_space(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two designs span the same space."""
    return a.shape[1] == b.shape[1] and _rank(np.hstack([a, b])) == a.shape[1]


def _same_data(one: MixedResults, other: MixedResults) -> None:
    """Raise unless both fits are of the same response on the same rows."""
    if len(one.design.y) != len(other.design.y):
        raise MixedModelError(
            f"The fits used {len(one.design.y)} and {len(other.design.y)} rows: "
            "drop the rows with missing values in either first."
        )
    if not np.array_equal(one.design.y, other.design.y):
        raise MixedModelError("The fits have different responses, or the same rows in another order.")
