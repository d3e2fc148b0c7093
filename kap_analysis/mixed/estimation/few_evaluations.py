"""The maximum of the restricted likelihood in few evaluations, where each is dear: a pass over files, a round by post.

Newton's method on the exact gradient. What the second derivatives are multiplied with has to be said before the place
is evaluated, so it is foretold from the place before: the error is of second order in the step, and vanishes with it.
A single variance of a bar term is moved as it is, and held where it meets 0; its root, which the usual search moves,
takes many short steps towards a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.identifiability import check_information, unidentified
from kap_analysis.mixed.estimation.newton import newton_step
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.estimation.solution import Solution, scored_elements, starts_far
from kap_analysis.mixed.likelihood.criterion import Criterion, criterion_of
from kap_analysis.mixed.likelihood.scaling import Scaling
from kap_analysis.mixed.likelihood.sums import Asked, Sums

Array = NDArray[np.float64]
MOST_EVALUATIONS = 40
END = 1e-15  # squared length of the next step, in standard errors
FORETOLD = 1e-8  # how far Xi and Phi may be from what should have been asked for, at the end
FORETOLD_W = 3e-8  # and w, as correlations: only a part of a variance rests on it
BAR_SHARE = 0.1  # of the variance, at the start, beside a covariance over visits
SumsAt = Callable[[Array, Asked], Sums | None]
Weights = Callable[[Solution], Array]


@dataclass
class _Search:
    """The likelihood as sums that are asked for one place at a time."""

    sums_at: SumsAt
    weights: Weights
    scaling: Scaling
    parameters: Parameters
    steps: int = 0

    def __post_init__(self) -> None:
        natural = [np.full(part.block.n_parameters, part.is_bar and part.size == 1) for part, _ in self.parameters]
        self.natural = np.concatenate(natural)
        self.pointed = np.zeros(len(self.natural), dtype=bool)  # which variances the last step would have made negative

    def at(self, phi: Array, asked: Asked) -> Criterion | None:
        self.steps += 1
        sums = self.sums_at(self.parameters.elements(phi), asked)
        if sums is None:
            return None
        scaling = replace(self.scaling, log_weights=sums.log_weights)
        return criterion_of(sums, scaling, round(sums.n), reml=True)

    def solution(self, phi: Array, here: Criterion) -> tuple[Solution, Array, float, bool]:
        """What stands at a place, the next step, the slope along it, and whether the criterion is convex."""
        gradient, hessian = self._derivatives(phi, here)
        held = self.natural & (phi <= 0) & (gradient > 0)
        boundary = held | self.parameters.on_boundary(phi)
        step = np.zeros(len(phi))
        step[~held], decrement, convex = newton_step(gradient[~held], hessian[np.ix_(~held, ~held)])
        texts = tuple(part.text for part, at in self.parameters if boundary[at].any())
        none = np.zeros(len(phi), dtype=bool)
        found = Solution(self.parameters, phi, here, ~boundary, none, decrement, texts, self.steps)
        return found, step, float(gradient @ step), convex

    def _derivatives(self, phi: Array, here: Criterion) -> tuple[Array, Array]:
        jacobian = self.parameters.jacobian(phi)
        bent = self.parameters.second_derivative(phi, here.gradient)
        return jacobian.T @ here.gradient, jacobian.T @ here.hessian @ jacobian + bent

    def inside(self, phi: Array, step: Array) -> Array:
        """A step that keeps variances from falling below 0: they meet it when two steps in a row point there."""
        below = self.natural & (phi + step <= 0)
        shorter = np.where(self.pointed, 0.0, phi / 4)
        return np.where(below, shorter, phi + step)

    def foretold(self, here: Criterion, phi: Array, w: Array) -> Asked:
        """What to ask for at phi, from the first derivatives at the place before."""
        moved = self.parameters.elements(phi) - here.evaluation.eta
        s = here.evaluation.s + np.tensordot(moved, here.evaluation.first()[1], axes=1)
        if np.linalg.eigvalsh(s[:-1, :-1])[0] <= 0:
            s = here.evaluation.s
        return asked_at(s, w)


def asked_at(s: Array, w: Array) -> Asked:
    """Xi and Phi of REML at S (k, k)."""
    phi = np.zeros_like(s)
    phi[:-1, :-1] = np.linalg.inv(s[:-1, :-1])
    c = np.append(-(phi @ s)[:-1, -1], 1.0)
    return Asked(np.outer(c, c) + phi, phi, w)


def search_by_sums(
    parameters: Parameters, scaling: Scaling, begin: Array, s: Array, sums_at: SumsAt, weights: Weights
) -> Solution:
    """The maximum of the restricted likelihood, each evaluation the sums at one place.

    Parameters
    ----------
    parameters : Parameters
        As the usual search moves them.
    scaling : Scaling
        Of the agreed columns.
    begin, s : numpy.ndarray
        Elements to begin with (m,), and S (k, k) thereabouts, such as that of V = I.
    sums_at : callable
        (elements, asked) -> Sums over all units.
    weights : callable
        Solution -> covariance of the elements of V (m, m), for the adjustment of Kenward and Roger.

    Raises
    ------
    MixedModelError
        When a covariance cannot be told from the others, or there is no maximum that can be certified.
    """
    parts = (replace(one, block=one.seen) if one.is_bar and one.size == 1 else one for one in parameters.parts)
    search = _Search(sums_at, weights, scaling, Parameters(tuple(parts)))
    phi = search.parameters.from_elements(begin)
    here = search.at(phi, asked_at(s, np.zeros((len(begin),) * 2)))
    if here is None:
        raise MixedModelError("The columns of the model are not independent within the parts that were added.")
    if unidentified(search.parameters, np.ones(len(phi), dtype=bool), here) is not None:
        here = _identified(search, phi, here)
    start = phi, here
    if starts_far(search.parameters):
        there = scored_elements(search.parameters, here)
        found = search.at(there, search.foretold(here, there, np.zeros((len(begin),) * 2)))
        if found is not None and found.value < here.value:
            phi, here = there, found
    while search.steps < MOST_EVALUATIONS:
        solution, step, slope, convex = search.solution(phi, here)
        w = weights(solution)
        if convex and solution.decrement < max(END, 1e-17 * abs(here.value)) and _as_foretold(here, w):
            return solution
        moved = _along(search, phi, here, step, slope, w)
        if moved is None:
            break
        search.pointed = search.natural & (phi + step <= 0)
        phi, here = moved
    _identified(search, *start)
    raise MixedModelError(
        "The likelihood has no maximum that the search could certify: the covariance model asks more than the data "
        "hold. Leave out a term, or use a simpler residual covariance."
    )


def _identified(search: _Search, phi: Array, here: Criterion) -> Criterion:
    """A place asked for once more, and an error that names the terms where its information is singular.

    The expected information is right only for the Xi and Phi that follow from the place itself: with those foretold
    from elsewhere it can be singular where the data tell everything.
    """
    again = search.at(phi, asked_at(here.evaluation.s, np.zeros((len(here.evaluation.eta),) * 2)))
    assert again is not None  # it was evaluated before
    check_information(search.parameters, np.ones(len(phi), dtype=bool), again)
    return again


def _as_foretold(here: Criterion, w: Array) -> bool:
    """Whether what was asked for here is what follows from it."""
    sums = here.evaluation
    assert isinstance(sums, Sums)
    true = asked_at(sums.s, w)
    asked = sums.asked
    root = np.sqrt(np.maximum(np.diag(w), 1e-300))
    near = all(
        np.abs(one - other).max() <= FORETOLD * np.abs(other).max()
        for one, other in ((asked.xi, true.xi), (asked.phi, true.phi))
    )
    return near and bool((np.abs(asked.w - w) <= FORETOLD_W * np.outer(root, root)).all())


def _along(
    search: _Search, phi: Array, here: Criterion, step: Array, slope: float, w: Array
) -> tuple[Array, Criterion] | None:
    """A shorter step until the criterion falls enough; None where it never does."""
    scale, noise = 1.0, 1e-12 * abs(here.value)
    while search.steps < MOST_EVALUATIONS:
        there = search.inside(phi, scale * step)
        found = search.at(there, search.foretold(here, there, w))
        if found is not None and found.value <= here.value + 1e-4 * scale * slope + noise:
            return there, found
        rise = np.inf if found is None else found.value - here.value - scale * slope
        scale *= float(np.clip(-slope * scale / (2 * rise), 0.1, 0.5)) if rise > 0 else 0.5
    return None
