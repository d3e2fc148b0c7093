"""Subjects whose covariance has one shape, stacked: V_i, its inverse and derivatives per pattern, not per subject.

A subject is the innermost unit (a patient). Its columns are [U W]: U of the groupings above it, W = [X y]. A quadratic
form over the subject is D'Omega D + s E'E, with data D (r rows) and a matrix Omega that all subjects of one *pattern*
share: the same visits, the same design of the random effects.

- `DenseStack`: D holds the rows, Omega = V^-1, s = 0. For residual covariances.
- `LowRankStack`: V = sigma2 I + Z g Z'. D = Z'[U W], Omega = -M / sigma^4 with M = g (I + K g / sigma2)^-1, K = Z'Z,
  and s = 1 / sigma2 on the plain cross-products. The size is that of g, however many rows a subject has.

Derivatives are along elements of g and of the residual covariance, in which V is linear (`InTime` excepted).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Links:
    """Where the columns U of the subjects of a stack stand among all random effects above them."""

    slots: Index  # (b, u): column of the level above
    cells: Index  # (b, u, u): cell of the stacked Q x Q matrices above
    n_columns: int
    n_cells: int
    du: Array  # (P, r, u): Z'U or the rows of U, per pattern
    uu: Array  # (P, u, u): U'U, zero in a dense stack
    uw: Array  # (b, u, k): U'W, zero in a dense stack

    @property
    def u(self) -> int:
        return self.slots.shape[1]

    @cached_property
    def to_columns(self) -> csr_array:
        return _adder(self.slots.ravel(), self.n_columns)

    @cached_property
    def to_cells(self) -> csr_array:
        return _adder(self.cells.ravel(), self.n_cells)


def _flat(values: Array) -> Array:
    """All axes but the first in one; also where there is nothing, of which reshape cannot tell the size."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _adder(target: Index, size: int) -> csr_array:
    """The sparse matrix that adds row i to row target[i]."""
    n = len(target)
    return csr_array((np.ones(n), (target, np.arange(n))), shape=(size, n))


