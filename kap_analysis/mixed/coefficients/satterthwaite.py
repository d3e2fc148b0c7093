"""Degrees of freedom by matching the variance of a variance (Satterthwaite 1946; Fai & Cornelius 1996)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def row_df(rows: Array, unscaled_cov: Array, s1: Array, w: Array) -> Array:
    """2 v^2 / (g' W g) for each row l, with v = l' (X'V^-1 X)^-1 l and g_j its derivative along element j of V.

    Parameters
    ----------
    rows : numpy.ndarray
        (l, p).
    unscaled_cov : numpy.ndarray
        (p, p): (X'V^-1 X)^-1.
    s1 : numpy.ndarray
        (m, p, p): derivatives of X'V^-1 X.
    w : numpy.ndarray
        (m, m): covariance of the elements of V.
    """
    along = rows @ unscaled_cov
    variance = np.einsum("lp,lp->l", along, rows)
    slope = -((along @ s1) * along).sum(axis=2).T
    spread = np.einsum("lj,jk,lk->l", slope, w, slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(spread > 0, 2 * variance**2 / spread, np.inf)
    return np.where(variance > 0, df, np.nan)


def uncorrelated_rows(rows: Array, covariance: Array) -> Array:
    """Combinations of the rows of L whose estimates are uncorrelated: the eigenvectors of their covariance times L.

    As lmerTest's ``contestMD`` does it, for the rows as they stand: another basis of the same hypothesis has other
    eigenvectors, and where the df of the rows differ, slightly other df. Rows that others imply are left out.
    """
    values, vectors = np.linalg.eigh(rows @ covariance @ rows.T)
    kept = values > np.sqrt(np.finfo(float).eps) * max(values[-1], 0.0)
    return np.asarray(vectors[:, kept].T[::-1] @ rows)


def f_df(df: Array) -> float:
    """Denominator df of an F that averages independent t^2 with these df, as lmerTest's ``get_Fstat_ddf``."""
    if np.isinf(df).all():
        return np.inf
    if (np.abs(np.diff(df)) < 1e-8).all():
        return float(np.mean(df))
    if not (df > 2).all():
        return 2.0  # a t^2 with 2 df or fewer has no mean
    expected = float(np.sum(1 / (1 - 2 / df)))
    return 2 * expected / (expected - len(df)) if expected > len(df) else np.inf
