"""Subjects whose covariance has one shape, worked on together: V_i, its inverse and derivatives per pattern.

A subject is the innermost unit (a patient). Its columns are [U W]: U of the groupings above it, W = [X y]. A quadratic
form over the subject is D'Omega D + s E'E, with data D (r rows) and a matrix Omega that all subjects of one *pattern*
share: the same visits, the same design of the random effects. So the work of inverting grows with the patterns, and
with the subjects only that of adding up.

There are two kinds of batch: ``dense.py`` for residual covariances, ``low_rank.py`` for independent errors.
Derivatives are along elements of g and of the residual covariance, in which V is linear (but for an exponential
correlation in time).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
MOST_NUMBERS = 4_000_000  # in one array of products over subjects and parameters: 32 MB


@dataclass(frozen=True)
class UpperLinks:
    """Where the columns U of the subjects of a batch stand among all random effects above them."""

    slots: Index  # (b, u): column of the level above
    cells: Index  # (b, u, u): cell of the Q x Q matrices above, among those that a subject touches
    du: Array  # (P, r, u): Z'U or the rows of U, per pattern
    uu: Array  # (P, u, u): U'U, zero in a dense batch
    uw: Array  # (b, u, k): U'W, zero in a dense batch

    @property
    def u(self) -> int:
        return self.slots.shape[1]


@dataclass(frozen=True)
class Summed:
    """Subjects of which only sums by pattern are left.

    Attributes
    ----------
    counts : numpy.ndarray
        (P,): subjects.
    moments : numpy.ndarray
        (P, r, r, k, k): second moments of their data.
    """

    counts: Array
    moments: Array


@dataclass(frozen=True)
class Batch(ABC):
    """Subjects of one shape, sorted by pattern.

    Attributes
    ----------
    params : tuple of int
        The elements (of all of the model) that act here: m of them.
    starts : numpy.ndarray
        (P + 1,): subjects starts[p]:starts[p + 1] have pattern p.
    d : numpy.ndarray
        (b, r, k): the data of each subject.
    ww : numpy.ndarray
        (k, k): sum of W'W over the rows; zero in a dense batch.
    n_rows : int
        Rows of data.
    links : UpperLinks or None
        The level above, where there is one.
    subjects : numpy.ndarray
        (b,): which of all subjects these are.
    summed : Summed or None
        In place of subjects, which are then none: what is left of them when they have been summed by pattern.
    """

    params: tuple[int, ...]
    starts: Index
    d: Array
    ww: Array
    n_rows: int
    links: UpperLinks | None
    subjects: Index
    summed: Summed | None = field(default=None, kw_only=True)

    @property
    def n_patterns(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def counts(self) -> Array:
        return np.diff(self.starts).astype(float) if self.summed is None else self.summed.counts

    @cached_property
    def pattern(self) -> Index:
        return np.repeat(np.arange(self.n_patterns), np.diff(self.starts))

    @cached_property
    def few_patterns(self) -> bool:
        return self.n_patterns * 8 <= len(self.d)

    @cached_property
    def own_moments(self) -> Moments:
        return Moments(self, self.d)

    def per_pattern(self, values: Array) -> Array:
        """Sums over the subjects of each pattern."""
        return np.add.reduceat(values, self.starts[:-1], axis=0)

    @abstractmethod
    def at(self, eta: Array) -> BatchValue | None:
        """The batch at given elements; None where a V is not positive definite."""


class Moments:
    """Second moments of data E (b, r, k) within each pattern.

    All of them, (P, r, r, k, k), are kept where that is less work than going through the subjects each time: where
    many subjects share a pattern, or the arrays are tiny.
    """

    def __init__(self, batch: Batch, e: Array) -> None:
        self.batch, self.e = batch, e
        b, r, k = e.shape
        self.full: Array | None = None
        if batch.summed is not None:
            self.full = batch.summed.moments
        elif batch.few_patterns or r * k <= 4:
            flat = e.reshape(b, r * k)
            if batch.few_patterns:
                parts = [flat[s:t].T @ flat[s:t] for s, t in zip(batch.starts[:-1], batch.starts[1:], strict=True)]
                full = np.array(parts)
            else:
                full = batch.per_pattern(flat[:, :, None] * flat[:, None, :])
            self.full = np.ascontiguousarray(full.reshape(len(full), r, k, r, k).transpose(0, 1, 3, 2, 4))

    def contract(self, matrices: Array) -> Array:
        """sum_i E_i' A_j E_i for A (P, m, r, r): (m, k, k)."""
        _, m, r, _ = matrices.shape
        k = self.e.shape[2]
        if self.full is not None:
            left = matrices.transpose(1, 0, 2, 3).reshape(m, -1)
            return (left @ self.full.reshape(-1, k * k)).reshape(m, k, k)
        out = np.zeros((k, m * k))
        size = max(1, MOST_NUMBERS // max(1, m * r * k))
        for start in range(0, len(self.e), size):
            e = self.e[start : start + size]
            right = matrices[self.batch.pattern[start : start + size]].reshape(len(e), m * r, r) @ e
            right = right.reshape(len(e), m, r, k).transpose(0, 2, 1, 3).reshape(-1, m * k)
            out += e.reshape(-1, k).T @ right
        return out.reshape(k, m, k).transpose(1, 0, 2)

    def functional(self, xi: Array) -> Array:
        """sum_i E_i Xi E_i' per pattern: (P, r, r)."""
        if self.full is not None:
            r, k = self.e.shape[1:]
            n = len(self.full)
            return (self.full.reshape(n * r * r, k * k) @ np.ravel(xi)).reshape(n, r, r)
        return self.batch.per_pattern((self.e @ xi) @ self.e.transpose(0, 2, 1))


@dataclass
class BatchValue(ABC):
    """One batch at given elements: what the sums over its subjects need."""

    batch: Batch
    logdet: float
    logdet1: Array  # (m,)
    omega: Array  # (P, r, r)
    omega1: Array  # (P, m, r, r)
    plain: float  # s
    plain1: Array  # (m,)

    @abstractmethod
    def logdet2(self, curved: bool) -> Array:
        """Second derivatives of log|V| (m, m); `curved` with what the second derivatives of V itself add."""

    @abstractmethod
    def second(self, n: Array, plain: float, curved: bool) -> Array:
        """sum_p <Omega_jk, N_p> + s_jk plain: (m, m)."""

    @abstractmethod
    def weighted(self, w: Array) -> tuple[Array, float]:
        """sum_jk w_jk Omega_jk (P, r, r) and sum_jk w_jk s_jk, V taken as linear."""


def inverse(matrices: Array) -> tuple[Array, Array, bool]:
    """Inverses (P, q, q), determinants' logs (P,), and whether every determinant is above 0.

    A random intercept or a slope with it is the common case: sizes 1 and 2 are written out, since LAPACK's calls for
    each of many tiny matrices would take most of the time of a fit.
    """
    a = matrices
    q = a.shape[-1]
    if q == 0:
        return np.asarray(a), np.zeros(len(a)), True
    if q == 1:
        det = a[:, 0, 0]
        cofactors = np.ones_like(a)
    elif q == 2:
        det = a[:, 0, 0] * a[:, 1, 1] - a[:, 0, 1] * a[:, 1, 0]
        cofactors = np.empty_like(a)
        cofactors[:, 0, 0], cofactors[:, 1, 1] = a[:, 1, 1], a[:, 0, 0]
        cofactors[:, 0, 1], cofactors[:, 1, 0] = -a[:, 0, 1], -a[:, 1, 0]
    else:
        sign, logs = np.linalg.slogdet(a)
        good = bool((sign > 0).all() and np.isfinite(logs).all())
        return np.asarray(np.linalg.inv(a) if good else a), logs, good
    good = bool((det > 0).all())
    if not good:
        return np.asarray(a), np.asarray(det), False
    return np.asarray(cofactors / det[:, None, None]), np.asarray(np.log(det)), True
