"""Inverses and factors of many small matrices, of which some may not be positive definite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def inverses(a: Array) -> tuple[Array, Array, Mask]:
    """Inverses of A (..., q, q), logarithms of their determinants, and which determinants are above 0.

    Where one is not, its inverse is the identity. Sizes 1 and 2 are written out, as in `likelihood.batch.inverse`.
    """
    q = a.shape[-1]
    if q == 0:
        return a, np.zeros(a.shape[:-2]), np.ones(a.shape[:-2], dtype=bool)
    if q > 2:
        sign, logs = np.linalg.slogdet(a)
        good = (sign > 0) & np.isfinite(logs)
        inverse, good = inverses_of_good(a, good)
        return inverse, np.where(good, logs, 0.0), good
    cofactors = np.ones_like(a)
    if q == 1:
        det = a[..., 0, 0]
    else:
        det = a[..., 0, 0] * a[..., 1, 1] - a[..., 0, 1] * a[..., 1, 0]
        cofactors[..., 0, 0], cofactors[..., 1, 1] = a[..., 1, 1], a[..., 0, 0]
        cofactors[..., 0, 1], cofactors[..., 1, 0] = -a[..., 0, 1], -a[..., 1, 0]
    good = det > 0
    det = np.where(good, det, 1.0)
    found = np.where(good[..., None, None], cofactors / det[..., None, None], np.eye(q))
    return found, np.log(det), good


def inverses_of_good(a: Array, good: Mask) -> tuple[Array, Mask]:
    """Inverses where A is good, the identity elsewhere, and where there is one: a singular A may have a factor."""
    whole = np.where(good[..., None, None], a, np.eye(a.shape[-1]))
    try:
        return np.linalg.inv(whole), good
    except np.linalg.LinAlgError:
        good = good & (np.linalg.matrix_rank(whole) == a.shape[-1])
        return np.linalg.inv(np.where(good[..., None, None], a, np.eye(a.shape[-1]))), good


def cholesky_factors(a: Array) -> tuple[Array, Mask]:
    """Lower triangular factors of A (..., q, q), the identity where A is not positive definite, and where it is."""
    good: Mask = np.ones(a.shape[:-2], dtype=np.bool_)
    try:
        return np.asarray(np.linalg.cholesky(a), dtype=float), good
    except np.linalg.LinAlgError:
        pass
    out = np.broadcast_to(np.eye(a.shape[-1]), a.shape).copy()
    for at in np.ndindex(a.shape[:-2]):
        try:
            out[at] = np.linalg.cholesky(a[at])
        except np.linalg.LinAlgError:
            good[at] = False
    return out, good
