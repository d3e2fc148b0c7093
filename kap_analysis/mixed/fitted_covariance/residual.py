"""The residual covariance within subjects, in batches of subjects with equally many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from kap_analysis.mixed.fitted_covariance.units import Units

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Sparse = Any  # scipy has no types


def residual_inverse(units: Units) -> Sparse:
    """R^-1 (n, n): weights over variances, or one inverse block per subject."""
    design, n = units.design, len(units.design.y)
    weights = np.ones(n) if design.weights is None else design.weights
    residual = design.residual
    if residual.subject is None:
        variances = np.array([float(value[0, 0]) for value in units.residual])
        return csr_array(diags_array(weights / variances[np.asarray(residual.stratum)]))
    subject, root = np.asarray(residual.subject), np.sqrt(weights)
    order = np.argsort(subject, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(subject[order]) != 0])
    lengths = np.diff(np.r_[starts, n])
    rows, columns, values = [], [], []
    for size in np.unique(lengths):
        places = order[starts[lengths == size][:, None] + np.arange(size)]
        inverse = np.linalg.inv(residual_blocks(units, places)) * root[places][:, :, None] * root[places][:, None, :]
        rows.append(np.repeat(places, size, axis=1).ravel())
        columns.append(np.tile(places, (1, size)).ravel())
        values.append(inverse.ravel())
    where = np.concatenate(rows), np.concatenate(columns)
    return csr_array((np.concatenate(values), where), shape=(n, n))


def residual_blocks(units: Units, places: Index) -> Array:
    """The residual covariance (b, s, s) of b subjects with s rows each, for weights of 1."""
    residual = units.design.residual
    visit = np.asarray(residual.visit)[places]
    stratum = np.asarray(residual.stratum)[places[:, 0]]
    return residual_covariance(units, stratum, visit[:, :, None], visit[:, None, :])


def residual_covariance(units: Units, stratum: Index, one: Array | Index, other: Array | Index) -> Array:
    """The residual covariance between visits (or times) of the same subjects, whose strata stand in the first axis."""
    stratum = stratum.reshape((-1,) + (1,) * (one.ndim - 1))
    return units.design.residual.structure.covariance(np.stack(units.residual), stratum, one, other)
