"""What the likelihood needs of each data set: second moments by pattern, and sums by pattern and group above.

A quadratic form over the subjects of a pattern is <Omega, moments>, so that no subject is met again once these are
made. Symmetric pairs are kept once: rr pairs of rows of D, and kk pairs of columns of W.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import lower_indices
from kap_analysis.mixed.likelihood.batch import Batch
from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.likelihood.levels import Level
from kap_analysis.mixed.likelihood.scaling import Scaling
from kap_analysis.mixed.many.stack import Stack

Array = NDArray[np.float64]
Index = NDArray[np.intp]
FEW = 3  # subjects per pattern and data set, on average, from which on one product per pattern is the least work


@dataclass(frozen=True)
class LinkSums:
    """Sums over the subjects of one pattern and one of the C groups above.

    Attributes
    ----------
    n : numpy.ndarray
        (d, P, C): subjects.
    w : numpy.ndarray
        (d, P r, C k): sums of their data.
    uw : numpy.ndarray
        (d, u, C k): sums of U'W over all patterns; zero in a dense batch.
    """

    n: Array
    w: Array
    uw: Array


@dataclass(frozen=True)
class BatchSums:
    """One batch of the stack, summed by data set.

    Attributes
    ----------
    batch : Batch
        Its patterns; its subjects are not looked at again.
    counts : numpy.ndarray
        (d, P): subjects.
    moments : numpy.ndarray
        (d, P rr, kk): the sum of D_a D_b' + D_b D_a' over the subjects, once for each pair of rows and of columns;
        of D_a D_a' for a = b.
    ww : numpy.ndarray
        (d, k, k): W'W; zero in a dense batch.
    rows : numpy.ndarray
        (d,): rows of data.
    links : LinkSums or None
    """

    batch: Batch
    counts: Array
    moments: Array
    ww: Array
    rows: Array
    links: LinkSums | None

    def take(self, which: Index) -> BatchSums:
        """Some of the data sets."""
        links = self.links
        if links is not None:
            links = LinkSums(links.n[which], links.w[which], links.uw[which])
        return replace(
            self,
            counts=self.counts[which],
            moments=self.moments[which],
            ww=self.ww[which],
            rows=self.rows[which],
            links=links,
        )

    def contract(self, omega: Array) -> Array:
        """sum_i D_i' A_j D_i for symmetric A (d, j, P, r, r): (d, j, k, k)."""
        d, size = omega.shape[:2]
        rows, columns = lower_indices(omega.shape[-1])
        packed = omega[..., rows, columns].reshape(d, size, -1)
        return unpacked(packed @ self.moments, self.ww.shape[-1])

    def functional(self, xi: Array) -> Array:
        """sum_i D_i Xi D_i' per pattern for symmetric Xi (d, k, k): (d, P, r, r)."""
        r = self.batch.d.shape[1]
        rows, columns = lower_indices(xi.shape[-1])
        once = xi[:, rows, columns] * np.where(rows == columns, 1.0, 2.0)
        found = (self.moments @ once[:, :, None]).reshape(len(xi), -1, r * (r + 1) // 2)
        rows, columns = lower_indices(r)
        return unpacked(found * np.where(rows == columns, 1.0, 0.5), r)


def unpacked(values: Array, size: int) -> Array:
    """Symmetric matrices (..., size, size) from their lower triangles by rows."""
    rows, columns = lower_indices(size)
    out = np.empty((*values.shape[:-1], size, size))
    out[..., rows, columns] = values
    out[..., columns, rows] = values
    return out


@dataclass(frozen=True)
class ManySums:
    """All data sets of a stack.

    Attributes
    ----------
    batches : tuple of BatchSums
    upper : Level or None
        The grouping above the subjects, which has C levels.
    low : tuple of int
        Elements that act below it.
    n_elements : int
        Variances and covariances of the model.
    k : int
        Columns of W.
    n : numpy.ndarray
        (d,): rows of each data set.
    scalings : tuple of Scaling
    sizes : numpy.ndarray
        (d, m): as of `Stack`.
    """

    batches: tuple[BatchSums, ...]
    upper: Level | None
    low: tuple[int, ...]
    n_elements: int
    k: int
    n: Index
    scalings: tuple[Scaling, ...]
    sizes: Array

    def __len__(self) -> int:
        return len(self.n)

    def take(self, which: Index) -> ManySums:
        """Some of the data sets."""
        if len(which) == len(self):
            return self
        batches = tuple(batch.take(which) for batch in self.batches)
        scalings = tuple(self.scalings[i] for i in which)
        return replace(self, batches=batches, n=self.n[which], scalings=scalings, sizes=self.sizes[which])


def make_sums(stack: Stack) -> ManySums:
    """The sums of a stack."""
    n_sets = len(stack.n)
    batches = tuple(_batch_sums(batch, stack, n_sets) for batch in stack.batches)
    low = tuple(sorted({param for one in batches if one.links is not None for param in one.batch.params}))
    k = stack.batches[0].d.shape[-1]
    size = len(stack.scalings[0].elements)
    return ManySums(batches, stack.upper, low, size, k, stack.n, stack.scalings, stack.sizes)


def _batch_sums(batch: Batch, stack: Stack, n_sets: int) -> BatchSums:
    owner = stack.owner[batch.subjects]
    key = owner * batch.n_patterns + batch.pattern
    order = np.argsort(key, kind="stable")
    counts = np.bincount(key, minlength=n_sets * batch.n_patterns)
    k = batch.d.shape[-1]
    moments = _moments(batch.d[order], counts).reshape(n_sets, -1, k * (k + 1) // 2)
    links = _link_sums(batch, stack.upper, owner, n_sets) if batch.links is not None and stack.upper else None
    return BatchSums(
        batch,
        counts.reshape(n_sets, -1).astype(float),
        moments,
        *_plain(batch, stack, n_sets),
        links,
    )


def _plain(batch: Batch, stack: Stack, n_sets: int) -> tuple[Array, Array]:
    """W'W (d, k, k), where the batch has it, and the rows (d,) of the subjects of a batch."""
    mine = np.zeros(len(stack.owner), dtype=bool)
    mine[batch.subjects] = True
    at = np.flatnonzero(mine[stack.subject])
    counts = np.bincount(stack.owner[stack.subject[at]], minlength=n_sets)
    ww = np.zeros((n_sets, *batch.ww.shape))
    if not isinstance(batch, DenseBatch):
        for d, rows in enumerate(np.split(at, np.cumsum(counts)[:-1])):
            ww[d] = stack.w[rows].T @ stack.w[rows]
    return ww, counts.astype(float)


def _moments(d: Array, counts: Index) -> Array:
    """(groups, rr, kk) of subjects (b, r, k) in the order of their groups."""
    b, r, k = d.shape
    ends = np.cumsum(counts)
    there = np.flatnonzero(counts)
    (a, c), (i, j) = lower_indices(r), lower_indices(k)
    out = np.zeros((len(counts), len(a), len(i)))
    if b >= FEW * len(there):
        flat = d.reshape(b, r * k)
        whole = np.array([flat[ends[g] - counts[g] : ends[g]].T @ flat[ends[g] - counts[g] : ends[g]] for g in there])
        whole = whole.reshape(len(there), r, k, r, k)
        one = whole[:, a[:, None], i, c[:, None], j]
        out[there] = np.where((a == c)[:, None], one, one + whole[:, c[:, None], i, a[:, None], j])
        return out
    first = (ends - counts)[there]
    for at, (row, other) in enumerate(zip(a, c, strict=True)):
        products = d[:, row, i] * d[:, other, j]
        if row != other:
            products += d[:, other, i] * d[:, row, j]
        out[there, at] = np.add.reduceat(products, first, axis=0)
    return out


def _link_sums(batch: Batch, upper: Level, owner: Index, n_sets: int) -> LinkSums:
    links = batch.links
    assert links is not None
    group = links.slots[:, 0] // links.u - owner * upper.n_levels
    size, n_groups, (r, k), u = batch.n_patterns, upper.n_levels, batch.d.shape[1:], links.u
    n = np.zeros((n_sets, size, n_groups))
    np.add.at(n, (owner, batch.pattern, group), 1.0)
    key = (owner * size + batch.pattern) * n_groups + group
    w = _summed(batch.d, key, n_sets * size * n_groups).reshape(n_sets, size, n_groups, r, k)
    uw = _summed(links.uw, owner * n_groups + group, n_sets * n_groups).reshape(n_sets, n_groups, u, k)
    w = w.transpose(0, 1, 3, 2, 4).reshape(n_sets, size * r, n_groups * k)
    return LinkSums(n, w, uw.transpose(0, 2, 1, 3).reshape(n_sets, u, n_groups * k))


def _summed(values: Array, key: Index, size: int) -> Array:
    """Sums (size, ...) of values (b, ...) by key."""
    out = np.zeros((size, *values.shape[1:]))
    order = np.argsort(key, kind="stable")
    found, first = np.unique(key[order], return_index=True)
    out[found] = np.add.reduceat(values[order], first, axis=0)
    return out
