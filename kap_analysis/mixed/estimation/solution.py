"""The maximum of the (restricted) likelihood, and the certificate of what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import lower_indices, matrix_of
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.boundary import leave_false_boundary, reach_boundary
from kap_analysis.mixed.estimation.fixed_parameters import held_values, with_held
from kap_analysis.mixed.estimation.identifiability import check_identified, check_residual
from kap_analysis.mixed.estimation.newton import Search
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.estimation.starting_values import bar_shares, starting_elements
from kap_analysis.mixed.likelihood.criterion import Criterion
from kap_analysis.mixed.likelihood.layout import Layout

Array = NDArray[np.float64]
MANY_ROWS = 20_000
EDGE = 1e-2  # smallest eigenvalue of the correlations at which a search that failed has come to the edge


@dataclass(frozen=True)
class Solution:
    """What the search found.

    Attributes
    ----------
    parameters, phi : Parameters, numpy.ndarray
        The covariance parameters as they were moved, and their values.
    criterion : Criterion
        The criterion there.
    free, fixed : numpy.ndarray
        Which parameters are neither held by the user nor on the boundary; which the user holds.
    decrement : float
        g'H^-1 g over the free parameters.
    boundary : tuple of str
        Terms whose covariance matrix is singular.
    steps : int
        Evaluations of the likelihood.
    """

    parameters: Parameters
    phi: Array
    criterion: Criterion
    free: NDArray[np.bool_]
    fixed: NDArray[np.bool_]
    decrement: float
    boundary: tuple[str, ...]
    steps: int


def minimise(
    layout: Layout, parameters: Parameters, reml: bool, fixed: Mapping[str, float], start: Array | None
) -> Solution:
    """The maximum of the (restricted) likelihood.

    Raises
    ------
    MixedModelError
        When a covariance cannot be told from the others, the residual variance falls to 0, or no start leads to a
        maximum.
    """
    held, values = held_values(parameters, layout.scaling, fixed)
    search = Search(layout, parameters, reml, held)
    best: tuple[Array, Criterion, float] | None = None
    shares = bar_shares(parameters) if start is None else (None,)
    for at, share in enumerate(shares):
        eta = start if share is None else starting_elements(layout, parameters, share)
        assert eta is not None
        phi = with_held(parameters, parameters.from_elements(eta), held, values)
        if at == 0:
            check_identified(search, phi)
        found = search.run(scored(search, phi))
        if found is not None:
            found = leave_false_boundary(search, found)
        if found is not None:
            found = reach_boundary(search, found)
        if found is not None and (best is None or found[1].value < best[1].value - 1e-9):
            best = found
        # On a boundary a lower minimum may lie elsewhere, and a second start looks for it, unless it is dear.
        if best is not None and (at > 0 or not _near_boundary(parameters, best[0]) or layout.n > MANY_ROWS):
            break
    if best is None:
        check_room(search)
        raise MixedModelError(
            "The likelihood has no maximum that the search could certify: the covariance model asks more than the data "
            "hold. Leave out a term, or use a simpler residual covariance."
        )
    check_residual(search, best[1])
    return certify(search, *best)


def check_room(search: Search) -> None:
    """Raise where a residual covariance has come to the edge of what is a covariance matrix.

    A random effect beside it can keep V positive definite there, so that the likelihood still rises beyond the edge.

    Raises
    ------
    MixedModelError
        Naming the term, and its correlations where the search ended.
    """
    for part, at in search.parameters:
        if part.is_bar or search.ended is None or part.block.room(search.ended[at]) > EDGE:
            continue
        where = f" in {part.stratum}" if part.stratum else ""
        reached = ", ".join(
            f"{name} = {value:.2f}"
            for name, value in zip(part.names, search.ended[at], strict=True)
            if "correlation" in name
        )
        if search.fixed[at].any():
            raise MixedModelError(
                f"With parameters held, {part.text}{where} is no covariance matrix: {reached}. Hold other values."
            )
        bars = [other.text for other in search.parameters.parts if other.is_bar]
        beside = f" beside {' and '.join(bars)}" if bars else ""
        raise MixedModelError(
            f"{part.text[0].upper()}{part.text[1:]}{where} ends at the edge of what is a covariance matrix{beside}: "
            f"{reached}. Use another residual covariance, such as cs() or us(), or leave one of "
            "these terms out."
        )


def scored(search: Search, phi: Array) -> Array:
    """Parameters after one step of Fisher scoring on the elements, kept inside the cone; phi where that is no better.

    A residual covariance begins near enough, from the residuals of least squares.
    """
    here, parameters = search.at(phi), search.parameters
    if here is None or search.fixed.any() or not starts_far(parameters):
        return phi
    there = scored_elements(parameters, here)
    found = search.at(there)
    return there if found is not None and found.value < here.value else phi


def starts_far(parameters: Parameters) -> bool:
    """Whether no residual covariance over visits is there, which begins near from the residuals of least squares."""
    return all((part.size == 1 or part.is_bar) and part.block.linear for part in parameters.parts)


def scored_elements(parameters: Parameters, here: Criterion) -> Array:
    """Parameters after one step of Fisher scoring on the elements, kept inside the cone."""
    eta = here.evaluation.eta
    step = np.linalg.lstsq(2 * here.expected, here.gradient, rcond=None)[0]
    moved = eta - step
    inside = np.empty_like(moved)
    for part in parameters.parts:
        matrix, before = (matrix_of(values[part.elements], part.size) for values in (moved, eta))
        values, vectors = np.linalg.eigh(matrix)
        floor = (0.02 if part.is_bar else 0.1) * float(np.diag(before).mean())
        matrix = (vectors * np.maximum(values, floor)) @ vectors.T
        inside[part.elements] = matrix[lower_indices(part.size)]
    return parameters.from_elements(inside)


def _near_boundary(parameters: Parameters, phi: Array) -> bool:
    return bool(parameters.on_boundary(phi).any())


def certify(search: Search, phi: Array, here: Criterion, decrement: float) -> Solution:
    """Set what stands on the boundary to exactly 0, and say what is free, held and singular."""
    parameters = search.parameters
    on_boundary = parameters.on_boundary(phi) & ~search.fixed
    if on_boundary.any():
        exact = np.where(on_boundary, 0.0, phi)
        there = search.at(exact)
        if there is not None and there.value <= here.value + 1e-8:
            phi, here = exact, there
    free = ~search.fixed & ~on_boundary
    boundary = tuple(part.text for part, at in parameters if on_boundary[at].any())
    return Solution(parameters, phi, here, free, search.fixed, decrement, boundary, search.steps)
