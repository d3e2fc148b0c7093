"""What the random effects above the subjects add to log|V| and W'V^-1 W, and to their derivatives.

A = U'D^-1 U and B = U'D^-1 W being given, F = (I + A G)^-1, M = G F, H = F A, N = F B and Y = M B; ``evaluation.py``
says where each is needed. Many small components are inverted together. A large one has A + G^-1 inverted by its
Cholesky factor, a third of the work, in the form T (I + T'A T)^-1 T' with G = T T', which a variance of 0 does not
disturb; this is the mixed-model equation of Bates et al. 2015, doi:10.18637/jss.v067.i01, after the effects of the
subjects were taken out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri

from kap_analysis.mixed.likelihood.batch import inverse
from kap_analysis.mixed.likelihood.block_diagonal import (
    Block,
    multiply,
    multiply_slopes,
    slope_pair_traces,
    slope_product_traces,
    slope_traces,
)
from kap_analysis.mixed.likelihood.touched_cells import LARGE, TouchedCells
from kap_analysis.mixed.likelihood.upper_effects import UpperGroup

Array = NDArray[np.float64]
ROUNDING = 1e-14  # an eigenvalue of a singular G may come out this far below 0
SMALL = 1e-6  # a variance, as a share of the largest, below which its root is not divided by


@dataclass(frozen=True)
class UpperEffects:
    """The random effects above the subjects, for components of one shape, at given elements."""

    group: UpperGroup
    touched: TouchedCells
    matrices: tuple[Array, ...]  # of the blocks of G
    f: Array  # (b, Q, Q)
    m: Array
    h: Array
    n: Array  # (b, Q, k)
    y: Array
    logdet: float

    @property
    def own(self) -> tuple[int, ...]:
        """The elements of G."""
        return self.group.params

    def first(self) -> tuple[Array, Array]:
        """Derivatives along the elements of G of log|V| (m,) and of W'V^-1 W (m, k, k)."""
        k = self.n.shape[-1]
        turned = multiply_slopes(self.group.blocks, self.n).swapaxes(0, 1)
        return slope_traces(self.group.blocks, self.h), -(self.n.reshape(-1, k).T @ turned.reshape(len(turned), -1, k))


@dataclass(frozen=True)
class UpperSlopes:
    """How A and E move along the elements below, the elements that act on the subjects."""

    effects: UpperEffects
    e: Array  # (b, low, Q, k): e_j
    a1: Array  # (cells, low): A_j

    @cached_property
    def logdet2(self) -> tuple[Array, Array, Array]:
        """What second derivatives of log|V| owe to these effects: low by low, own by own, own by low.

        -tr(M A_j M A_k), -tr(G_j H G_k H) and tr(G_j F A_k F').
        """
        effects = self.effects
        lows, across = self._one_by_one() if effects.group.q >= LARGE else self._together()
        return lows, -slope_pair_traces(effects.group.blocks, effects.h), across

    def _together(self) -> tuple[Array, Array]:
        """Low by low and own by low, all elements below at once: small matrices."""
        effects, blocks = self.effects, self.effects.group.blocks
        fa = effects.f @ effects.touched.full(np.ascontiguousarray(self.a1.T))  # F A_j (low, b, Q, Q)
        ma = multiply(blocks, effects.matrices, fa)
        lows = -(ma.reshape(len(ma), -1) @ ma.transpose(0, 1, 3, 2).reshape(len(ma), -1).T)
        return lows, slope_product_traces(blocks, fa, effects.f)

    def _one_by_one(self) -> tuple[Array, Array]:
        """The same for large matrices, of which no copies are made."""
        effects, blocks = self.effects, self.effects.group.blocks
        fa = [effects.touched.product(effects.f, one) for one in np.ascontiguousarray(self.a1.T)]
        ma = [multiply(blocks, effects.matrices, one) for one in fa]
        lows = np.zeros((len(ma),) * 2)
        for j, one in enumerate(ma):
            for k, other in enumerate(ma[: j + 1]):
                lows[j, k] = lows[k, j] = -np.einsum("bqr,brq->", one, other)
        return lows, np.transpose([slope_product_traces(blocks, one, effects.f) for one in fa])

    def second(self, xi: Array) -> tuple[Array, Array, Array]:
        """sum(Xi * S_jk): low by low, own by own, own by low."""
        effects, size = self.effects, self.a1.shape[1]
        ex = (self.e @ xi).transpose(1, 0, 2, 3).reshape(size, -1)
        me = (effects.m[:, None] @ self.e).transpose(1, 0, 2, 3).reshape(size, -1)
        gn = multiply_slopes(effects.group.blocks, effects.n)
        gnx = (gn @ xi).transpose(1, 0, 2, 3).reshape(gn.shape[1], -1)
        hgn = (effects.h[:, None] @ gn).transpose(1, 0, 2, 3).reshape(gn.shape[1], -1)
        fe = (effects.f[:, None] @ self.e).transpose(1, 0, 2, 3).reshape(size, -1)
        lows, owns = -2 * (ex @ me.T), 2 * (gnx @ hgn.T)
        return (lows + lows.T) / 2, (owns + owns.T) / 2, -2 * (gnx @ fe.T)

    def weighted(self, low: Array, own: Array, across: Array) -> Array:
        """sum_jk w_jk S_jk (k, k), the weights (low, low), (own, own) and (own, low)."""
        effects = self.effects
        gn = multiply_slopes(effects.group.blocks, effects.n)
        partner = np.einsum("jk,bkqc->bjqc", low, self.e)
        mixed = np.einsum("jk,bkqc->bjqc", own, gn)
        half = products(gn, effects.f[:, None] @ np.einsum("jk,bkqc->bjqc", across, self.e))
        out = products(gn, effects.h[:, None] @ mixed) - products(self.e, effects.m[:, None] @ partner)
        return 2 * (out - half - half.T)