@dataclass(frozen=True)
class Stack(ABC):
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
        (k, k): sum of W'W over the rows; zero in a dense stack.
    n_rows : int
        Rows of data.
    links : Links or None
        The level above, where there is one.
    """

    params: tuple[int, ...]
    starts: Index
    d: Array
    ww: Array
    n_rows: int
    links: Links | None

    @property
    def n_patterns(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def counts(self) -> Array:
        return np.diff(self.starts).astype(float)

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
    def at(self, eta: Array) -> StackValue | None:
        """The stack at given elements; None where a V is not positive definite."""


class Moments:
    """Second moments of data E (b, r, k) within each pattern."""

    def __init__(self, stack: Stack, e: Array) -> None:
        self.stack, self.e = stack, e
        b, r, k = e.shape
        self.full: Array | None = None
        if stack.few_patterns or r * k <= 4:
            flat = e.reshape(b, r * k)
            if stack.few_patterns:
                parts = [flat[s:t].T @ flat[s:t] for s, t in zip(stack.starts[:-1], stack.starts[1:], strict=True)]
                full = np.array(parts)
            else:
                full = stack.per_pattern(flat[:, :, None] * flat[:, None, :])
            self.full = full.reshape(len(full), r, k, r, k).transpose(0, 1, 3, 2, 4)

    def contract(self, matrices: Array) -> Array:
        """sum_i E_i' A_j E_i for A (P, m, r, r): (m, k, k)."""
        _, m, r, _ = matrices.shape
        k = self.e.shape[2]
        if self.full is not None:
            left = matrices.transpose(1, 0, 2, 3).reshape(m, -1)
            return (left @ self.full.reshape(-1, k * k)).reshape(m, k, k)
        out = np.zeros((k, m * k))
        size = max(1, int(4e6 // max(1, m * r * k)))
        for start in range(0, len(self.e), size):
            e = self.e[start : start + size]
            right = matrices[self.stack.pattern[start : start + size]].reshape(len(e), m * r, r) @ e
            right = right.reshape(len(e), m, r, k).transpose(0, 2, 1, 3).reshape(-1, m * k)
            out += e.reshape(-1, k).T @ right
        return out.reshape(k, m, k).transpose(1, 0, 2)

    def functional(self, xi: Array) -> Array:
        """sum_i E_i Xi E_i' per pattern: (P, r, r)."""
        if self.full is not None:
            return np.tensordot(self.full, xi, axes=([3, 4], [0, 1]))
        return self.stack.per_pattern((self.e @ xi) @ self.e.transpose(0, 2, 1))


@dataclass
class StackValue(ABC):
    """One stack at given elements: what the sums over its subjects need."""

    stack: Stack
    logdet: float
    logdet1: Array  # (m,)
    omega: Array  # (P, r, r)
    omega1: Array  # (P, m, r, r)
    plain: float  # s
    plain1: Array  # (m,)

    @abstractmethod
    def logdet2(self, bent: bool) -> Array:
        """Second derivatives of log|V| (m, m); `bent` with those of V itself."""

    @abstractmethod
    def second(self, n: Array, plain: float, bent: bool) -> Array:
        """sum_p <Omega_jk, N_p> + s_jk plain: (m, m)."""

    @abstractmethod
    def weighted(self, w: Array) -> tuple[Array, float]:
        """sum_jk w_jk Omega_jk (P, r, r) and sum_jk w_jk s_jk, V taken as linear."""


def inverse(stack_of_matrices: Array) -> tuple[Array, Array, bool]:
    """Inverses (P, q, q), determinants' logs (P,), and whether every determinant is above 0."""
    a = stack_of_matrices
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


@dataclass(frozen=True)
class LowRankStack(Stack):
    """Independent errors and random effects of the subject; see the module's text."""

    k: Array  # (P, q, q)
    directions: Array  # (m - 1, q, q); the last parameter is the residual variance

    def at(self, eta: Array) -> LowRankValue | None:
        local = eta[list(self.params)]
        variance = float(local[-1])
        if not variance > 0:
            return None
        tau = 1.0 / variance
        q = self.k.shape[-1]
        g = np.tensordot(local[:-1], self.directions, axes=1) if q else np.zeros((0, 0))
        f, logs, good = inverse(np.eye(q) + tau * (self.k @ g))
        if not good or not self._definite(g, tau):
            return None
        return LowRankValue.of(self, g, tau, f, float(self.counts @ logs))

    def _definite(self, g: Array, tau: float) -> bool:
        """Whether every V is positive definite; a determinant above 0 does not say so where g is indefinite."""
        if len(g) < 2 or np.linalg.eigvalsh(g)[0] >= 0:
            return True
        return bool((np.linalg.eigvals(tau * (self.k @ g)).real > -1).all())


@dataclass
class LowRankValue(StackValue):
    g: Array
    tau: float
    f: Array  # (P, q, q)
    m: Array  # (P, q, q)
    h: Array  # (P, q, q)

    @classmethod
    def of(cls, stack: LowRankStack, g: Array, tau: float, f: Array, logs: float) -> LowRankValue:
        m, h = g @ f, f @ stack.k
        directions, counts, n = stack.directions, stack.counts, stack.n_rows
        ft = f.transpose(0, 2, 1)
        size, q = len(directions), g.shape[-1]
        omega1 = np.empty((len(f), size + 1, q, q))
        omega1[:, :size] = -(tau**2) * (ft[:, None] @ directions @ f[:, None])
        omega1[:, size] = tau**2 * (2 * tau * m - tau**2 * (m @ stack.k @ m))
        mean_h = np.tensordot(counts, h, axes=1)
        logdet1 = np.empty(size + 1)
        logdet1[:size] = tau * np.einsum("jab,ab->j", directions, mean_h)
        logdet1[size] = -(tau**2) * (np.sum(mean_h * g) - n / tau)
        plain1 = np.zeros(size + 1)
        plain1[size] = -(tau**2)
        return cls(stack, logs - n * np.log(tau), logdet1, -(tau**2) * m, omega1, tau, plain1, g, tau, f, m, h)

    def logdet2(self, bent: bool) -> Array:
        stack, tau, h, g = self.stack, self.tau, self.h, self.g
        directions, counts = stack.directions, stack.counts  # type: ignore[attr-defined]
        size = len(directions)
        out = np.empty((size + 1, size + 1))
        gh = directions @ h[:, None]  # (P, m, q, q)
        turned = _flat((gh * counts[:, None, None, None]).transpose(1, 0, 3, 2))
        out[:size, :size] = -(tau**2) * (_flat(gh.transpose(1, 0, 2, 3)) @ turned.T)
        mean_h = np.tensordot(counts, h, axes=1)
        hgh = np.tensordot(counts, h @ g @ h, axes=1)
        cross = np.einsum("jab,ab->j", directions, mean_h - tau * hgh)
        out[size, :size] = out[:size, size] = -(tau**2) * cross
        by_tau = np.sum(mean_h * g) - stack.n_rows / tau
        by_tau2 = stack.n_rows / tau**2 - np.sum(hgh * g)
        out[size, size] = tau**4 * by_tau2 + 2 * tau**3 * by_tau
        return out

    def second(self, n: Array, plain: float, bent: bool) -> Array:
        tau, f, m, h = self.tau, self.f, self.m, self.h
        directions = self.stack.directions  # type: ignore[attr-defined]
        size = len(directions)
        out = np.empty((size + 1, size + 1))
        fnf = f @ n @ f.transpose(0, 2, 1)
        left = _flat((directions @ h[:, None]).transpose(1, 0, 2, 3))
        right = _flat((directions @ fnf[:, None]).transpose(1, 0, 3, 2))
        out[:size, :size] = 2 * tau**3 * (left @ right.T)
        fnmh = (f @ n @ m @ h).sum(axis=0)
        cross = np.einsum("jab,ab->j", directions, -2 * tau * fnf.sum(axis=0) + tau**2 * (fnmh + fnmh.T))
        out[size, :size] = out[:size, size] = -(tau**2) * cross
        by_tau = np.sum((-2 * tau * m + tau**2 * (m @ self.stack.k @ m)) * n) + plain  # type: ignore[attr-defined]
        by_tau2 = -2 * np.sum(m * fnf)
        out[size, size] = tau**4 * by_tau2 + 2 * tau**3 * by_tau
        return out

    def weighted(self, w: Array) -> tuple[Array, float]:
        tau, f, m, h = self.tau, self.f, self.m, self.h
        directions = self.stack.directions  # type: ignore[attr-defined]
        size = len(directions)
        ft = f.transpose(0, 2, 1)
        partner = np.tensordot(w[:size, :size], directions, axes=1)
        inner = np.einsum("jab,pbc,jcd->pad", directions, h, partner)
        total = 2 * tau**3 * (ft @ inner @ f)
        along = np.tensordot(w[size, :size], directions, axes=1)
        mixed = m @ h @ along @ f
        total += -2 * tau**2 * (-2 * tau * (ft @ along @ f) + tau**2 * (mixed + mixed.transpose(0, 2, 1)))
        by_tau = -2 * tau * m + tau**2 * (m @ self.stack.k @ m)  # type: ignore[attr-defined]
        total += w[size, size] * (-2 * tau**4 * (ft @ m @ f) + 2 * tau**3 * by_tau)
        return total, float(w[size, size] * 2 * tau**3)


@dataclass(frozen=True)
class DenseStack(Stack):
    """Subjects with a full covariance of their rows; rows that one lacks are padded with independent ones of 1."""

    basis: Array  # (P, m_linear, r, r): the directions in which V is linear
    mask: Array  # (P, r): 1 where the pattern has a row
    times: Array | None  # (P, r): times of an exponential correlation, whose two parameters come last

    def at(self, eta: Array) -> DenseValue | None:
        local = eta[list(self.params)]
        linear = self.basis.shape[1]
        v = np.tensordot(local[:linear], self.basis, axes=(0, 1))
        extra = None
        if self.times is not None:
            value, first, second = in_time(self.times, self.mask, local[linear:])
            v, extra = v + value, second
            basis = np.concatenate([self.basis, first], axis=1)
        else:
            basis = self.basis
        diagonal = np.arange(v.shape[-1])
        v[:, diagonal, diagonal] += 1.0 - self.mask
        try:
            root = np.linalg.cholesky(v)
        except np.linalg.LinAlgError:
            return None
        logdet = 2 * float(self.counts @ np.log(root[:, diagonal, diagonal]).sum(axis=1))
        omega = np.linalg.inv(v)
        omega = (omega + omega.transpose(0, 2, 1)) / 2
        inner = self.mask[:, :, None] * self.mask[:, None, :]
        omega = omega * inner
        pieces = basis @ omega[:, None]
        omega1 = -(omega[:, None] @ pieces)
        logdet1 = np.einsum("p,pjaa->j", self.counts, pieces)
        m = len(self.params)
        return DenseValue(self, logdet, logdet1, omega, omega1, 0.0, np.zeros(m), basis, extra)


@dataclass
class DenseValue(StackValue):
    basis: Array  # (P, m, r, r)
    extra: Array | None  # (P, 2, 2, r, r): second derivatives of V by the last two parameters

    def _bend(self, n: Array) -> Array:
        """<V_jk, N> for the parameters in which V bends, zero elsewhere: (m, m)."""
        m = self.basis.shape[1]
        out = np.zeros((m, m))
        if self.extra is not None:
            out[m - 2 :, m - 2 :] = np.einsum("pjkab,pab->jk", self.extra, n)
        return out

    def logdet2(self, bent: bool) -> Array:
        m = self.basis.shape[1]
        counts = self.stack.counts
        left = (-self.omega1 * counts[:, None, None, None]).transpose(1, 0, 2, 3).reshape(m, -1)
        out = -(left @ self.basis.transpose(1, 0, 2, 3).reshape(m, -1).T)
        return out + self._bend(self.omega * counts[:, None, None]) if bent else out

    def second(self, n: Array, plain: float, bent: bool) -> Array:
        m = self.basis.shape[1]
        inner = self.omega @ n @ self.omega
        turned = self.omega[:, None] @ self.basis @ inner[:, None]
        left = self.basis.transpose(1, 0, 2, 3).reshape(m, -1)
        out = 2 * (left @ turned.transpose(1, 0, 2, 3).reshape(m, -1).T)
        out = (out + out.T) / 2
        return out - self._bend(inner) if bent else out

    def weighted(self, w: Array) -> tuple[Array, float]:
        partner = np.tensordot(w, self.basis, axes=(1, 1)).transpose(1, 0, 2, 3)
        inner = (self.basis @ self.omega[:, None] @ partner).sum(axis=1)
        return 2 * (self.omega @ inner @ self.omega), 0.0


def in_time(times: Array, mask: Array, phi: Array) -> tuple[Array, Array, Array]:
    """Values, slopes (P, 2, r, r) and second derivatives (P, 2, 2, r, r) of exp(phi0 - |t - s| exp(-phi1))."""
    apart = np.abs(times[:, :, None] - times[:, None, :]) * np.exp(-phi[1])
    value = np.exp(phi[0] - apart) * (mask[:, :, None] * mask[:, None, :])
    first = np.stack([value, value * apart], axis=1)
    bend = value * apart
    second = np.stack([np.stack([value, bend], axis=1), np.stack([bend, value * (apart**2 - apart)], axis=1)], axis=1)
    return value, first, second
