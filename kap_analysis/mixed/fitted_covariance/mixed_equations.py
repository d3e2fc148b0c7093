"""Henderson's mixed-model equations: random effects and their uncertainty without writing V out.

With R the covariance of what the bars leave over and G that of the random effects, the effects given the scores have
covariance C = (Z'R^-1 Z + G^-1)^-1 and mean C Z'R^-1 (y - X beta). A singular G has no inverse, so G = T S T' with
S = diag(+-1) (-1 only for a variance that ``bounded=False`` let become negative) and C = T M^-1 T' with
M = S + T'Z'R^-1 Z T. M is sparse: the grouping with the most levels is eliminated first, component by component, and
what stands above it is solved after that (its components as dense matrices).

Henderson 1975, doi:10.2307/2529430; Bates et al. 2015, doi:10.18637/jss.v067.i01.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag as sparse_block_diagonal
from scipy.sparse import csr_array, diags_array, eye_array, kron
from scipy.sparse.csgraph import connected_components

from kap_analysis.mixed.fitted_covariance.residual import residual_inverse
from kap_analysis.mixed.fitted_covariance.units import Units

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Sparse = Any  # scipy has no types
MOST_NUMBERS = 20_000_000


@dataclass(frozen=True)
class EffectGroup:
    """The random effects of one grouping.

    Attributes
    ----------
    grouping : str
        Its name.
    bars : tuple of int
        Which bars of the design have it.
    terms : tuple of str
        The q columns of these bars.
    levels : tuple
        The groups.
    g : numpy.ndarray
        (q, q): covariance of one group's effects.
    start : int
        Where its effects begin among all; effect j of group i is ``start + i q + j``.
    """

    grouping: str
    bars: tuple[int, ...]
    terms: tuple[str, ...]
    levels: tuple[Any, ...]
    g: Array
    start: int

    @property
    def q(self) -> int:
        return len(self.terms)

    @property
    def stop(self) -> int:
        return self.start + self.q * len(self.levels)


def effect_groups(units: Units) -> tuple[EffectGroup, ...]:
    """The groupings of a fit, the one with the most levels first."""
    found: dict[str, list[int]] = {}
    for at, bar in enumerate(units.design.bars):
        found.setdefault(bar.grouping, []).append(at)
    bars = units.design.bars
    groups: list[EffectGroup] = []
    for name in sorted(found, key=lambda name: -len(bars[found[name][0]].levels)):
        members = found[name]
        terms = tuple(term for at in members for term in bars[at].names)
        g = np.zeros((len(terms), len(terms)))
        left = 0
        for at in members:
            right = left + len(bars[at].names)
            g[left:right, left:right] = units.matrices[at]
            left = right
        start = groups[-1].stop if groups else 0
        groups.append(EffectGroup(name, tuple(members), terms, bars[members[0]].levels, g, start))
    return tuple(groups)


@dataclass(frozen=True)
class MixedEquations:
    """The equations of one fit.

    Attributes
    ----------
    units : Units
        Design and covariance matrices.
    """

    units: Units

    @cached_property
    def groups(self) -> tuple[EffectGroup, ...]:
        return effect_groups(self.units)

    @property
    def n_effects(self) -> int:
        return self.groups[-1].stop if self.groups else 0

    def columns(self, parts: list[tuple[Array, Index]]) -> Sparse:
        """Z (m, effects) from the columns and group codes of each bar; a row without a known group has zeros."""
        m = len(parts[0][1]) if parts else 0
        rows, columns, values = [], [], []
        for group in self.groups:
            left = group.start
            for at in group.bars:
                z, codes = parts[at]
                row, column = np.nonzero((z != 0) & (codes >= 0)[:, None])
                rows.append(row)
                columns.append(left + codes[row] * group.q + column)
                values.append(z[row, column])
                left += z.shape[1]
        if not rows:
            return csr_array((m, 0))
        where = np.concatenate(rows), np.concatenate(columns)
        return csr_array((np.concatenate(values), where), shape=(m, self.n_effects))

    @cached_property
    def z(self) -> Sparse:
        """(n, effects)."""
        design = self.units.design
        if not design.bars:
            return csr_array((len(design.y), 0))
        return self.columns([(bar.z, np.asarray(bar.codes)) for bar in design.bars])

    @cached_property
    def r_inverse(self) -> Sparse:
        """R^-1 (n, n)."""
        return residual_inverse(self.units)

    @cached_property
    def _t(self) -> tuple[Sparse, Array]:
        """T, and the diagonal of S."""
        blocks, signs = [], []
        for group in self.groups:
            values, vectors = np.linalg.eigh(group.g)
            blocks.append(kron(eye_array(len(group.levels)), vectors * np.sqrt(np.abs(values)), format="csr"))
            signs.append(np.tile(np.where(values < 0, -1.0, 1.0), len(group.levels)))
        return csr_array(sparse_block_diagonal(blocks, format="csr")), np.concatenate(signs)

    @cached_property
    def _eliminated(self) -> tuple[Sparse, Sparse, Sparse]:
        """A^-1 of the first grouping, W = A^-1 B, and the inverse of the Schur complement of the others."""
        t, signs = self._t
        zt = csr_array(self.z @ t)
        m = csr_array(zt.T @ (self.r_inverse @ zt) + diags_array(signs))
        k = self.groups[0].stop
        inverse = inverse_by_component(m[:k, :k])
        b = csr_array(m[:k, k:])
        w = csr_array(inverse @ b)
        above = inverse_by_component(csr_array(m[k:, k:] - b.T @ w))
        return inverse, w, above

    def spread(self, right: Array) -> Array:
        """C times a vector or a matrix (effects, ...)."""
        if not self.groups:
            return right
        t, (inverse, w, above), k = self._t[0], self._eliminated, self.groups[0].stop
        right = t.T @ right
        up = above @ (right[k:] - w.T @ right[:k])
        return np.asarray(t @ np.concatenate([inverse @ right[:k] - w @ up, up]))

    def variances(self, rows: Sparse) -> Array:
        """h'C h for each row h of a sparse matrix (m, effects): (m,)."""
        if not self.groups:
            return np.zeros(rows.shape[0])
        t, (inverse, w, above), k = self._t[0], self._eliminated, self.groups[0].stop
        out = np.empty(rows.shape[0])
        for some in _chunks(len(out), above.shape[0]):
            turned = csr_array(rows[some] @ t)
            own = csr_array(turned[:, :k])
            up = csr_array(turned[:, k:] - own @ w)
            out[some] = _row_products(own @ inverse, own) + _row_products(up @ above, up)
        return out

    def conditional(self, group: EffectGroup) -> Array:
        """The blocks of C that belong to the levels of one grouping (levels, q, q)."""
        inverse, w, above = self._eliminated
        k, q = self.groups[0].stop, group.q
        first = group.start == 0
        block = inverse if first else above[group.start - k : group.stop - k, group.start - k : group.stop - k]
        out = np.empty((len(group.levels), q, q))
        for a in range(q):
            for b in range(q):
                out[:, a, b] = csr_array(block[a::q][:, b::q]).diagonal()
        if first and above.shape[0]:
            for levels in _chunks(len(group.levels), above.shape[0] * q):
                part = csr_array(w[levels.start * q : levels.stop * q])
                turned = csr_array(part @ above)
                for a in range(q):
                    for b in range(q):
                        out[levels, a, b] += _row_products(csr_array(turned[a::q]), csr_array(part[b::q]))
        values, vectors = np.linalg.eigh(group.g)
        root = vectors * np.sqrt(np.abs(values))
        return np.asarray(root @ out @ root.T)


