"""From the sorted rows of the subjects to batches: the columns of each subject, and which subjects share a pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from kap_analysis.mixed.covariance.families import InTime
from kap_analysis.mixed.covariance.symmetric import element_basis
from kap_analysis.mixed.likelihood.batch import Batch, UpperLinks
from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.likelihood.levels import Level
from kap_analysis.mixed.likelihood.low_rank import LowRankBatch
from kap_analysis.mixed.likelihood.patterns import sort_by_pattern
from kap_analysis.mixed.likelihood.subjects import SubjectRows
from kap_analysis.mixed.likelihood.upper_effects import Collector, Upper, UpperColumns, subject_shapes, upper_columns

Array = NDArray[np.float64]
Index = NDArray[np.intp]
MANY = 5_000  # rows from which on sums run over one column at a time


def make_batches(work: SubjectRows) -> tuple[tuple[Batch, ...], Upper | None]:
    """All batches, and the random effects above them."""
    shapes = subject_shapes(work)
    above = upper_columns(work.upper, shapes.touched, len(work.starts)) if work.upper else None
    make = _dense if work.dense else _low_rank
    batches: list[Batch] = [make(Members.of(work, above, *group)) for group in shapes.groups]
    return _numbered(batches, above) if above is not None else (tuple(batches), None)


def _numbered(batches: list[Batch], above: UpperColumns) -> tuple[tuple[Batch, ...], Upper]:
    """The batches with cells counted among those that any subject touches, and what stands above."""
    last = above.groups[-1]
    touched = np.zeros(last.cells.stop, dtype=bool)
    for batch in batches:
        if batch.links is not None:
            touched[batch.links.cells.ravel()] = True
    cells = np.flatnonzero(touched)
    number = np.cumsum(touched) - 1
    by_params: dict[tuple[int, ...], list[int]] = {}
    for at, batch in enumerate(batches):
        if batch.links is not None:
            by_params.setdefault(batch.params, []).append(at)
            batches[at] = replace(batch, links=replace(batch.links, cells=number[batch.links.cells]))
    collectors = []
    for params, members in by_params.items():
        links = [one for one in (batches[at].links for at in members) if one is not None]
        to_columns = _adder([one.slots for one in links], last.columns.stop)
        to_cells = _adder([one.cells for one in links], len(cells))
        collectors.append(Collector(tuple(members), params, to_columns, to_cells))
    return tuple(batches), Upper(tuple(above.groups), cells, tuple(collectors))


def _adder(targets: list[Index], size: int) -> csc_array:
    """The sparse matrix that adds row i to row target[i]; faster than ``np.add.at``."""
    target = np.concatenate([one.ravel() for one in targets])
    return csc_array((np.ones(len(target)), target, np.arange(len(target) + 1)), shape=(size, len(target)))


@dataclass(frozen=True)
class Members:
    """The subjects of one batch with their rows.

    Attributes
    ----------
    work : SubjectRows
        All rows.
    above : UpperColumns or None
        All random effects above them.
    members : numpy.ndarray
        Which of all subjects these are (b,).
    columns : list of numpy.ndarray
        Per upper level the codes that each subject touches (b, t).
    rows : slice or numpy.ndarray
        Where their rows stand among all, n of them.
    starts, owner : numpy.ndarray
        Where the rows of each subject begin among these (b,), and the subject of each (n,).
    stratum : int
        The stratum of the first row.
    w, u : numpy.ndarray
        W of the rows (n, k), and their columns of what stands above (n, u).
    """

    work: SubjectRows
    above: UpperColumns | None
    members: Index
    columns: list[Index]
    rows: Index | slice
    starts: Index
    owner: Index
    stratum: int
    w: Array
    u: Array

    @classmethod
    def of(cls, work: SubjectRows, above: UpperColumns | None, members: Index, columns: list[Index]) -> Members:
        lengths = work.lengths[members]
        rows: Index | slice = slice(None)
        if len(members) < len(work.starts):
            chosen = np.zeros(len(work.starts), dtype=bool)
            chosen[members] = True
            rows = np.flatnonzero(chosen[work.subject])
        starts = np.cumsum(np.r_[0, lengths])[:-1]
        owner = np.repeat(np.arange(len(members)), lengths)
        u = _columns_above(work, rows, owner, columns) if above is not None else np.zeros((len(owner), 0))
        stratum = int(work.stratum[work.starts[members[0]]])
        return cls(work, above, members, columns, rows, starts, owner, stratum, work.w[rows], u)

    def links(self, order: Index, lead: Index, du: Array, uu: Array, uw: Array) -> UpperLinks | None:
        """What leads upwards, subjects sorted by pattern, `lead` one of each pattern; None where nothing does."""
        if self.above is None or not self.u.shape[1]:
            return None
        slots, cells = _places(self.work.upper, self.above, [codes[order] for codes in self.columns])
        return UpperLinks(slots, cells, du[lead], uu[lead], uw[order])


def _columns_above(work: SubjectRows, rows: Index | slice, owner: Index, columns: list[Index]) -> Array:
    """U of the rows (n, u): a row has the columns of a level where it belongs to it."""
    parts = []
    for level, codes in zip(work.upper, columns, strict=True):
        own_code = level.codes[rows]
        z = level.z[rows]
        for t in range(codes.shape[1]):
            parts.append(z * (own_code == codes[owner, t])[:, None])
    return np.hstack(parts) if parts else np.zeros((len(owner), 0))


def _places(upper: tuple[Level, ...], above: UpperColumns, columns: list[Index]) -> tuple[Index, Index]:
    """Slots (b, u) and cells (b, u, u) of the touched levels."""
    slots, inside, first, width = [], [], None, None
    for at, codes in enumerate(columns):
        span = np.arange(upper[at].z.shape[1])
        for t in range(codes.shape[1]):
            code = codes[:, t]
            slots.append(above.first[at][code][:, None] + span)
            inside.append(above.inside[at][code][:, None] + span)
            first, width = above.cell[at][code], above.width[at][code]  # all that a subject touches is one component
    assert first is not None and width is not None
    local = np.hstack(inside)
    cells = first[:, None, None] + local[:, :, None] * width[:, None, None] + local[:, None, :]
    return np.hstack(slots), np.asarray(cells, dtype=np.intp)


def _cross(left: Array, right: Array, starts: Index) -> Array:
    """sum over the rows of each subject of left' right: (b, a, c)."""
    out = np.empty((len(starts), left.shape[1], right.shape[1]))
    many = len(left) > MANY
    for i in range(left.shape[1]):
        if many:
            for j in range(right.shape[1]):
                out[:, i, j] = np.add.reduceat(left[:, i] * right[:, j], starts, axis=0)
        else:
            out[:, i] = np.add.reduceat(left[:, i, None] * right, starts, axis=0)
    return out


