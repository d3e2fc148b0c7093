"""Several tests at once: adjusted p-values and interval multipliers.

Holm 1979 (step-down, always valid); Tukey's studentised range for all pairs of means (Tukey 1949, Kramer 1956).
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from kap_analysis.mixed.coefficients.estimates import two_sided_p
from kap_analysis.mixed.errors import MixedModelError, require_name

ADJUSTMENTS = ("none", "bonferroni", "holm", "tukey")


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values by Holm's step-down rule: each smallest remaining p times the number of those that remain."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)
    steps = np.arange(len(p_values), 0, -1) * p_values[order]
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def adjust_tests(
    statistic: np.ndarray, df: np.ndarray, *, adjustment: str, level: float, n_means: int, pairwise: bool
) -> tuple[np.ndarray, np.ndarray]:
    """p-values and interval multipliers of one family of contrasts.

    Parameters
    ----------
    statistic, df : numpy.ndarray
        The t statistics and their degrees of freedom.
    adjustment : {"none", "bonferroni", "holm", "tukey"}
        With "holm" the intervals are Bonferroni's, since Holm's rule has none; with "tukey" both follow the studentised
        range of ``n_means`` means.
    level : float
        Confidence level of the whole family.
    n_means : int
        How many means the contrasts compare.
    pairwise : bool
        Whether the contrasts are all pairs; "tukey" needs it.

    Returns
    -------
    tuple of numpy.ndarray
        p-values, and the factors that times the standard error give half the interval.
    """
    require_name(adjustment, ADJUSTMENTS, "adjustment for several tests")
    p_values = two_sided_p(statistic, df)
    if adjustment in ("bonferroni", "holm"):
        adjusted = holm(p_values) if adjustment == "holm" else np.minimum(len(p_values) * p_values, 1)
        return adjusted, stdtrit(df, 1 - (1 - level) / (2 * len(p_values)))
    if adjustment == "tukey":
        if not pairwise:
            raise MixedModelError("Tukey's adjustment is for all pairs of means; use 'holm' for other contrasts.")
        if n_means > 2:
            return _studentised_range(statistic, df, level, n_means)
    return p_values, stdtrit(df, (1 + level) / 2)


def _studentised_range(
    statistic: np.ndarray, df: np.ndarray, level: float, n_means: int
) -> tuple[np.ndarray, np.ndarray]:
    """Tail and quantile of the range of ``n_means`` normal means over an independent standard deviation."""
    from scipy.stats import studentized_range  # costs as much as pandas at import, and few calls need it

    root = np.sqrt(2)
    p_values = studentized_range.sf(np.abs(statistic) * root, n_means, df)
    return np.clip(p_values, 0, 1), studentized_range.ppf(level, n_means, df) / root
