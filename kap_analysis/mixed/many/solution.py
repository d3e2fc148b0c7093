"""The maximum of each likelihood, step by step as `estimation/solution.py` finds it for one.

Whatever needs more care than a Newton search and a second start is marked as alone: a search that fails, a covariance
that is not identified, a boundary that is a saddle. The ordinary fit finds those, or says why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.estimation.boundary import FALLS, FLAT, NEAR, SINGULAR, outward_start
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.estimation.solution import MANY_ROWS
from kap_analysis.mixed.estimation.starting_values import bar_shares
from kap_analysis.mixed.many.criterion import ManyCriterion
from kap_analysis.mixed.many.newton import Ends, ManySearch
from kap_analysis.mixed.many.parameters import on_boundary, parameters_of
from kap_analysis.mixed.many.starting_values import (
    has_residual,
    identified,
    scored_of_each,
    singular_matrices,
    starting_elements_of_each,
)
from kap_analysis.mixed.many.sums import ManySums

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ManySolutions:
    """What the searches found, for the data sets that were not left alone.

    Attributes
    ----------
    which : numpy.ndarray
        (f,): these data sets, among those that were given.
    sums : ManySums
        Theirs.
    parameters, phi : Parameters, numpy.ndarray
        The covariance parameters as they were moved, and their values (f, t).
    criterion : ManyCriterion
        The criterion there.
    decrement : numpy.ndarray
        (f,): g'H^-1 g.
    on_boundary : numpy.ndarray
        (f, t): parameters that stand on the boundary.
    """

    which: Index
    sums: ManySums
    parameters: Parameters
    phi: Array
    criterion: ManyCriterion
    decrement: Array
    on_boundary: Mask


def minimise_many(sums: ManySums, parameters: Parameters, reml: bool) -> ManySolutions | None:
    """The maximum of each (restricted) likelihood that has one here; None where none has."""
    search = ManySearch(sums, parameters, reml)
    phi = parameters_of(parameters, starting_elements_of_each(sums, parameters, bar_shares(parameters)[0]))
    here = search.at(phi)
    fine = here.good & identified(parameters, here)
    ends = _searched(search, np.flatnonzero(fine), phi)
    if not ends.found.any():
        return None
    at_edge = ends.found.copy()
    at_edge[ends.found] = on_boundary(parameters, ends.phi[ends.found]).any(axis=1)
    again = np.flatnonzero(at_edge & (sums.n <= MANY_ROWS))
    if len(again):
        _look_elsewhere(search, ends, again)
    return _certified(search, ends) if ends.found.any() else None


def _searched(search: ManySearch, which: Index, phi: Array) -> Ends:
    """Searches of some data sets, each from its own place; no end where a boundary is a saddle."""
    out = Ends.of(phi)
    if not len(which):
        return out
    part = search.take(which)
    ends = part.run(scored_of_each(part, phi[which]))
    if not ends.found.any():
        return out
    _leave_saddles(part, ends)
    reach_boundary_of_each(part, ends)
    out.phi[which], out.value[which], out.decrement[which] = ends.phi, ends.value, ends.decrement
    out.found[which] = ends.found
    return out


def _leave_saddles(search: ManySearch, ends: Ends) -> None:
    """Take away the ends on a boundary out of which the criterion falls."""
    at = np.flatnonzero(ends.found)
    at = at[singular_matrices(search.parameters, ends.phi[at])]
    if not len(at):
        return
    here = search.at(ends.phi[at], at)
    bars = [part for part in search.parameters.parts if part.is_bar]
    if all(part.size == 1 for part in bars):  # variances alone: the gradient says where the criterion falls
        own = [part.elements.start for part in bars]
        falls = here.gradient[:, own] < -FALLS * (1 + np.abs(here.value) * 1e-6)[:, None]
        ends.found[at] = ~(falls & (here.eta[:, own] < SINGULAR)).any(axis=1)
        return
    held = np.zeros(search.parameters.n, dtype=bool)
    for d, gradient, value in zip(at, here.gradient, here.value, strict=True):
        if outward_start(search.parameters, held, ends.phi[d], gradient, float(value)) is not None:
            ends.found[d] = False


def reach_boundary_of_each(search: ManySearch, ends: Ends) -> None:
    """The boundary itself where a search ended beside it, as `estimation.boundary.reach_boundary`."""
    at = np.flatnonzero(ends.found)
    near = on_boundary(search.parameters, ends.phi[at], NEAR) & ~on_boundary(search.parameters, ends.phi[at])
    for parameter in np.flatnonzero(near.any(axis=0)):
        which = at[near[:, parameter]]
        exact = ends.phi[which]
        exact[:, parameter] = 0.0
        tried = search.at(exact, which).value <= ends.value[which] + FLAT
        which, exact = which[tried], exact[tried]
        if not len(which):
            continue
        found = search.take(which).run(exact)
        ends.replace(which, found, found.found & (found.value <= ends.value[which]))


def _look_elsewhere(search: ManySearch, ends: Ends, again: Index) -> None:
    """A second start for ends on a boundary; the lower of both is kept, or none where the second is a saddle."""
    part, parameters = search.take(again), search.parameters
    phi = parameters_of(parameters, starting_elements_of_each(part.sums, parameters, bar_shares(parameters)[1]))
    found = part.run(scored_of_each(part, phi))
    if not found.found.any():
        return
    there = found.found.copy()
    _leave_saddles(part, found)
    reach_boundary_of_each(part, found)
    ends.found[again[there & ~found.found]] = False
    ends.replace(again, found, found.found & (found.value < ends.value[again] - 1e-9))


def _certified(search: ManySearch, ends: Ends) -> ManySolutions | None:
    """What stands on the boundary is set to exactly 0; fits that leave no residual variance are left alone."""
    which, parameters = np.flatnonzero(ends.found), search.parameters
    phi, value = ends.phi[which], ends.value[which]
    edge = on_boundary(parameters, phi)
    at = np.flatnonzero(edge.any(axis=1))
    if len(at):
        exact = np.where(edge[at], 0.0, phi[at])
        better = search.at(exact, which[at]).value <= value[at] + 1e-8
        phi[at[better]] = exact[better]
    here = search.at(phi, which)
    kept = np.flatnonzero(here.good & has_residual(parameters, here))
    if not len(kept):
        return None
    if len(kept) < len(which):
        which, phi, edge = which[kept], phi[kept], edge[kept]
        here = search.at(phi, which)
    return ManySolutions(which, search.sums.take(which), parameters, phi, here, ends.decrement[which], edge)