def _low_rank(members: Members) -> LowRankBatch:
    """Of these subjects only cross-products are kept: subjects of equal Z'Z, Z'U and U'U share a pattern."""
    work, starts, w, u = members.work, members.starts, members.w, members.u
    own = work.own
    z = own.z[members.rows] if own is not None else np.zeros((len(w), 0))
    directions = own.directions if own is not None else np.zeros((0, 0, 0))
    params = own.params if own is not None else ()
    k, d = _cross(z, z, starts), _cross(z, w, starts)
    zu, uu, uw = (_cross(a, b, starts) for a, b in ((z, u), (u, u), (u, w)))
    b = len(starts)
    order, edges, lead = sort_by_pattern(np.hstack([part.reshape(b, -1) for part in (k, zu, uu)]))
    links = members.links(order, lead, zu, uu, uw)
    params = (*params, work.n_bars + members.stratum)
    return LowRankBatch(params, edges, d[order], w.T @ w, len(w), links, members.members[order], k[lead], directions)


def _dense(members: Members) -> DenseBatch:
    """The rows themselves, each in its place: subjects with the same visits and the same columns share a pattern."""
    work, residual, b = members.work, members.work.design.residual, len(members.starts)
    structure, visit = residual.structure, residual.visit
    if visit is not None:
        visit = (visit if work.order is None else visit[work.order])[members.rows]
    by_visit = visit is not None and structure.over_visits
    place = visit if by_visit else np.arange(len(members.owner)) - members.starts[members.owner]
    assert place is not None
    r = len(residual.visits) if by_visit else int(place.max()) + 1

    def spread(values: Array) -> Array:
        """Rows (n, c), or a column (n,), in the places of their subjects (b, r, c)."""
        out = np.zeros((b, r, *values.shape[1:]))
        out[members.owner, place] = values
        return out

    mask, stratum, us = (
        spread(np.ones(len(members.w))),
        spread(work.stratum[members.rows].astype(float)),
        spread(members.u),
    )
    bars = [level for level in (work.own, *work.inner) if level is not None]
    columns = [spread(level.z[members.rows]) for level in bars]
    codes = [spread(level.codes[members.rows].astype(float)) for level in bars]
    times = spread(visit.astype(float)) if visit is not None and not by_visit else None
    # Codes count from the lowest of each subject: only which rows share a group matters, not which group it is.
    relative = [code - np.where(mask > 0, code, np.inf).min(axis=1, keepdims=True) for code in codes]
    keys = [mask, stratum, us.reshape(b, -1), *(z.reshape(b, -1) for z in columns)]
    keys += [np.where(mask > 0, code, -1.0) for code in relative]
    order, edges, lead = sort_by_pattern(np.hstack([*keys, times] if times is not None else keys))
    params, basis = _bar_basis(bars, mask[lead], [z[lead] for z in columns], [code[lead] for code in codes])
    more, pieces = _residual_basis(members, mask[lead], stratum[lead])
    basis += pieces
    stacked = np.stack(basis, axis=1) if basis else np.zeros((len(lead), 0, r, r))
    size = members.u.shape[1]
    links = members.links(order, lead, us, np.zeros((b, size, size)), np.zeros((b, size, work.k)))
    none = np.zeros((work.k, work.k))
    late = times[lead] if times is not None else None
    decay = structure.decay if isinstance(structure, InTime) else None
    d, who = spread(members.w)[order], members.members[order]
    return DenseBatch((*params, *more), edges, d, none, len(members.w), links, who, stacked, mask[lead], late, decay)


