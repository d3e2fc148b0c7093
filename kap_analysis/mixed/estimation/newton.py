"""Newton's method on the exact derivatives of the criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.unstructured import Unstructured
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.likelihood.criterion import Criterion, criterion_at
from kap_analysis.mixed.likelihood.layout import Layout

Array = NDArray[np.float64]
MOST_STEPS = 100
MOST_STALLED = 3  # steps in a row that gain next to nothing of what their slope promises: the edge of where V exists
COLLAPSED = 1e-5  # standard deviation of a visit given those before it, as a share of its own
DECREMENT = 1e-15  # squared length of the Newton step in standard errors, at which the search ends
SLOW = 1e-10  # the same, at which it ends where steps do not become shorter: rounding, or a flat criterion
NEXT = 1e-6  # the same, after which the next step is the last but for rounding


@dataclass
class Search:
    """One model's likelihood as a function of the parameters that the optimiser moves."""

    layout: Layout
    parameters: Parameters
    reml: bool
    fixed: NDArray[np.bool_]
    steps: int = 0
    ended: Array | None = None  # where the last search stopped, or could not begin
    last: tuple[Array, Criterion | None] | None = None

    def at(self, phi: Array) -> Criterion | None:
        """The criterion; None outside the parameter space."""
        if self.last is None or not np.array_equal(self.last[0], phi):
            self.steps += 1
            inside = all(part.is_bar or part.block.room(phi[at]) > 0 for part, at in self.parameters)
            here = criterion_at(self.layout, self.parameters.elements(phi), self.reml) if inside else None
            self.last = phi.copy(), here
        return self.last[1]

    def derivatives(self, phi: Array, here: Criterion) -> tuple[Array, Array]:
        jacobian = self.parameters.jacobian(phi)
        gradient = jacobian.T @ here.gradient
        hessian = jacobian.T @ here.hessian @ jacobian + self.parameters.second_derivative(phi, here.gradient)
        return gradient, hessian

    def run(self, phi: Array) -> tuple[Array, Criterion, float] | None:
        """Newton steps from phi: the place, its criterion and the decrement; None where the search fails."""
        here, self.ended = self.at(phi), phi
        if here is None:
            return None
        free = ~self.fixed
        decrement, convex, stalled, kept = np.inf, False, 0, None
        for _ in range(MOST_STEPS):
            gradient, hessian = self.derivatives(phi, here)
            inside = hessian if free.all() else hessian[np.ix_(free, free)]
            before = decrement if convex else np.inf
            step, decrement, convex = newton_step(gradient[free], inside)
            if has_arrived(decrement, before, here.value, convex):
                return phi, here, min(decrement, before)
            if before < NEXT or (convex and decrement < NEXT):
                kept = phi, here, min(decrement, before)
            moved = self._along(phi, here, free, step, float(gradient[free] @ step))
            if moved is None:
                return kept
            stalled = stalled + 1 if here.value - moved[1].value < 1e-6 * decrement else 0
            phi, here = moved
            self.ended = phi
            if self._collapsed(phi) or (stalled >= MOST_STALLED and decrement > 1e-2):
                return kept
        return kept

    def _collapsed(self, phi: Array) -> bool:
        """Whether a residual covariance has become singular, where the likelihood has no bound."""
        for part, at in self.parameters:
            if part.is_bar or not isinstance(part.block, Unstructured):
                continue
            root = part.block.factor(phi[at])
            if (np.abs(np.diag(root)) < COLLAPSED * np.linalg.norm(root, axis=1)).any():
                return True
        return False

    def _along(
        self, phi: Array, here: Criterion, free: NDArray[np.bool_], step: Array, slope: float
    ) -> tuple[Array, Criterion] | None:
        """A shorter step until the criterion falls enough."""
        scale = 1.0
        noise = 1e-13 * abs(here.value)
        for _ in range(40):
            there = phi.copy()
            there[free] += scale * step
            found = self.at(there)
            if found is not None and found.value <= here.value + 1e-4 * scale * slope + noise:
                return there, found
            if found is None or found.value > here.value + abs(slope) * 10:
                scale *= 0.3
                continue
            rise = found.value - here.value - scale * slope
            scale *= float(np.clip(-slope * scale / (2 * rise), 0.1, 0.5)) if rise > 0 else 0.5
        return None


def has_arrived(decrement: Any, before: Any, value: Any, convex: Any) -> Any:
    """Whether a search ends, by its decrement, that of a convex place before, and the criterion; of one or of many.

    Convergence is quadratic, and the search goes on as long as it is. Where the criterion is flat (a variance near 0),
    or rounding is as large as what a step gains, steps do not become shorter, and more of them gain nothing.
    """
    size = np.abs(value)
    near = ((decrement < np.maximum(SLOW, 1e-15 * size)) & convex) | (before < NEXT)
    ended = (decrement < np.maximum(DECREMENT, 1e-17 * size)) & convex
    return ended | (near & ((decrement > 0.1 * before) | ~np.asarray(convex)))


def newton_step(gradient: Array, hessian: Array) -> tuple[Array, float, bool]:
    """A descent step, the decrement g'|H|^-1 g, and whether H is positive semidefinite.

    Directions of negative curvature are walked along with their sign turned; flat ones by a small fraction.
    """
    if not len(gradient):
        return gradient, 0.0, True
    size = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-8))
    values, vectors = np.linalg.eigh(hessian / np.outer(size, size))
    along = vectors.T @ (gradient / size)
    top = max(float(np.abs(values).max()), 1e-12)
    strength = np.maximum(np.abs(values), 1e-9 * top)
    quiet = (np.abs(values) < 1e-9 * top) & (np.abs(along) < 1e-7)
    inside = np.where(quiet, 0.0, -along / strength)
    step = (vectors @ inside) / size
    longest = float(np.abs(step).max(initial=0.0))
    if longest > 1.0:
        step = step / longest
    convex = bool(values.min() > -1e-7 * top)
    return step, float(np.sum(np.where(quiet, 0.0, along**2 / strength))), convex
