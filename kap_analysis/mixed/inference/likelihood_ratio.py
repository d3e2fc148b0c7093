"""Likelihood-ratio comparison of two nested fits, with variances on their boundary treated as such.

Self & Liang 1987, doi:10.1080/01621459.1987.10478472; Stram & Lee 1994, doi:10.2307/2533455.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from kap_analysis.mixed.coefficients.information import seen_information
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel


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
        "chi-squared", or the mixture of chi-squared distributions where one or two added variances could be 0.
    table : pandas.DataFrame
        One row per model: ``model formula n_parameters criterion statistic df p_value``.
    """

    statistic: float
    df: int
    p_value: float
    criterion: str
    reference: str
    table: pd.DataFrame


def compare_likelihoods(one: FittedModel, other: FittedModel) -> LikelihoodRatio:
    """Whether the larger of two nested models fits better than expected by chance.

    Parameters
    ----------
    one, other : FittedModel
        Two fits of the same response on the same rows; which is larger is found from their parameters.

    Returns
    -------
    LikelihoodRatio
        Fits whose fixed parts differ are refitted by ML, as are two fits of which one is ML. One added variance (with
        any covariances of it) is referred to a 50:50 mixture of chi-squared with df - 1 and df; two added variances
        without a covariance between them to the mixture with df - 2, df - 1 and df whose weights follow from their
        information under the smaller model (case 7 of Self & Liang). More have no closed reference, and the chi-squared
        that is used for them gives a p-value that is too large, never too small.

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
    p_value, reference = _reference(small, large, statistic, df)
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


def _reference(small: FittedModel, large: FittedModel, statistic: float, df: int) -> tuple[float, str]:
    """The p-value and the words for its reference distribution."""
    added = _added(small, large, "var(")
    if not added:
        return float(chdtrc(df, statistic)), f"chi-squared({df})"
    if len(added) == 1:
        p_value = 0.5 * _tail(df - 1, statistic) + 0.5 * _tail(df, statistic)
        return p_value, f"half chi-squared({df - 1}), half chi-squared({df})"
    if len(added) == 2 and not _added(small, large, "cov("):
        none, both = _shares(large, added)
        p_value = none * _tail(df - 2, statistic) + 0.5 * _tail(df - 1, statistic) + both * _tail(df, statistic)
        words = f"{none:.3f} chi-squared({df - 2}), half chi-squared({df - 1}), {both:.3f} chi-squared({df})"
        return p_value, words
    return _tail(df, statistic), f"chi-squared({df}), an upper bound: {len(added)} variances could be 0"


def _tail(df: int, statistic: float) -> float:
    """P(chi-squared >= statistic); all of it stands at 0 for df of 0."""
    return float(chdtrc(df, statistic)) if df > 0 else float(statistic <= 0)


def _added(small: FittedModel, large: FittedModel, kind: str) -> list[str]:
    """Parameters of random effects that the larger model adds, where variances are kept at 0 or above."""
    if not large.settings.bounded:
        return []
    return [name for name in large.theta.index if name.startswith(kind) and name not in small.theta.index]


def _shares(large: FittedModel, added: list[str]) -> tuple[float, float]:
    """How often none, and how often both of two variances are estimated above 0 where both are 0.

    Far from small samples their unbounded estimates are normal around 0 with the inverse information as covariance:
    both are positive with probability 1/4 + arcsin(r) / 2 pi, and the bounded estimates are both 0 in what is left of
    one half.
    """
    settings = large.settings
    held = {**settings.fixed, **dict.fromkeys(added, 0.0)}
    null = large.model.fit(settings.reml, "satterthwaite", fixed=held)
    information, _, _ = seen_information(null.solution, "expected")
    names = large.model.parameters.names
    moved = [at for at, name in enumerate(names) if name not in settings.fixed]
    here = [[names[at] for at in moved].index(name) for name in added]
    covariance = np.linalg.inv(information[np.ix_(moved, moved)])[np.ix_(here, here)]
    correlation = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    both = 0.25 + float(np.arcsin(correlation)) / (2 * np.pi)
    return 0.5 - both, both


def _n_parameters(fit: FittedModel) -> int:
    """Coefficients and free covariance parameters."""
    return len(fit.beta) + len(fit.theta) - len(fit.settings.fixed or {})


def _rank(x: np.ndarray) -> int:
    """The rank of columns brought to the same length."""
    return int(np.linalg.matrix_rank(x / np.linalg.norm(x, axis=0)))


def _same_space(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two designs span the same space."""
    return a.shape[1] == b.shape[1] and _rank(np.hstack([a, b])) == a.shape[1]


def _same_data(one: FittedModel, other: FittedModel) -> None:
    """Raise unless both fits are of the same response on the same rows."""
    if len(one.design.y) != len(other.design.y):
        raise MixedModelError(
            f"The fits used {len(one.design.y)} and {len(other.design.y)} rows: "
            "drop the rows with missing values in either first."
        )
    if not np.array_equal(one.design.y, other.design.y):
        raise MixedModelError("The fits have different responses, or the same rows in another order.")
