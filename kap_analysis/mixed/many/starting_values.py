"""Where the searches begin, and which data sets cannot tell their covariance parameters apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import lower_indices
from kap_analysis.mixed.covariance.unstructured import Unstructured
from kap_analysis.mixed.estimation.boundary import SINGULAR
from kap_analysis.mixed.estimation.identifiability import NO_RESIDUAL
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.estimation.starting_values import ROUNDING
from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.many.criterion import ManyCriterion
from kap_analysis.mixed.many.newton import ManySearch
from kap_analysis.mixed.many.parameters import elements_of, jacobians, matrices_of, parameters_of
from kap_analysis.mixed.many.sums import ManySums, unpacked

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def starting_elements_of_each(sums: ManySums, parameters: Parameters, bar_share: float) -> Array:
    """Elements to begin with (d, m), as `estimation.starting_values.starting_elements`."""
    bars = [part for part in parameters.parts if part.is_bar]
    rest = 1.0 - bar_share if bars else 1.0
    eta = np.zeros((len(sums), sums.n_elements))
    for part in parameters.parts:
        rows, columns = lower_indices(part.size)
        if part.is_bar:
            eta[:, part.elements] = np.where(rows == columns, bar_share / len(bars), 0.0)
        elif part.size == 1:
            eta[:, part.elements] = rest
        else:
            eta[:, part.elements] = rest * _products(sums, part.elements, part.size)[:, rows, columns]
    return eta * sums.sizes


def _products(sums: ManySums, elements: slice, size: int) -> Array:
    """Mean products of least-squares residuals by pair of visits (d, size, size), made positive definite."""
    total, counts = np.zeros((2, len(sums), size, size))
    rows, columns = lower_indices(size)
    for one in sums.batches:
        batch = one.batch
        if isinstance(batch, DenseBatch) and batch.params[-1] == elements.stop - 1:
            own = one.moments[:, :, -1].reshape(len(sums), -1, len(rows)).sum(axis=1)
            total += unpacked(own * np.where(rows == columns, 1.0, 0.5), size)
            counts += np.einsum("dp,pa,pb->dab", one.counts, batch.mask, batch.mask)
    return mean_products_of_each(total, counts)


def mean_products_of_each(total: Array, counts: Array) -> Array:
    """`estimation.starting_values.mean_products` of each data set (d, size, size)."""
    diagonal = np.arange(total.shape[1])
    variances = total[:, diagonal, diagonal] / np.maximum(counts[:, diagonal, diagonal], 1)
    root = np.sqrt(np.where(variances > ROUNDING, variances, 1.0))
    size = root[:, :, None] * root[:, None, :]
    correlation = np.divide(total, counts, out=np.zeros_like(total), where=counts > 0) / size
    correlation[:, diagonal, diagonal] = 1.0
    lowest = np.linalg.eigvalsh(correlation)[:, 0]
    share = np.clip((0.1 - lowest) / np.maximum(1.0 - lowest, 0.5), 0.0, 1.0)[:, None, None]
    found = ((1 - share) * correlation + share * np.eye(len(diagonal))) * size
    known = np.asarray(counts.any(axis=(1, 2)))
    return np.where(known[:, None, None], found, np.eye(len(diagonal)))


def scored_of_each(search: ManySearch, phi: Array) -> Array:
    """Parameters after one step of Fisher scoring where that is better, as `estimation.solution.scored`."""
    parameters = search.parameters
    if any(part.size > 1 and not part.is_bar for part in parameters.parts):
        return phi
    here = search.at(phi)
    step = np.linalg.pinv(2 * here.expected, rcond=np.finfo(float).eps * here.eta.shape[1]) @ here.gradient[:, :, None]
    moved, inside = here.eta - step[:, :, 0], np.empty_like(here.eta)
    for part in parameters.parts:
        matrix, before = (matrices_of(values[:, part.elements], part.size) for values in (moved, here.eta))
        values, vectors = np.linalg.eigh(matrix)
        floor = (0.02 if part.is_bar else 0.1) * np.trace(before, axis1=1, axis2=2) / part.size
        turned = vectors * np.maximum(values, floor[:, None])[:, None, :]
        rows, columns = lower_indices(part.size)
        inside[:, part.elements] = (turned @ vectors.swapaxes(1, 2))[:, rows, columns]
    there = parameters_of(parameters, inside)
    better = search.at(there).value < here.value
    return np.where(better[:, None], there, phi)


def identified(parameters: Parameters, here: ManyCriterion) -> Mask:
    """Whether the expected information is regular (d,), as `check_identified` asks."""
    seen = parameters.as_seen()
    jacobian = jacobians(seen, parameters_of(seen, here.eta))
    expected = jacobian.swapaxes(1, 2) @ here.expected @ jacobian
    diagonal = np.arange(expected.shape[1])
    size = np.sqrt(np.abs(expected[:, diagonal, diagonal]))
    told = (size > 1e-7 * np.maximum(size.max(axis=1, keepdims=True), 1e-300)).all(axis=1)
    size = np.where(told[:, None], size, 1.0)
    return told & (np.linalg.eigvalsh(expected / (size[:, :, None] * size[:, None, :]))[:, 0] >= 1e-9)


def has_residual(parameters: Parameters, here: ManyCriterion) -> Mask:
    """Whether the residual variance has a minimum above 0 (d,), as `check_residual` asks."""
    out = np.ones(len(here.eta), dtype=bool)
    diagonal = np.arange(here.eta.shape[1])
    told = here.expected[:, diagonal, diagonal] * here.eta**2
    for part in parameters.parts:
        if not part.is_bar and part.size == 1:
            out &= (told[:, part.elements] >= NO_RESIDUAL).all(axis=1)
    return out


def singular_matrices(parameters: Parameters, phi: Array) -> Mask:
    """Whether a covariance matrix of a bar term is singular (d,)."""
    out = np.zeros(len(phi), dtype=bool)
    eta = elements_of(parameters, phi)
    for part in parameters.parts:
        if part.is_bar and isinstance(part.block, Unstructured):
            out |= np.linalg.eigvalsh(matrices_of(eta[:, part.elements], part.size))[:, 0] < SINGULAR
    return out
