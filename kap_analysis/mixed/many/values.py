"""V^-1 and its derivatives by data set and pattern: the formulas of `dense.py` and `low_rank.py` for many elements.

Every array has the data sets d first, then the patterns P.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.likelihood.low_rank import LowRankBatch
from kap_analysis.mixed.many.small_matrices import cholesky_factors, inverses, inverses_of_good
from kap_analysis.mixed.many.sums import BatchSums

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass
class Values(ABC):
    """One batch at the elements of each data set."""

    sums: BatchSums
    good: Mask  # (d,): whether every V is positive definite
    logdet: Array  # (d,)
    omega: Array  # (d, P, r, r)
    plain: Array  # (d,): s

    @property
    def params(self) -> list[int]:
        return list(self.sums.batch.params)

    @property
    @abstractmethod
    def omega1(self) -> Array:
        """Derivatives of Omega (d, m, P, r, r)."""

    @property
    @abstractmethod
    def plain1(self) -> Array:
        """Derivatives of s (d, m)."""

    @property
    @abstractmethod
    def logdet1(self) -> Array:
        """Derivatives of log|V| (d, m)."""

    @property
    @abstractmethod
    def logdet2(self) -> Array:
        """Second derivatives of log|V| (d, m, m)."""

    @abstractmethod
    def second(self, n: Array, plain: Array) -> Array:
        """sum_p <Omega_jk, N_p> + s_jk plain, for N (d, P, r, r) and plain (d,): (d, m, m)."""

    @abstractmethod
    def weighted(self, w: Array) -> tuple[Array, Array]:
        """sum_jk w_jk Omega_jk (d, P, r, r) and sum_jk w_jk s_jk (d,), for w (d, m, m)."""


@dataclass
class DenseValues(Values):
    """V written out."""

    basis: Array  # (m, P, r, r)

    @cached_property
    def _turned(self) -> Array:
        """Omega V_j (d, m, P, r, r)."""
        return self.omega[:, None] @ self.basis

    @cached_property
    def omega1(self) -> Array:
        return -(self._turned @ self.omega[:, None])

    @cached_property
    def plain1(self) -> Array:
        return np.zeros((len(self.omega), len(self.basis)))

    @cached_property
    def logdet1(self) -> Array:
        return np.einsum("dp,djpaa->dj", self.sums.counts, self._turned)

    @cached_property
    def logdet2(self) -> Array:
        return -_pair_traces(self._turned * self.sums.counts[:, None, :, None, None], self._turned)

    def second(self, n: Array, plain: Array) -> Array:
        out = 2 * _pair_traces((self.omega @ n)[:, None] @ self._turned, self._turned)
        return (out + out.transpose(0, 2, 1)) / 2

    def weighted(self, w: Array) -> tuple[Array, Array]:
        d, m = w.shape[:2]
        partner = (w @ self.basis.reshape(m, -1)).reshape(d, *self.basis.shape)
        inner = (self._turned @ self.omega[:, None] @ partner).sum(axis=1)
        return 2 * (inner @ self.omega), np.zeros(d)


@dataclass
class LowRankValues(Values):
    """Independent errors and random effects of the subject."""

    g: Array  # (d, q, q)
    tau: Array  # (d,)
    f: Array  # (d, P, q, q)

    @cached_property
    def _directions(self) -> Array:
        batch = self.sums.batch
        assert isinstance(batch, LowRankBatch)
        return batch.directions

    @cached_property
    def _k(self) -> Array:
        batch = self.sums.batch
        assert isinstance(batch, LowRankBatch)
        return batch.k

    @cached_property
    def _m(self) -> Array:
        return self.g[:, None] @ self.f

    @cached_property
    def _h(self) -> Array:
        return self.f @ self._k

    @cached_property
    def _gf(self) -> Array:
        """g_j F (d, m - 1, P, q, q)."""
        return self._directions[:, None] @ self.f[:, None]

    @cached_property
    def _gh(self) -> Array:
        return self._directions[:, None] @ self._h[:, None]

    @cached_property
    def _by_tau(self) -> Array:
        """What Omega falls by along tau: -2 tau M + tau^2 M K M (d, P, q, q)."""
        tau = self.tau[:, None, None, None]
        return -2 * tau * self._m + tau**2 * (self._m @ self._k @ self._m)

    @cached_property
    def omega1(self) -> Array:
        tau2 = self.tau[:, None, None, None] ** 2
        own = -tau2[:, None] * (self.f.swapaxes(-1, -2)[:, None] @ self._gf)
        return np.concatenate([own, (-tau2 * self._by_tau)[:, None]], axis=1)

    @cached_property
    def plain1(self) -> Array:
        out = np.zeros((len(self.tau), len(self._directions) + 1))
        out[:, -1] = -(self.tau**2)
        return out

    @cached_property
    def _mean_h(self) -> Array:
        return np.einsum("dp,dpab->dab", self.sums.counts, self._h)

    @cached_property
    def _hgh(self) -> Array:
        return np.einsum("dp,dpab->dab", self.sums.counts, self._h @ self.g[:, None] @ self._h)

    @cached_property
    def logdet1(self) -> Array:
        tau = self.tau
        own = tau[:, None] * np.einsum("jab,dab->dj", self._directions, self._mean_h)
        along = -(tau**2) * (np.sum(self._mean_h * self.g, axis=(1, 2)) - self.sums.rows / tau)
        return np.concatenate([own, along[:, None]], axis=1)

    @cached_property
    def logdet2(self) -> Array:
        tau, rows = self.tau, self.sums.rows
        counted = self._gh * self.sums.counts[:, None, :, None, None]
        own = -(tau**2)[:, None, None] * _pair_traces(counted, self._gh)
        moved = self._mean_h - tau[:, None, None] * self._hgh
        cross = -(tau**2)[:, None] * np.einsum("jab,dab->dj", self._directions, moved)
        by_tau = np.sum(self._mean_h * self.g, axis=(1, 2)) - rows / tau
        by_tau2 = rows / tau**2 - np.sum(self._hgh * self.g, axis=(1, 2))
        return _bordered(own, cross, tau**4 * by_tau2 + 2 * tau**3 * by_tau)

    def second(self, n: Array, plain: Array) -> Array:
        tau = self.tau
        fnf = self.f @ n @ self.f.swapaxes(-1, -2)
        right = self._directions[:, None] @ fnf[:, None]
        own = 2 * tau[:, None, None] ** 3 * _pair_traces(self._gh, right)
        fnmh = (self.f @ n @ self._m @ self._h).sum(axis=1)
        t = tau[:, None, None]
        mixed = -2 * t * fnf.sum(axis=1) + t**2 * (fnmh + fnmh.swapaxes(-1, -2))
        cross = -(tau**2)[:, None] * np.einsum("jab,dab->dj", self._directions, mixed)
        by_tau = np.sum(self._by_tau * n, axis=(1, 2, 3)) + plain
        by_tau2 = -2 * np.sum(self._m * fnf, axis=(1, 2, 3))
        return _bordered(own, cross, tau**4 * by_tau2 + 2 * tau**3 * by_tau)

    def weighted(self, w: Array) -> tuple[Array, Array]:
        size = len(self._directions)
        tau = self.tau[:, None, None, None]
        ft, m, f, h = self.f.swapaxes(-1, -2), self._m, self.f, self._h
        partner = np.einsum("djk,kab->djab", w[:, :size, :size], self._directions)
        inner = (self._gh @ partner[:, :, None]).sum(axis=1)
        total = 2 * tau**3 * (ft @ inner @ f)
        along = np.einsum("dj,jab->dab", w[:, size, :size], self._directions)[:, None]
        mixed = m @ h @ along @ f
        total += -2 * tau**2 * (-2 * tau * (ft @ along @ f) + tau**2 * (mixed + mixed.swapaxes(-1, -2)))
        last = w[:, size, size]
        total += last[:, None, None, None] * (-2 * tau**4 * (ft @ m @ f) + 2 * tau**3 * self._by_tau)
        return total, last * 2 * self.tau**3


def values_at(sums: BatchSums, eta: Array) -> Values:
    """A batch at the elements (d, m) of each data set."""
    batch = sums.batch
    local = eta[:, list(batch.params)]
    if isinstance(batch, DenseBatch):
        return _dense(sums, batch, local)
    assert isinstance(batch, LowRankBatch)
    return _low_rank(sums, batch, local)


def _dense(sums: BatchSums, batch: DenseBatch, local: Array) -> DenseValues:
    d, (n, m, r, _) = len(local), batch.basis.shape
    basis = np.ascontiguousarray(batch.basis.transpose(1, 0, 2, 3))
    v = (local @ basis.reshape(m, -1)).reshape(d, n, r, r)
    diagonal = np.arange(r)
    v[..., diagonal, diagonal] += 1.0 - batch.mask
    root, fine = cholesky_factors(v)
    omega, fine = inverses_of_good(v, fine)
    good = (fine | (sums.counts == 0)).all(axis=1)
    logdet = 2 * np.einsum("dp,dpa->d", sums.counts, np.log(root[..., diagonal, diagonal]))
    omega = (omega + omega.swapaxes(-1, -2)) / 2
    omega = omega * (batch.mask[:, :, None] * batch.mask[:, None, :])
    return DenseValues(sums, good, logdet, omega, np.zeros(d), basis)


def _low_rank(sums: BatchSums, batch: LowRankBatch, local: Array) -> LowRankValues:
    q = batch.k.shape[-1]
    variance = local[:, -1]
    positive = variance > 0
    tau = 1.0 / np.where(positive, variance, 1.0)
    g = np.einsum("dj,jab->dab", local[:, :-1], batch.directions) if q else np.zeros((len(local), 0, 0))
    f, logs, fine = inverses(np.eye(q) + tau[:, None, None, None] * (batch.k @ g[:, None]))
    good = positive & (fine | (sums.counts == 0)).all(axis=1)
    logdet = np.einsum("dp,dp->d", sums.counts, logs) - sums.rows * np.log(tau)
    omega = -(tau[:, None, None, None] ** 2) * (g[:, None] @ f)
    return LowRankValues(sums, good, logdet, omega, tau, g, tau, f)


def _pair_traces(left: Array, right: Array) -> Array:
    """sum_p tr(L_j R_k) for L and R (d, m, P, r, r): (d, m, m)."""
    d, m = left.shape[:2]
    return left.reshape(d, m, -1) @ right.swapaxes(-1, -2).reshape(d, m, -1).swapaxes(1, 2)


def _bordered(own: Array, cross: Array, corner: Array) -> Array:
    """(d, m, m) of what concerns g, the residual variance and both."""
    d, size = cross.shape
    out = np.empty((d, size + 1, size + 1))
    out[:, :size, :size] = own
    out[:, size, :size] = out[:, :size, size] = cross
    out[:, size, size] = corner
    return out
