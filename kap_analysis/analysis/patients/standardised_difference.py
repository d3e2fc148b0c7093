"""Standardised differences: how far two groups differ on a characteristic, in standard deviations.

Continuous: (mean_1 - mean_0) / sqrt((s_1^2 + s_0^2) / 2). Categorical: the Mahalanobis distance between the two
vectors of shares under the average of their multinomial covariances (Yang & Dalton 2012, SAS Global Forum 335),
over all levels, so the choice of a reference level does not matter. Levels that only one group has are allowed: if the
groups share no variance in the direction in which they differ, the distance is infinite, not missing.
"""

import numpy as np
import pandas as pd

#: Relative size below which a direction of the pooled covariance counts as having no variance.
_EMPTY_DIRECTION = 1e-10


def standardised_mean_difference(reference: pd.Series, other: pd.Series) -> float:
    """Standardised mean difference of a number, other minus reference; missing values left out.

    Returns 0 for equal constants, plus or minus infinity for different constants, NaN without data in either group.
    """
    first, second = reference.dropna().to_numpy(float), other.dropna().to_numpy(float)
    if min(len(first), len(second)) == 0:
        return np.nan
    difference = second.mean() - first.mean()
    pooled = np.sqrt((_variance(first) + _variance(second)) / 2)
    if pooled == 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return float(difference / pooled)


def standardised_share_difference(reference: pd.Series, other: pd.Series) -> float:
    """Standardised difference of a category; missing values left out.

    Two levels: signed, positive where the second level in sorted order (for instance "yes", or True) is more
    frequent in `other`. More than two levels: a distance, never negative.
    """
    first, second = reference.dropna().astype("str"), other.dropna().astype("str")
    if min(len(first), len(second)) == 0:
        return np.nan
    levels = sorted(set(first) | set(second))
    p0 = np.array([(first == level).mean() for level in levels])
    p1 = np.array([(second == level).mean() for level in levels])
    distance = _mahalanobis(p1 - p0, (_multinomial_covariance(p0) + _multinomial_covariance(p1)) / 2)
    return float(np.copysign(distance, p1[1] - p0[1])) if len(levels) == 2 else distance


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _multinomial_covariance(shares: np.ndarray) -> np.ndarray:
    return np.diag(shares) - np.outer(shares, shares)


def _mahalanobis(difference: np.ndarray, covariance: np.ndarray) -> float:
    if not difference.any():
        return 0.0
    values, vectors = np.linalg.eigh(covariance)
    along = vectors.T @ difference
    empty = values <= _EMPTY_DIRECTION * max(values.max(), 1.0)
    if np.abs(along[empty]).max(initial=0.0) > np.sqrt(_EMPTY_DIRECTION):
        return float("inf")
    return float(np.sqrt(np.sum(along[~empty] ** 2 / values[~empty])))
