"""Subjects with independent errors of one variance and random effects of their own: V = sigma2 I + Z g Z'.

With tau = 1 / sigma2, K = Z'Z, F = (I + tau K g)^-1, M = g F and H = F K, the Woodbury identity gives

    V^-1 = tau I - tau^2 Z M Z'        log|V| = log|I + tau K g| - n log(tau)

so D = Z'[U W], Omega = -tau^2 M and s = tau: the work is that of q x q matrices, however many rows a subject has.
Along elements of g, M_j = F'g_j F and F_j = -tau H g_j F. The residual variance is reached through tau:
df/d(sigma2) = -tau^2 f', d2f/d(sigma2)^2 = tau^4 f'' + 2 tau^3 f', with dM/dtau = -M K M.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.likelihood.batch import Batch, BatchValue, inverse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LowRankBatch(Batch):
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
class LowRankValue(BatchValue):
    """The batch at given elements, with the matrices of the module's text."""

    batch: LowRankBatch
    g: Array
    tau: float
    f: Array  # (P, q, q)
    m: Array  # (P, q, q)
    h: Array  # (P, q, q)

    @classmethod
    def of(cls, batch: LowRankBatch, g: Array, tau: float, f: Array, logs: float) -> LowRankValue:
        m, h = g @ f, f @ batch.k
        directions, counts, n = batch.directions, batch.counts, batch.n_rows
        ft = f.transpose(0, 2, 1)
        size, q = len(directions), g.shape[-1]
        omega1 = np.empty((len(f), size + 1, q, q))
        omega1[:, :size] = -(tau**2) * (ft[:, None] @ directions @ f[:, None])
        omega1[:, size] = tau**2 * (2 * tau * m - tau**2 * (m @ batch.k @ m))
        mean_h = _total(counts, h)
        logdet1 = np.empty(size + 1)
        logdet1[:size] = tau * np.einsum("jab,ab->j", directions, mean_h)
        logdet1[size] = -(tau**2) * (np.sum(mean_h * g) - n / tau)
        plain1 = np.zeros(size + 1)
        plain1[size] = -(tau**2)
        return cls(batch, logs - n * np.log(tau), logdet1, -(tau**2) * m, omega1, tau, plain1, g, tau, f, m, h)

    def logdet2(self, curved: bool) -> Array:
        """-tau^2 tr(g_j H g_k H) along g; tr(H g) - n / tau and n / tau^2 - tr(H g H g) are the slopes along tau."""
        batch, tau, h, g = self.batch, self.tau, self.h, self.g
        directions, counts = batch.directions, batch.counts
        size = len(directions)
        out = np.empty((size + 1, size + 1))
        gh = directions @ h[:, None]  # (P, m, q, q)
        turned = _flat((gh * counts[:, None, None, None]).transpose(1, 0, 3, 2))
        out[:size, :size] = -(tau**2) * (_flat(gh.transpose(1, 0, 2, 3)) @ turned.T)
        mean_h = _total(counts, h)
        hgh = _total(counts, h @ g @ h)
        cross = np.einsum("jab,ab->j", directions, mean_h - tau * hgh)
        out[size, :size] = out[:size, size] = -(tau**2) * cross
        by_tau = np.sum(mean_h * g) - batch.n_rows / tau
        by_tau2 = batch.n_rows / tau**2 - np.sum(hgh * g)
        out[size, size] = tau**4 * by_tau2 + 2 * tau**3 * by_tau
        return out

    def second(self, n: Array, plain: float, curved: bool) -> Array:
        """tau^3 <F'(g_j H g_k + g_k H g_j) F, N> along g; N is symmetric, so one of the two is doubled."""
        tau, f, m, h = self.tau, self.f, self.m, self.h
        directions = self.batch.directions
        size = len(directions)
        out = np.empty((size + 1, size + 1))
        fnf = f @ n @ f.transpose(0, 2, 1)
        left = _flat((directions @ h[:, None]).transpose(1, 0, 2, 3))
        right = _flat((directions @ fnf[:, None]).transpose(1, 0, 3, 2))
        out[:size, :size] = 2 * tau**3 * (left @ right.T)
        fnmh = (f @ n @ m @ h).sum(axis=0)
        cross = np.einsum("jab,ab->j", directions, -2 * tau * fnf.sum(axis=0) + tau**2 * (fnmh + fnmh.T))
        out[size, :size] = out[:size, size] = -(tau**2) * cross
        by_tau = np.sum((-2 * tau * m + tau**2 * (m @ self.batch.k @ m)) * n) + plain
        by_tau2 = -2 * np.sum(m * fnf)
        out[size, size] = tau**4 * by_tau2 + 2 * tau**3 * by_tau
        return out

    def weighted(self, w: Array) -> tuple[Array, float]:
        tau, f, m, h = self.tau, self.f, self.m, self.h
        directions = self.batch.directions
        size = len(directions)
        ft = f.transpose(0, 2, 1)
        partner = np.tensordot(w[:size, :size], directions, axes=1)
        inner = np.einsum("jab,pbc,jcd->pad", directions, h, partner)
        total = 2 * tau**3 * (ft @ inner @ f)
        along = np.tensordot(w[size, :size], directions, axes=1)
        mixed = m @ h @ along @ f
        total += -2 * tau**2 * (-2 * tau * (ft @ along @ f) + tau**2 * (mixed + mixed.transpose(0, 2, 1)))
        by_tau = -2 * tau * m + tau**2 * (m @ self.batch.k @ m)
        total += w[size, size] * (-2 * tau**4 * (ft @ m @ f) + 2 * tau**3 * by_tau)
        return total, float(w[size, size] * 2 * tau**3)


def _flat(values: Array) -> Array:
    """All axes but the first in one; also where there is nothing, of which reshape cannot tell the size."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _total(counts: Array, values: Array) -> Array:
    """sum_p counts_p values_p (q, q): over all subjects."""
    return (counts @ _flat(values)).reshape(values.shape[1:])
