"""Singular covariance matrices: whether the boundary is where the maximum stands, or a saddle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.covariance.unstructured import Unstructured
from kap_analysis.mixed.estimation.newton import Search
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.likelihood.criterion import Criterion

Array = NDArray[np.float64]
SINGULAR = 1e-8  # an eigenvalue below which a covariance matrix counts as singular
FALLS = 1e-6  # slope out of a singular matrix from which on the criterion falls there
#: A root of a variance so small, as a share of the residual standard deviation, that the boundary itself is tried.
NEAR = 0.05
#: How much the criterion may rise there before the other parameters have followed.
FLAT = 1e-5


def reach_boundary(search: Search, found: tuple[Array, Criterion, float]) -> tuple[Array, Criterion, float]:
    """The boundary itself where the search ended beside it and the maximum there is no worse.

    Beside a boundary the criterion is so flat that the search may end within its tolerance while the variance is not
    yet 0. The criterion hardly differs, but the df do: they would count this variance as free.
    """
    near = search.parameters.on_boundary(found[0], NEAR) & ~search.parameters.on_boundary(found[0])
    for at in np.flatnonzero(near & ~search.fixed):
        exact = found[0].copy()
        exact[at] = 0.0
        there = search.at(exact)
        if there is None or there.value > found[1].value + FLAT:
            continue
        again = search.run(exact)
        if again is not None and again[1].value <= found[1].value:
            found = again
    return found


def leave_false_boundary(
    search: Search, found: tuple[Array, Criterion, float]
) -> tuple[Array, Criterion, float] | None:
    """Start again from the inside where a singular matrix is a saddle: a direction out of it lowers the criterion."""
    for _ in range(3):
        phi, here, _ = found
        outward = outward_start(search.parameters, search.fixed, phi, here.gradient, here.value)
        if outward is None:
            return found
        again = search.run(outward)
        if again is None or again[1].value > here.value - 1e-10:
            return found
        found = again
    return found


def outward_start(
    parameters: Parameters, fixed: NDArray[np.bool_], phi: Array, gradient: Array, value: float
) -> Array | None:
    """Parameters a little inside the cone where the gradient points inwards; None where it nowhere does."""
    for part, at in parameters:
        if not part.is_bar or not isinstance(part.block, Unstructured) or fixed[at].any():
            continue
        values, vectors = np.linalg.eigh(matrix_of(part.block.elements(phi[at]), part.size))
        null = vectors[:, values < SINGULAR]
        if not null.shape[1]:
            continue
        slope = matrix_of(gradient[part.elements], part.size)
        slope = (slope + np.diag(np.diag(slope))) / 2
        down, along = np.linalg.eigh(null.T @ slope @ null)
        if down[0] < -FALLS * (1 + abs(value) * 1e-6):
            direction = null @ along[:, 0]
            block = (vectors * np.maximum(values, 0)) @ vectors.T + 0.02 * np.outer(direction, direction)
            out = phi.copy()
            out[at] = part.block.parameters(block[np.tril_indices(part.size)])
            return out
    return None
