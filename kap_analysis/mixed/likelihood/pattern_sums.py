"""A layout without its subjects: what is left of them when they have been summed by pattern.

Where visits are scheduled, subjects have few patterns, and the likelihood at any parameters follows from the number of
subjects of each pattern and the second moments of their data: one pass over the data is enough for all steps of a fit.
Where something stands above the subjects, each of them matters by itself, and there are no such sums.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.likelihood.batch import Batch, Summed
from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.likelihood.layout import Layout
from kap_analysis.mixed.likelihood.low_rank import LowRankBatch
from kap_analysis.mixed.likelihood.patterns import sort_by_pattern

Array = NDArray[np.float64]
MOST_NUMBERS = 2_000_000  # of all second moments together: 16 MB


def summed_layout(layout: Layout) -> Layout | None:
    """The layout with sums by pattern in place of its subjects; None where these are not much less than the subjects.

    Its first sums and its sums are those of the layout up to rounding.
    """
    if layout.upper is not None:
        return None
    sizes = [batch.n_patterns * (batch.d.shape[1] * layout.k) ** 2 for batch in layout.batches]
    if sum(sizes) > MOST_NUMBERS or not all(batch.few_patterns or batch.n_patterns <= 64 for batch in layout.batches):
        return None
    return replace(layout, batches=tuple(_summed(batch) for batch in layout.batches))


def _summed(batch: Batch) -> Batch:
    flat = batch.d.reshape(len(batch.d), -1)
    r, k = batch.d.shape[1:]
    parts = [flat[s:t].T @ flat[s:t] for s, t in zip(batch.starts[:-1], batch.starts[1:], strict=True)]
    moments = np.array(parts).reshape(len(parts), r, k, r, k).transpose(0, 1, 3, 2, 4)
    return _without_subjects(batch, batch.counts, np.ascontiguousarray(moments))


def _without_subjects(batch: Batch, counts: Array, moments: Array) -> Batch:
    none = np.zeros(0, dtype=np.intp)
    return replace(
        batch,
        starts=np.arange(len(counts) + 1),
        d=np.zeros((0, *batch.d.shape[1:])),
        subjects=none,
        summed=Summed(counts, moments),
    )


def joined(one: Layout, other: Layout) -> Layout | None:
    """Two summed layouts of different units as one; None where they have too many patterns together."""
    batches = list(one.batches)
    for batch in other.batches:
        at = next((at for at, known in enumerate(batches) if _kind(known) == _kind(batch)), None)
        if at is None:
            batches.append(batch)
        else:
            batches[at] = _joined(batches[at], batch)
    if sum(batch.n_patterns * (batch.d.shape[1] * one.k) ** 2 for batch in batches) > MOST_NUMBERS:
        return None
    weights = one.scaling.log_weights + other.scaling.log_weights
    return replace(one, batches=tuple(batches), n=one.n + other.n, scaling=replace(one.scaling, log_weights=weights))


def _kind(batch: Batch) -> tuple[object, ...]:
    """What batches have in common whose patterns can stand side by side."""
    return type(batch), batch.params, batch.d.shape[1]


def _joined(one: Batch, other: Batch) -> Batch:
    assert one.summed is not None and other.summed is not None
    counts = np.concatenate([one.summed.counts, other.summed.counts])
    moments = np.concatenate([one.summed.moments, other.summed.moments])
    keys = np.vstack([_keys(one), _keys(other)])
    order, edges, lead = sort_by_pattern(keys)
    added = [np.add.reduceat(values[order], edges[:-1], axis=0) for values in (counts, moments)]
    found = _without_subjects(one, *added)
    rows, ww = one.n_rows + other.n_rows, one.ww + other.ww
    if isinstance(one, LowRankBatch) and isinstance(other, LowRankBatch):
        return replace(found, k=np.concatenate([one.k, other.k])[lead], n_rows=rows, ww=ww)  # type: ignore[call-arg]
    assert isinstance(one, DenseBatch) and isinstance(other, DenseBatch)
    basis, mask = np.concatenate([one.basis, other.basis])[lead], np.concatenate([one.mask, other.mask])[lead]
    return replace(found, basis=basis, mask=mask, n_rows=rows, ww=ww)  # type: ignore[call-arg]


def _keys(batch: Batch) -> Array:
    """One row per pattern: what its V is made of."""
    if isinstance(batch, LowRankBatch):
        return batch.k.reshape(len(batch.k), -1)
    assert isinstance(batch, DenseBatch)
    return np.hstack([batch.mask, batch.basis.reshape(len(batch.basis), -1)])


def turned(layout: Layout, turn: Array) -> Layout:
    """A summed layout in other columns: W times a matrix (k, k')."""
    k = turn.shape[1]
    batches = []
    for batch in layout.batches:
        assert batch.summed is not None
        moments = turn.T @ batch.summed.moments @ turn
        made = replace(batch, ww=turn.T @ batch.ww @ turn, d=np.zeros((0, batch.d.shape[1], k)))
        batches.append(_without_subjects(made, batch.summed.counts, np.ascontiguousarray(moments)))
    return replace(layout, batches=tuple(batches), k=k)
