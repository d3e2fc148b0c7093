"""Newton's method on many data sets at a time: the steps, and the rules that end them, are those of one search.

Each data set has its own step length and its own end. Those whose search would fail are marked, and go one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.unstructured import Unstructured
from kap_analysis.mixed.estimation.newton import COLLAPSED, MOST_STALLED, MOST_STEPS, has_arrived
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.many.criterion import ManyCriterion, criteria_at
from kap_analysis.mixed.many.parameters import (
    elements_of,
    factors_of,
    have_room,
    jacobians,
    second_derivatives,
)
from kap_analysis.mixed.many.small_matrices import cholesky_factors
from kap_analysis.mixed.many.sums import ManySums

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
MOST_TRIES = 40
PLAIN = 1e-3  # smallest pivot of a scaled Hessian from which on no direction of it is flat


@dataclass
class ManySearch:
    """The likelihood of many data sets as a function of the parameters that are moved."""

    sums: ManySums
    parameters: Parameters
    reml: bool
    last: tuple[Array, ManyCriterion] | None = None  # of all data sets

    def at(self, phi: Array, which: Index | None = None) -> ManyCriterion:
        """The criterion of all data sets, or of some."""
        if which is not None:
            return self._at(phi, self.sums.take(which))
        if self.last is None or not np.array_equal(self.last[0], phi):
            self.last = phi.copy(), self._at(phi, self.sums)
        return self.last[1]

    def _at(self, phi: Array, sums: ManySums) -> ManyCriterion:
        here = criteria_at(sums, elements_of(self.parameters, phi), self.reml)
        room = have_room(self.parameters, phi)
        here.good &= room
        here.value = np.where(room, here.value, np.inf)
        return here

    def take(self, which: Index) -> ManySearch:
        """Some of the data sets."""
        if len(which) == len(self.sums):
            return self
        return ManySearch(self.sums.take(which), self.parameters, self.reml)

    def run(self, phi: Array) -> Ends:
        """Newton steps from phi (d, t), until each search has ended."""
        ends, here = Ends.of(phi), self.at(phi)
        inside = np.flatnonzero(here.good)
        if len(inside) < len(phi):
            here = self.at(phi[inside], inside)
        steps = Steps.of(inside, phi[inside], here.value)
        self._plan(steps, here, ends)
        while len(steps.which):
            there = steps.phi + steps.scale[:, None] * steps.step
            here = self.at(there, steps.which)
            falls = 1e-4 * steps.scale * steps.slope + 1e-13 * np.abs(steps.value)
            moved = here.good & (here.value <= steps.value + falls)
            self._shorten(steps, here, ~moved)
            gone = steps.value - here.value
            stalled = np.where(gone < 1e-6 * steps.decrement, steps.stalled + 1, 0)
            steps.stalled = np.where(moved, stalled, steps.stalled)
            steps.phi = np.where(moved[:, None], there, steps.phi)
            steps.value = np.where(moved, here.value, steps.value)
            steps.n += moved
            lost = (steps.stalled >= MOST_STALLED) & (steps.decrement > 1e-2)
            lost = moved & (lost | _collapsed(self.parameters, there))
            steps.over |= lost | (moved & (steps.n >= MOST_STEPS))
            self._plan(steps, here, ends, moved & ~steps.over)
        return ends

    def _plan(self, steps: Steps, here: ManyCriterion, ends: Ends, which: Mask | None = None) -> None:
        """The next step of data sets that have moved; those that have arrived end here."""
        which = np.ones(len(steps.which), dtype=bool) if which is None else which
        if which.any():
            gradient, hessian = self.derivatives(steps.phi, here)
            gradient = np.where(which[:, None], gradient, 0.0)
            hessian = np.where(which[:, None, None], hessian, np.eye(gradient.shape[1]))
            step, decrement, convex = newton_steps(gradient, hessian)
            slope = np.sum(gradient * step, axis=1)
            before = np.where(steps.convex, steps.decrement, np.inf)
            arrived = which & has_arrived(decrement, before, steps.value, convex)
            steps.set(which, step, slope, decrement, convex)
            ends.put(steps, arrived, np.minimum(decrement, before))
            steps.over |= arrived
        steps.drop()

    def derivatives(self, phi: Array, here: ManyCriterion) -> tuple[Array, Array]:
        """Gradient (d, t) and Hessian (d, t, t) in the parameters."""
        jacobian = jacobians(self.parameters, phi)
        turned = jacobian.swapaxes(1, 2)
        gradient = (turned @ here.gradient[:, :, None])[:, :, 0]
        curved = second_derivatives(self.parameters, phi, here.gradient)
        return gradient, turned @ here.hessian @ jacobian + curved

    def _shorten(self, steps: Steps, here: ManyCriterion, which: Mask) -> None:
        """Shorter steps where the criterion did not fall enough; after too many tries a search is given up."""
        if not which.any():
            return
        steps.tries += which
        far = ~here.good | (here.value > steps.value + np.abs(steps.slope) * 10)
        with np.errstate(invalid="ignore", divide="ignore"):
            rise = here.value - steps.value - steps.scale * steps.slope
            share = np.where(rise > 0, np.clip(-steps.slope * steps.scale / (2 * rise), 0.1, 0.5), 0.5)
        steps.scale = np.where(which, steps.scale * np.where(far, 0.3, share), steps.scale)
        steps.over |= which & (steps.tries >= MOST_TRIES)


@dataclass
class Ends:
    """Where the searches ended.

    Attributes
    ----------
    phi, value, decrement : numpy.ndarray
        (d, t), (d,) and (d,); missing where there is no end.
    found : numpy.ndarray
        (d,): whether the search has found a minimum.
    """

    phi: Array
    value: Array
    decrement: Array
    found: Mask

    @classmethod
    def of(cls, phi: Array) -> Ends:
        d = len(phi)
        return cls(np.full_like(phi, np.nan), np.full(d, np.inf), np.full(d, np.nan), np.zeros(d, dtype=bool))

    def put(self, steps: Steps, which: Mask, decrement: Array) -> None:
        """The places of some searches as their ends."""
        at = steps.which[which]
        self.phi[at], self.value[at], self.decrement[at] = steps.phi[which], steps.value[which], decrement[which]
        self.found[at] = True

    def replace(self, at: Index, others: Ends, which: Mask) -> None:
        """Some of the ends of other searches of the data sets `at` in place of these."""
        at = at[which]
        self.phi[at], self.value[at] = others.phi[which], others.value[which]
        self.decrement[at] = others.decrement[which]


@dataclass
class Steps:
    """The searches that go on: which data sets, where they stand and the step that is tried."""

    which: Index
    phi: Array
    value: Array
    step: Array
    slope: Array
    decrement: Array
    convex: Mask
    scale: Array
    tries: Index
    stalled: Index
    n: Index
    over: Mask

    @classmethod
    def of(cls, which: Index, phi: Array, value: Array) -> Steps:
        d = len(phi)
        zeros, none, no = np.zeros(d), np.zeros(d, dtype=np.intp), np.zeros(d, dtype=bool)
        return cls(which, phi, value, np.zeros_like(phi), zeros, np.full(d, np.inf), no, zeros, none, none, none, no)

    def set(self, which: Mask, step: Array, slope: Array, decrement: Array, convex: Mask) -> None:
        self.step = np.where(which[:, None], step, self.step)
        self.slope = np.where(which, slope, self.slope)
        self.decrement = np.where(which, decrement, self.decrement)
        self.convex = np.where(which, convex, self.convex)
        self.scale = np.where(which, 1.0, self.scale)
        self.tries = np.where(which, 0, self.tries)

    def drop(self) -> None:
        """Leave out the searches that are over."""
        if self.over.any():
            on = ~self.over
            for name, values in vars(self).items():
                setattr(self, name, values[on])


def newton_steps(gradient: Array, hessian: Array) -> tuple[Array, Array, Mask]:
    """`estimation.newton.newton_step` of each data set: steps (d, t), decrements (d,), convexity (d,)."""
    diagonal = np.arange(gradient.shape[1])
    size = np.sqrt(np.maximum(np.abs(hessian[:, diagonal, diagonal]), 1e-8))
    scaled, slope = hessian / (size[:, :, None] * size[:, None, :]), gradient / size
    root, convex = cholesky_factors(scaled)
    plain = convex & (root[:, diagonal, diagonal].min(axis=1, initial=1.0) > PLAIN)
    safe = np.where(plain[:, None, None], scaled, np.eye(len(diagonal)))
    step = -np.linalg.solve(safe, slope[:, :, None])[:, :, 0]
    decrement = -np.sum(slope * step, axis=1)
    other = np.flatnonzero(~plain)
    if len(other):
        step[other], decrement[other], convex[other] = _along_eigenvectors(slope[other], scaled[other])
    step = step / size
    longest = np.abs(step).max(axis=1, initial=0.0)
    return step / np.maximum(longest, 1.0)[:, None], decrement, convex


def _along_eigenvectors(slope: Array, scaled: Array) -> tuple[Array, Array, Mask]:
    """The same where a direction is flat or of negative curvature, of Hessians with diagonals of 1."""
    values, vectors = np.linalg.eigh(scaled)
    along = (vectors.swapaxes(1, 2) @ slope[:, :, None])[:, :, 0]
    top = np.maximum(np.abs(values).max(axis=1), 1e-12)[:, None]
    strength = np.maximum(np.abs(values), 1e-9 * top)
    quiet = (np.abs(values) < 1e-9 * top) & (np.abs(along) < 1e-7)
    inside = np.where(quiet, 0.0, -along / strength)
    decrement = np.sum(np.where(quiet, 0.0, along**2 / strength), axis=1)
    return (vectors @ inside[:, :, None])[:, :, 0], decrement, values.min(axis=1) > -1e-7 * top[:, 0]


def _collapsed(parameters: Parameters, phi: Array) -> Mask:
    """Whether a residual covariance has become singular (d,)."""
    out = np.zeros(len(phi), dtype=bool)
    for part, at in parameters:
        if part.is_bar or not isinstance(part.block, Unstructured):
            continue
        root = factors_of(part.block, phi[:, at])
        diagonal = np.arange(part.block.size)
        lengths = np.linalg.norm(root, axis=2)
        out |= (np.abs(root[:, diagonal, diagonal]) < COLLAPSED * lengths).any(axis=1)
    return out
