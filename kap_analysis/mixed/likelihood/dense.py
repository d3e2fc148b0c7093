"""Subjects with a full covariance of their rows: V is written out, D holds the rows, Omega = V^-1 and s = 0.

For residual covariances, and for residual variances that differ between the rows of a subject.
V_j being the slope of V along a parameter, (V^-1)_j = -V^-1 V_j V^-1 and
(V^-1)_jk = V^-1 (V_j V^-1 V_k + V_k V^-1 V_j) V^-1 - V^-1 V_jk V^-1, the last term only for a correlation in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.continuous_time import Decay, covariance_at_times
from kap_analysis.mixed.likelihood.batch import Batch, BatchValue

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DenseBatch(Batch):
    """Subjects with a full covariance of their rows.

    All subjects have r rows here. Rows that one lacks are padded with independent ones of variance 1, which add nothing
    to log|V| and are cut out of V^-1.
    """

    basis: Array  # (P, m_linear, r, r): the directions in which V is linear
    mask: Array  # (P, r): 1 where the pattern has a row
    times: Array | None  # (P, r): times of a correlation that falls with time, whose two parameters come last
    decay: Decay | None  # how it falls

    def at(self, eta: Array) -> DenseValue | None:
        local = eta[list(self.params)]
        linear = self.basis.shape[1]
        v = np.tensordot(local[:linear], self.basis, axes=(0, 1))
        extra = None
        basis = self.basis
        if self.times is not None and self.decay is not None:
            value, first, second = covariance_at_times(self.decay, self.times, local[linear:])
            v, extra = v + value, second  # subjects without scheduled visits have equally many rows: none is padded
            basis = np.concatenate([basis, first], axis=1)
        diagonal = np.arange(v.shape[-1])
        v[:, diagonal, diagonal] += 1.0 - self.mask
        try:
            root = np.linalg.cholesky(v)
            omega = np.linalg.inv(v)  # may find a V singular that still has a factor
        except np.linalg.LinAlgError:
            return None
        logdet = 2 * float(self.counts @ np.log(root[:, diagonal, diagonal]).sum(axis=1))
        omega = (omega + omega.transpose(0, 2, 1)) / 2
        inner = self.mask[:, :, None] * self.mask[:, None, :]
        omega = omega * inner
        pieces = basis @ omega[:, None]
        omega1 = -(omega[:, None] @ pieces)
        logdet1 = np.einsum("p,pjaa->j", self.counts, pieces)
        m = len(self.params)
        return DenseValue(self, logdet, logdet1, omega, omega1, 0.0, np.zeros(m), basis, extra)


@dataclass
class DenseValue(BatchValue):
    """The batch at given elements."""

    batch: DenseBatch
    basis: Array  # (P, m, r, r)
    extra: Array | None  # (P, 2, 2, r, r): second derivatives of V by the last two parameters

    def _own_curvature(self, n: Array) -> Array:
        """<V_jk, N> for the parameters in which V is not linear, zero elsewhere: (m, m)."""
        m = self.basis.shape[1]
        out = np.zeros((m, m))
        if self.extra is not None:
            out[m - 2 :, m - 2 :] = np.einsum("pjkab,pab->jk", self.extra, n)
        return out

    def logdet2(self, curved: bool) -> Array:
        m = self.basis.shape[1]
        counts = self.batch.counts
        left = (-self.omega1 * counts[:, None, None, None]).transpose(1, 0, 2, 3).reshape(m, -1)
        out = -(left @ self.basis.transpose(1, 0, 2, 3).reshape(m, -1).T)
        return out + self._own_curvature(self.omega * counts[:, None, None]) if curved else out

    def second(self, n: Array, plain: float, curved: bool) -> Array:
        m = self.basis.shape[1]
        inner = self.omega @ n @ self.omega
        turned = self.omega[:, None] @ self.basis @ inner[:, None]
        left = self.basis.transpose(1, 0, 2, 3).reshape(m, -1)
        out = 2 * (left @ turned.transpose(1, 0, 2, 3).reshape(m, -1).T)
        out = (out + out.T) / 2
        return out - self._own_curvature(inner) if curved else out

    def weighted(self, w: Array) -> tuple[Array, float]:
        partner = np.tensordot(w, self.basis, axes=(1, 1)).transpose(1, 0, 2, 3)
        inner = (self.basis @ self.omega[:, None] @ partner).sum(axis=1)
        return 2 * (self.omega @ inner @ self.omega), 0.0