def products(left: Array, right: Array) -> Array:
    """sum over all axes but the last of left' right: (..., k) twice -> (k, k)."""
    k = left.shape[-1]
    return left.reshape(-1, k).T @ right.reshape(-1, k)


def upper_effects_at(group: UpperGroup, touched: TouchedCells, eta: Array, a: Array, b: Array) -> UpperEffects | None:
    """The effects of one group from the touched cells of A and from B (b, Q, k); None where V is not definite."""
    matrices = tuple(block.matrix(eta) for block in group.blocks)
    whole = touched.full(a)
    lowest = min(float(matrix[0, 0] if len(matrix) == 1 else np.linalg.eigvalsh(matrix)[0]) for matrix in matrices)
    if group.q >= LARGE and lowest >= -ROUNDING:
        found = _by_cholesky(group.blocks, matrices, touched, a, whole)
    else:
        found = _by_inverse(group.blocks, matrices, whole, lowest)
    if found is None:
        return None
    f, m, logdet = found
    n = f @ b
    h = touched.product(f, a)
    return UpperEffects(group, touched, matrices, f, m, h, n, multiply(group.blocks, matrices, n), logdet)


def _by_inverse(
    blocks: tuple[Block, ...], matrices: tuple[Array, ...], a: Array, lowest: float
) -> tuple[Array, Array, float] | None:
    """F, M and log|I + A G| for any G.

    A determinant above 0 says that V is positive definite where G is; else the eigenvalues of A G must be above -1.
    """
    ag = multiply(blocks, matrices, a).transpose(0, 2, 1)  # both are symmetric: A G = (G A)'
    f, logs, good = inverse(np.eye(a.shape[-1]) + ag)
    if not good or (lowest < -ROUNDING and a.shape[-1] > 1 and not (np.linalg.eigvals(ag).real > -1).all()):
        return None
    return f, multiply(blocks, matrices, f), float(logs.sum())


def _by_cholesky(
    blocks: tuple[Block, ...], matrices: tuple[Array, ...], touched: TouchedCells, a: Array, whole: Array
) -> tuple[Array, Array, float] | None:
    """F, M and log|I + A G| for a G without negative variances, T = vectors * sqrt(values) of each block."""
    values, vectors = zip(*(np.linalg.eigh(matrix) for matrix in matrices), strict=True)
    roots = [v * np.sqrt(np.maximum(d, 0.0)) for d, v in zip(values, vectors, strict=True)]
    turned = [root.T for root in roots]
    s = multiply(blocks, turned, multiply(blocks, turned, whole).transpose(0, 2, 1)).transpose(0, 2, 1)  # in rows
    s[:, np.arange(s.shape[1]), np.arange(s.shape[1])] += 1.0
    logdet = 0.0
    for i, one in enumerate(s):
        factor, failed = dpotrf(one.T, lower=1, overwrite_a=1)
        if failed:
            return None
        logdet += 2 * float(np.log(np.diag(factor)).sum())
        half = dpotri(factor, lower=1, overwrite_c=1)[0].T  # its upper triangle
        s[i] = half + np.triu(half, 1).T
    ts = multiply(blocks, roots, s)  # T S^-1
    m = multiply(blocks, roots, ts.transpose(0, 2, 1)).transpose(0, 2, 1)
    return _f_transposed(blocks, values, vectors, ts, m, touched, a).transpose(0, 2, 1), m, logdet


def _f_transposed(
    blocks: tuple[Block, ...],
    values: tuple[Array, ...],
    vectors: tuple[Array, ...],
    ts: Array,
    m: Array,
    touched: TouchedCells,
    a: Array,
) -> Array:
    """F' = T S^-1 T^-1, and I - M A along the variances that are 0, or next to nothing beside the largest.

    There T has no inverse that would keep the digits; elsewhere the difference would lose them where A G is large.
    """
    floor = SMALL * max(float(d[-1]) for d in values) or 1.0  # 1 where G is 0, and F = I
    inverses = [v / np.sqrt(np.maximum(d, floor)) for d, v in zip(values, vectors, strict=True)]
    out = multiply(blocks, inverses, ts.transpose(0, 2, 1)).transpose(0, 2, 1)
    if all(d[0] > floor for d in values):
        return out
    other = np.eye(m.shape[-1]) - touched.product(m, a)
    for block, d, v in zip(blocks, values, vectors, strict=True):
        small = v[:, d <= floor]
        if small.shape[1]:
            right, left = block.levels(other.transpose(0, 2, 1)), block.levels(out.transpose(0, 2, 1))
            found = left + small @ (small.T @ (right - left))
            out[..., block.at] = found.reshape(len(out), -1, out.shape[1]).transpose(0, 2, 1)
    return out
