"""Independent units of a fit (a cohort with its patients, a patient without one) and their covariance, written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.design.design import Design

Array = NDArray[np.float64]
Index = NDArray[np.intp]


def unit_codes(design: Design, *, without: Sequence[str] = ()) -> Index:
    """The independent unit of each row (n,): rows that share an active level of any term share it."""
    n = len(design.y)
    codes = [np.where((bar.z != 0).any(axis=1), bar.codes, -1) for bar in design.bars if bar.grouping not in without]
    if design.residual.subject is not None:
        codes.append(design.residual.subject)
    edges, offset = [], n
    for code in codes:
        active = np.flatnonzero(code >= 0)
        edges.append((active, code[active] + offset))
        offset += int(code.max(initial=-1)) + 1
    if not edges:
        return np.arange(n)
    rows, nodes = (np.concatenate([edge[i] for edge in edges]) for i in (0, 1))
    graph = csr_array((np.ones(len(rows)), (rows, nodes)), shape=(offset, offset))
    labels = connected_components(graph, directed=False)[1][:n]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


@dataclass(frozen=True)
class Units:
    """The independent units in the order of their first rows.

    Attributes
    ----------
    design : Design
        The rows.
    matrices : tuple of numpy.ndarray
        G of each bar (q, q).
    residual : tuple
        Per stratum the residual variance, the matrix over visits, or (variance, range).
    """

    design: Design
    matrices: tuple[Array, ...]
    residual: tuple[Array, ...]

    @cached_property
    def codes(self) -> Index:
        return unit_codes(self.design)

    @cached_property
    def rows(self) -> tuple[Index, ...]:
        """Row indices of each unit."""
        order = np.argsort(self.codes, kind="stable")
        return tuple(np.split(order, np.flatnonzero(np.diff(self.codes[order])) + 1))

    def __len__(self) -> int:
        return len(self.rows)

    def covariance(self, unit: int) -> Array:
        """V of one unit (rows, rows), in squared units of the response."""
        return self.covariance_of_rows(self.rows[unit])

    def covariance_of_rows(self, rows: Index) -> Array:
        """V of any rows."""
        v = self.residual_of_rows(rows)
        for bar, g in zip(self.design.bars, self.matrices, strict=True):
            z, codes = bar.z[rows], bar.codes[rows]
            v += (z @ g @ z.T) * ((codes[:, None] == codes) & (codes >= 0))
        return v

    def residual_of_rows(self, rows: Index) -> Array:
        """The residual part of V of any rows."""
        residual = self.design.residual
        stratum = residual.stratum[rows][:, None]
        subject = rows if residual.subject is None else residual.subject[rows]
        visit = np.zeros_like(rows) if residual.visit is None else residual.visit[rows]
        same = (subject[:, None] == subject) & (stratum == stratum.T)
        v = np.where(same, residual.structure.covariance(np.stack(self.residual), stratum, visit[:, None], visit), 0.0)
        if self.design.weights is not None:
            root = np.sqrt(self.design.weights[rows])
            v /= np.outer(root, root)
        return v


def make_units(design: Design, elements: Array) -> Units:
    """Units at given elements in the user's units (of a correlation in time: log variance, log range)."""
    matrices, at = [], 0
    for bar in design.bars:
        q = bar.z.shape[1]
        size = q * (q + 1) // 2
        matrices.append(matrix_of(elements[at : at + size], q))
        at += size
    residual = []
    structure, n_visits = design.residual.structure, len(design.residual.visits)
    for _ in design.residual.strata:
        size = structure.n_elements(n_visits)
        residual.append(structure.value(elements[at : at + size], n_visits))
        at += size
    return Units(design, tuple(matrices), tuple(residual))
