"""The numbers that are worked with, near 1 and near 0, and the way back to the user's units and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import element_basis
from kap_analysis.mixed.design.design import Bar

Array = NDArray[np.float64]
FAR = 30.0  # deviations from 0 beyond which the columns of a bar with an intercept are centred


@dataclass(frozen=True)
class Scaling:
    """How the numbers inside differ from the user's: X = Q r, y = X centre + scale * (what is left)."""

    centre: Array  # (p,)
    r: Array  # (p, p), upper triangular or any invertible matrix
    scale: float
    elements: Array  # (m,): user's element = inside element * this + the next, which is 0 but for logarithms
    shifts: Array  # (m,)
    log_weights: float  # sum of log weights
    turns: tuple[tuple[slice, Array], ...] = ()  # bars with centred columns: user's elements = matrix @ these

    @cached_property
    def log_size(self) -> float:
        """log|r|."""
        return float(np.linalg.slogdet(self.r)[1])

    def outside(self, inside: Array) -> Array:
        """Elements (m,) in the user's units and columns from those inside."""
        values = inside * self.elements + self.shifts
        for at, turn in self.turns:
            values[at] = turn @ values[at]
        return values

    def inside(self, outside: Array) -> Array:
        """Elements (m,) inside from those in the user's units and columns."""
        values = outside.copy()
        for at, turn in self.turns:
            values[at] = np.linalg.solve(turn, values[at])
        return (values - self.shifts) / self.elements

    def coefficients(self, inside: Array) -> Array:
        """Coefficients of the user's columns from those of Q."""
        return self.centre + self.scale * np.linalg.solve(self.r, inside)

    def rows(self, rows: Array) -> Array:
        """L r^-1: rows of L for the coefficients of Q."""
        return np.asarray(np.linalg.solve(self.r.T, np.atleast_2d(rows).T)).T


@dataclass(frozen=True)
class AgreedColumns:
    """The columns in which all parts of a set of units are worked on: X = Q r, y = X centre + scale * (what is left).

    Attributes
    ----------
    centre : numpy.ndarray
        (p,).
    r : numpy.ndarray
        (p, p), any invertible matrix.
    scale : float
        Above 0.
    sizes : tuple of numpy.ndarray
        Per bar (q,): what its columns are divided by.
    """

    centre: Array
    r: Array
    scale: float
    sizes: tuple[Array, ...]

    @classmethod
    def as_they_are(cls, p: int, widths: Sequence[int]) -> AgreedColumns:
        """The user's own columns: p of the fixed part, and those of each bar."""
        return cls(np.zeros(p), np.eye(p), 1.0, tuple(np.ones(width) for width in widths))

    def within(self, outer: AgreedColumns) -> AgreedColumns:
        """The same columns in the user's units, where these were agreed on in the columns of `outer`."""
        centre = outer.centre + outer.scale * np.linalg.solve(outer.r, self.centre)
        return AgreedColumns(np.asarray(centre), self.r @ outer.r, self.scale * outer.scale, self.sizes)

    def turn_to(self, other: AgreedColumns, kept: Sequence[int]) -> Array:
        """T with W of `other` = W T, where `other` keeps some columns of X."""
        r, p = self.r[:, list(kept)], len(self.centre)
        out = np.zeros((p + 1, len(kept) + 1))
        out[:p, :-1] = np.linalg.solve(other.r.T, r.T).T
        out[:p, -1] = (self.r @ self.centre - r @ other.centre) / other.scale
        out[p, -1] = self.scale / other.scale
        return out


def centred_columns(bar: Bar) -> tuple[Array, Array]:
    """Columns (n, q) of a bar with its intercept, less their means (q,) where these are many deviations from 0.

    (1 + year | g) and (1 + (year - 2020) | g) are one model: the first is worked on as the second, since a variance at
    year 0 and a covariance of almost -1 would leave no digits. The means are 0 where the columns stay as they are.
    """
    means = np.zeros(bar.z.shape[1])
    active = bar.codes >= 0
    if len(means) < 2 or bar.names[0] != "(Intercept)" or not active.any() or not (bar.z[active, 0] == 1).all():
        return bar.z, means
    found, spread = bar.z[active].mean(axis=0), bar.z[active].std(axis=0)
    far = (np.abs(found) > FAR * spread) & (spread > 0)
    if not far.any():
        return bar.z, means
    means[far] = found[far]
    return np.where(active[:, None], bar.z - means, bar.z), means


def turn_of_elements(means: Array) -> Array:
    """(elements, elements): from the elements of G of centred columns to those of the columns as they are."""
    back = np.eye(len(means))
    back[0] -= means
    turned = back @ element_basis(len(means)) @ back.T
    rows, columns = np.tril_indices(len(means))
    return np.asarray(turned[:, rows, columns].T)
