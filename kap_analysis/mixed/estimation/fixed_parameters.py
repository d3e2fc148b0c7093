"""Covariance parameters that the user holds: from the user's numbers to what the optimiser keeps in place.

A matrix of which some elements are held is moved by its elements, and these can leave the cone of covariance matrices:
the start is brought inside, and a fit that ends outside is an error.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.block import LogVariance, Natural
from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.parameters import Parameters, Part
from kap_analysis.mixed.likelihood.scaling import Scaling

Array = NDArray[np.float64]


def held_values(
    parameters: Parameters, scaling: Scaling, fixed: Mapping[str, float]
) -> tuple[NDArray[np.bool_], Array]:
    """Which parameters are held (t,), and at what values as the optimiser moves them (t,).

    Raises
    ------
    MixedModelError
        When a value is not finite, or a variance is held where it cannot be.
    """
    held, values = np.zeros(parameters.n, dtype=bool), np.zeros(parameters.n)
    for part, at in parameters:
        for i, name in enumerate(part.names):
            if name in fixed:
                held[at.start + i] = True
                values[at.start + i] = _inside(part, i, float(fixed[name]), scaling)
    return held, values


def _inside(part: Part, i: int, value: float, scaling: Scaling) -> float:
    """One parameter in the user's units as the optimiser moves it."""
    name = part.names[i]
    if not np.isfinite(value):
        raise MixedModelError(f"{name} is held at {value}: give a finite number.")
    shift = part.seen.shift(np.log(scaling.scale))
    if shift is not None:
        return float(value - shift[i])
    if any(at == part.elements for at, _ in scaling.turns):
        raise MixedModelError(
            f"{name} is held, and columns of {part.text} lie so far from 0 that it says nothing in these units. "
            "Subtract their means from them and hold what follows from it."
        )
    inside = float(value / scaling.elements[part.elements][i])
    if isinstance(part.block, Natural) or part.block.n_elements > 1:
        return inside
    if value < 0:
        instead = " or fit with bounded=False." if part.is_bar else "."
        raise MixedModelError(
            f"{name} is held at {value:g}, and a variance is not below 0. Hold it at 0 or above{instead}"
        )
    if isinstance(part.block, LogVariance) and value == 0:
        raise MixedModelError(f"{name} is held at 0, and a residual variance is above 0. Hold it above 0.")
    return float(part.block.parameters(np.array([inside]))[0])


def with_held(parameters: Parameters, phi: Array, held: NDArray[np.bool_], values: Array) -> Array:
    """A start with the held values in place; what else a matrix has is moved until it is positive definite.

    An effect whose variance is held at 0 is left aside: no value of the others can make the matrix more than singular.
    """
    phi = np.where(held, values, phi)
    for part, at in parameters:
        fixed = held[at]
        if part.size < 2 or not fixed.any() or fixed.all() or not isinstance(part.block, Natural):
            continue
        diagonal = np.equal(*np.tril_indices(part.size))
        elements = phi[at].copy()
        there = np.flatnonzero(~(fixed[diagonal] & (elements[diagonal] == 0)))
        for _ in range(40):
            matrix = matrix_of(elements, part.size)[np.ix_(there, there)]
            if not len(there) or np.linalg.eigvalsh(matrix)[0] > 1e-3 * np.diag(matrix).mean():
                break
            elements = np.where(fixed, elements, elements * np.where(diagonal, 1.3, 0.8))
        phi[at] = elements
    return phi


def check_cone(parameters: Parameters, elements: Array, bounded: bool) -> None:
    """Raise where a partly held matrix is no covariance matrix; one of a bar may be none where it is not bounded.

    Raises
    ------
    MixedModelError
        Naming the term.
    """
    for part in parameters.parts:
        if part.size < 2 or not isinstance(part.block, Natural) or (part.is_bar and not bounded):
            continue
        matrix = matrix_of(elements[part.elements], part.size)
        if np.linalg.eigvalsh(matrix)[0] < -1e-8 * np.abs(matrix).max():
            instead = ", or fit with bounded=False." if part.is_bar else "."
            raise MixedModelError(
                f"With these parameters held, the best values of the others make {part.text} no covariance matrix: "
                f"a correlation is above 1. Hold all parameters of the term{instead}"
            )
