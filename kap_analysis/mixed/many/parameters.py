"""From the parameters that the optimiser moves to elements of V, for many data sets: `estimation/parameters.py`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.block import CovarianceBlock, LogVariance, Natural
from kap_analysis.mixed.covariance.symmetric import lower_indices
from kap_analysis.mixed.covariance.unstructured import NEXT_TO_NOTHING, Unstructured
from kap_analysis.mixed.estimation.parameters import Parameters

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def elements_of(parameters: Parameters, phi: Array) -> Array:
    """Elements (d, m) at the parameters (d, t)."""
    return np.concatenate([_elements(part.block, phi[:, at]) for part, at in parameters], axis=1)


def jacobians(parameters: Parameters, phi: Array) -> Array:
    """d elements / d parameters (d, m, t)."""
    out = np.zeros((len(phi), parameters.parts[-1].elements.stop, parameters.n))
    for part, at in parameters:
        out[:, part.elements, at] = _jacobian(part.block, phi[:, at])
    return out


def second_derivatives(parameters: Parameters, phi: Array, slope: Array) -> Array:
    """What the second derivatives of the elements add to a Hessian (d, t, t)."""
    out = np.zeros((len(phi), parameters.n, parameters.n))
    for part, at in parameters:
        out[:, at, at] = _second_derivative(part.block, phi[:, at], slope[:, part.elements])
    return out


def parameters_of(parameters: Parameters, eta: Array) -> Array:
    """Parameters (d, t) from elements (d, m)."""
    return np.concatenate([_parameters(part.block, eta[:, part.elements]) for part in parameters.parts], axis=1)


def have_room(parameters: Parameters, phi: Array) -> Mask:
    """Which parameters (d, t) give covariance matrices (d,)."""
    out = np.ones(len(phi), dtype=bool)
    for part, at in parameters:
        if not part.is_bar and not isinstance(part.block, Unstructured | LogVariance | Natural):
            out &= np.array([part.block.room(one) > 0 for one in phi[:, at]])
    return out


def on_boundary(parameters: Parameters, phi: Array, within: float = NEXT_TO_NOTHING) -> Mask:
    """Parameters of bars that stand on the boundary (d, t), or so near it."""
    out = np.zeros(phi.shape, dtype=bool)
    for part, at in parameters:
        if part.is_bar and isinstance(part.block, Unstructured):
            diagonal = np.equal(*lower_indices(part.block.size))
            out[:, at] = diagonal & (np.abs(phi[:, at]) < within)
    return out


def matrices_of(elements: Array, size: int) -> Array:
    """Symmetric matrices (d, q, q) of their lower triangles by rows."""
    rows, columns = lower_indices(size)
    out = np.empty((len(elements), size, size))
    out[:, rows, columns] = out[:, columns, rows] = elements
    return out


def factors_of(block: Unstructured, phi: Array) -> Array:
    """L (d, q, q)."""
    rows, columns = lower_indices(block.size)
    out = np.zeros((len(phi), block.size, block.size))
    out[:, rows, columns] = phi
    return out


def _elements(block: CovarianceBlock, phi: Array) -> Array:
    if isinstance(block, LogVariance):
        return np.exp(phi)
    if isinstance(block, Natural):
        return phi
    if isinstance(block, Unstructured):
        root = factors_of(block, phi)
        rows, columns = lower_indices(block.size)
        return np.asarray((root @ root.swapaxes(1, 2))[:, rows, columns])
    return np.array([block.elements(one) for one in phi])


def _parameters(block: CovarianceBlock, elements: Array) -> Array:
    if isinstance(block, LogVariance):
        return np.log(elements)
    if isinstance(block, Natural):
        return elements
    if isinstance(block, Unstructured):
        rows, columns = lower_indices(block.size)
        return semidefinite_factors(matrices_of(elements, block.size))[:, rows, columns]
    return np.array([block.parameters(one) for one in elements])


def semidefinite_factors(matrices: Array) -> Array:
    """`covariance.symmetric.cholesky_of_semidefinite` of each matrix (d, q, q)."""
    values, vectors = np.linalg.eigh(matrices)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    lower = np.asarray(np.linalg.qr(root.swapaxes(1, 2), mode="r")).swapaxes(1, 2)
    diagonal = np.arange(matrices.shape[1])
    lower = np.tril(lower) * np.where(lower[:, diagonal, diagonal] < 0, -1.0, 1.0)[:, None, :]
    largest = np.sqrt(np.abs(matrices[:, diagonal, diagonal]).max(axis=1))
    small = np.abs(lower) < 1e-9 * np.maximum(largest, 1e-300)[:, None, None]
    return np.where(small, 0.0, lower)


def _jacobian(block: CovarianceBlock, phi: Array) -> Array:
    if isinstance(block, LogVariance):
        return np.exp(phi)[:, :, None]
    if isinstance(block, Natural):
        return np.broadcast_to(np.eye(block.n_elements), (len(phi), *(block.n_elements,) * 2))
    if isinstance(block, Unstructured):
        root = factors_of(block, phi)
        i, j = lower_indices(block.size)
        out = np.zeros((len(phi), block.n_elements, block.n_parameters))
        for at, (a, b) in enumerate(block.pairs):
            out[:, :, at] = (i == a) * root[:, j, b] + (j == a) * root[:, i, b]
        return out
    return np.array([block.jacobian(one) for one in phi])


def _second_derivative(block: CovarianceBlock, phi: Array, slope: Array) -> Array:
    if isinstance(block, LogVariance):
        return (np.exp(phi) * slope)[:, :, None]
    if isinstance(block, Natural):
        return np.zeros((len(phi), block.n_elements, block.n_elements))
    if isinstance(block, Unstructured):
        return np.asarray(np.einsum("mne,de->dmn", block.second_derivatives, slope))
    return np.array([block.second_derivative(*one) for one in zip(phi, slope, strict=True)])