def _bar_basis(
    bars: list[Level], mask: Array, columns: list[Array], codes: list[Array]
) -> tuple[list[int], list[Array]]:
    """The elements of bars inside a subject, and the slope of V along each (P, r, r): Z G_j Z' within groups."""
    params, basis = [], []
    for level, z, code in zip(bars, columns, codes, strict=True):
        same = (code[:, :, None] == code[:, None, :]) & (mask[:, :, None] * mask[:, None, :] > 0)
        for param, direction in zip(level.params, level.directions, strict=True):
            basis.append((z @ direction @ z.transpose(0, 2, 1)) * same)
            params.append(param)
    return params, basis


def _residual_basis(members: Members, mask: Array, stratum: Array) -> tuple[list[int], list[Array]]:
    """The elements of the residual of these subjects, and the slope of V along those in which it is linear."""
    residual, first, r = members.work.design.residual, members.work.n_bars, mask.shape[1]
    if residual.subject is None:
        there = [mask * (stratum == s) for s in range(len(residual.strata))]
        seen = [s for s, rows in enumerate(there) if rows.any()]
        return [first + s for s in seen], [np.eye(r) * there[s][:, :, None] for s in seen]
    size = residual.structure.n_elements(len(residual.visits))
    start = first + members.stratum * size
    both = mask[:, :, None] * mask[:, None, :]
    basis = [piece * both for piece in element_basis(r)] if residual.structure.over_visits else []
    return list(range(start, start + size)), basis