def _row_products(one: Sparse, other: Sparse) -> Array:
    """The sum over the columns of the products of two sparse matrices (m,)."""
    return np.asarray(one.multiply(other).sum(axis=1)).ravel()


def _chunks(n: int, width: int) -> Iterator[slice]:
    """Stretches of rows of which a full matrix would stay below this many numbers."""
    step = max(1, MOST_NUMBERS // max(width, 1))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def inverse_by_component(matrix: Sparse) -> Sparse:
    """The inverse of a symmetric sparse matrix: its connected components as dense blocks, in stacks of equal size."""
    n = matrix.shape[0]
    if not n:
        return csr_array((0, 0))
    label = connected_components(matrix, directed=False)[1]
    counts, order = np.bincount(label), np.argsort(label, kind="stable")
    starts = np.cumsum(counts) - counts
    local = np.empty(n, dtype=np.intp)
    local[order] = np.arange(n) - np.repeat(starts, counts)
    entries = matrix.tocoo()
    row, column = entries.coords
    rows, columns, values = [], [], []
    for size in np.unique(counts):
        here = np.flatnonzero(counts == size)
        rank = np.full(len(counts), -1)
        rank[here] = np.arange(len(here))
        inside = rank[label[row]] >= 0
        dense = np.zeros((len(here), size, size))
        dense[rank[label[row[inside]]], local[row[inside]], local[column[inside]]] = entries.data[inside]
        places = order[starts[here][:, None] + np.arange(size)]
        rows.append(np.repeat(places, size, axis=1).ravel())
        columns.append(np.tile(places, (1, size)).ravel())
        values.append((1 / dense if size == 1 else np.linalg.inv(dense)).ravel())
    where = np.concatenate(rows), np.concatenate(columns)
    return csr_array((np.concatenate(values), where), shape=(n, n))
