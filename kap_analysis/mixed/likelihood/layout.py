"""From the rows of a design to stacks of subjects with patterns, and the random effects above them.

The subject is the subject of the residual covariance, else the grouping with the most levels. Groupings that hold
subjects (a cohort of patients) stand above; so do crossed ones. Responses and columns are rescaled on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from kap_analysis.mixed.covariance.symmetric import element_basis
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.likelihood.batch import DenseStack, Links, LowRankStack, Stack
from kap_analysis.mixed.likelihood.scaling import Scaling, centred_columns, turn_of_elements

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class UpperGroup:
    """Components of one shape: b sets of Q random effects that share subjects."""

    params: tuple[int, ...]
    directions: Array  # (m, Q, Q)
    q: int
    columns: slice
    cells: slice
    total_columns: int
    total_cells: int


@dataclass(frozen=True)
class Layout:
    """Everything that the likelihood needs of the data; nothing of it changes while a model is fitted."""

    stacks: tuple[Stack, ...]
    upper: tuple[UpperGroup, ...]
    low: tuple[int, ...]  # elements that act below an upper group
    n_elements: int
    k: int
    n: int
    scaling: Scaling


@dataclass(frozen=True)
class Level:
    """All bar terms of one grouping: scaled columns (n, Q), codes (n,; -1 where no column acts), directions of G."""

    codes: Index
    n_levels: int
    z: Array
    params: tuple[int, ...]
    directions: Array


def residual_sizes(design: Design) -> list[int]:
    """Elements of the residual part per stratum."""
    residual = design.residual
    if residual.kind == "diagonal":
        each = 1
    elif residual.kind == "exponential":
        each = 2
    else:
        size = len(residual.visits)
        each = size * (size + 1) // 2
    return [each] * len(residual.strata)


def make_layout(design: Design) -> Layout:
    """The layout of a design."""
    levels, scales, turns, n_bars = _levels(design)
    sizes = residual_sizes(design)
    n_elements = n_bars + sum(sizes)
    work = _Work.of(design, levels, n_bars)
    unit = 1.0 if design.residual.kind != "exponential" else None
    residual_scale = [np.full(size, work.scale**2) if unit else np.ones(2) for size in sizes]
    scaling = Scaling(
        work.centre,
        work.r,
        work.scale,
        np.concatenate([*(work.scale**2 / s for s in scales), *residual_scale]),
        0.0 if design.weights is None else float(np.log(design.weights).sum()),
        turns,
    )
    stacks, upper = work.stacks()
    low = tuple(sorted({p for stack in stacks if stack.links is not None for p in stack.params}))
    return Layout(tuple(stacks), tuple(upper), low, n_elements, work.k, len(design.y), scaling)


def _levels(design: Design) -> tuple[list[Level], list[Array], tuple[tuple[slice, Array], ...], int]:
    """Bars merged by grouping, scale and turn of each bar's elements, and how many elements the bars have."""
    root = None if design.weights is None else np.sqrt(design.weights)
    merged: dict[str, list[tuple[Array, Index, int, Array]]] = {}
    scales, turns, at = [], [], 0
    for bar in design.bars:
        z, means = centred_columns(bar)
        size = np.sqrt(np.einsum("ij,ij->j", z, z) / np.maximum((z != 0).sum(axis=0), 1))
        size = np.where(size > 0, size, 1.0)
        z = z if np.all(size == 1.0) else z / size
        z = z if root is None else z * root[:, None]
        rows, columns = np.tril_indices(len(size))
        scales.append(size[rows] * size[columns])
        if means.any():
            turns.append((slice(at, at + len(rows)), turn_of_elements(means)))
        merged.setdefault(bar.grouping, []).append((z, bar.codes, at, size))
        at += len(rows)
    levels = []
    for parts in merged.values():
        z = parts[0][0] if len(parts) == 1 else np.hstack([part[0] for part in parts])
        codes = parts[0][1] if len(parts) == 1 else np.maximum.reduce([part[1] for part in parts])
        codes = np.where((z != 0).any(axis=1), codes, -1)
        params: list[int] = []
        directions, left = [], 0
        for part in parts:
            basis = element_basis(part[0].shape[1])
            wide = np.zeros((len(basis), z.shape[1], z.shape[1]))
            right = left + part[0].shape[1]
            wide[:, left:right, left:right] = basis
            directions.append(wide)
            params += range(part[2], part[2] + len(basis))
            left = right
        n_levels = int(codes.max(initial=-1)) + 1
        levels.append(Level(codes, n_levels, z, tuple(params), np.concatenate(directions)))
    return levels, scales, tuple(turns), at


@dataclass
class _Work:
    """The rows in the order of their subjects, and what is known of them while the stacks are built."""

    design: Design
    own: Level | None
    inner: list[Level]
    upper: list[Level]
    dense: bool
    subject: Index  # (n,) of the sorted rows
    starts: Index  # (b,)
    order: Index | None
    stratum: Index  # (n,) sorted
    w: Array  # (n, k) sorted
    centre: Array
    r: Array
    scale: float
    k: int
    n_bars: int

    @classmethod
    def of(cls, design: Design, levels: list[Level], n_bars: int) -> _Work:
        residual = design.residual
        if residual.kind != "diagonal":
            subject = np.asarray(residual.subject)
            own_at = -1
        else:
            counts = [np.count_nonzero(np.bincount(level.codes[level.codes >= 0])) for level in levels]
            own_at = int(np.argmax(counts)) if levels else -1
            subject = levels[own_at].codes if levels else np.full(len(design.y), -1)
        own = levels[own_at] if own_at >= 0 else None
        others = [level for at, level in enumerate(levels) if at != own_at]
        stratum = np.asarray(residual.stratum)
        subject = _complete(subject, stratum, others)
        order = None if np.all(subject[1:] >= subject[:-1]) else np.argsort(subject, kind="stable")
        if order is not None:
            subject, stratum = subject[order], stratum[order]
        starts = np.flatnonzero(np.r_[True, subject[1:] != subject[:-1]])
        subject = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(subject)]))
        inner: list[Level] = []
        upper: list[Level] = []
        for level in others:
            codes = level.codes if order is None else level.codes[order]
            level = replace(level, codes=codes, z=level.z if order is None else level.z[order])
            (inner if residual.kind != "diagonal" and _inside(codes, subject) else upper).append(level)
        if own is not None and order is not None:
            own = replace(own, codes=own.codes[order], z=own.z[order])
        varying = bool((stratum != stratum[starts][subject]).any())
        w, centre, r, scale = _scaled(design, order)
        dense = residual.kind != "diagonal" or varying
        return cls(
            design, own, inner, upper, dense, subject, starts, order, stratum, w, centre, r, scale, w.shape[1], n_bars
        )

    def stacks(self) -> tuple[list[Stack], list[UpperGroup]]:
        """All stacks, and the groups of components above them."""
        stems = _stems(self)
        nodes = _Nodes.of(self.upper, stems.touched, len(self.starts)) if self.upper else None
        built: list[Stack] = []
        for members, columns in stems.groups:
            built.append(_build(self, nodes, members, columns))
        return built, nodes.groups if nodes is not None else []


def _complete(subject: Index, stratum: Index, others: list[Level]) -> Index:
    """Subjects for the rows that have none: one per stratum and set of levels above."""
    lost = subject < 0
    if not lost.any():
        return subject
    key = stratum[lost].astype(np.int64)
    for level in others:
        key = key * (level.n_levels + 1) + level.codes[lost] + 1
        key = np.unique(key, return_inverse=True)[1].astype(np.int64)
    out = subject.copy()
    out[lost] = np.unique(key, return_inverse=True)[1] + int(subject.max(initial=-1)) + 1
    return out


def _inside(codes: Index, subject: Index) -> bool:
    """Whether each level of a grouping belongs to one subject."""
    active = codes >= 0
    home = np.full(int(codes.max(initial=-1)) + 1, -1)
    home[codes[active]] = subject[active]
    return bool((home[codes[active]] == subject[active]).all())


def _scaled(design: Design, order: Index | None) -> tuple[Array, Array, Array, float]:
    """W = [Q, (y - X centre) / scale] (n, p + 1), rows times the root of their weights, sorted."""
    x, y = design.x, design.y
    if design.weights is not None:
        root = np.sqrt(design.weights)
        x, y = x * root[:, None], y * root
    n, p = x.shape
    r = _triangle(x)
    w = np.empty((n, p + 1), order="F")
    if r is None:
        q, r = np.linalg.qr(x)
        w[:, :p], r = q * np.sqrt(n), r / np.sqrt(n)
    else:
        np.matmul(np.linalg.inv(r).T, x.T, out=w.T[:p])
    inside = np.linalg.lstsq(w[:, :p].T @ w[:, :p], w[:, :p].T @ y, rcond=None)[0]
    left = y - w[:, :p] @ inside
    inside = inside + np.linalg.solve(w[:, :p].T @ w[:, :p], w[:, :p].T @ left)
    left = y - w[:, :p] @ inside
    scale = float(np.sqrt(left @ left / max(n - p, 1)))
    scale = scale if scale > 0 else 1.0
    w[:, p] = left / scale
    if order is not None:
        w = np.asfortranarray(w[order])
    return w, np.linalg.solve(r, inside) if p else np.zeros(0), r, scale


def _triangle(x: Array) -> Array | None:
    """Upper triangular r with x r^-1 well conditioned, by Cholesky; None where only a QR would be exact enough."""
    n = len(x)
    lengths = np.sqrt(np.einsum("ij,ij->j", x, x) / n)
    lengths = np.where(lengths > 0, lengths, 1.0)
    try:
        root = np.linalg.cholesky((x.T @ x) / np.outer(lengths, lengths) / n).T
    except np.linalg.LinAlgError:
        return None
    return root * lengths if np.diag(root).min(initial=1.0) > 1e-2 else None


@dataclass(frozen=True)
class _Stems:
    """Subjects by the shape of what stands above them."""

    touched: list[tuple[Index, Index]]  # per upper level: (subject, code) pairs, each once, sorted by subject
    groups: list[tuple[Index, list[Index]]]  # members, and per upper level their touched codes (members, t)


def _stems(work: _Work) -> _Stems:
    b = len(work.starts)
    touched = []
    numbers = np.zeros((b, len(work.upper)), dtype=np.int64)
    for at, level in enumerate(work.upper):
        active = level.codes >= 0
        pair = work.subject[active].astype(np.int64) * level.n_levels + level.codes[active]
        if len(pair) and (pair[1:] < pair[:-1]).any():
            pair = np.sort(pair)
        pair = pair[np.r_[True, pair[1:] != pair[:-1]]] if len(pair) else pair
        owner, code = pair // max(level.n_levels, 1), pair % max(level.n_levels, 1)
        touched.append((owner, code))
        numbers[:, at] = np.bincount(owner, minlength=b)
    shape = (
        work.stratum[work.starts].astype(np.int64)
        if not work.dense or work.design.residual.kind != "diagonal"
        else np.zeros(b, np.int64)
    )
    if work.dense and work.design.residual.kind in ("diagonal", "exponential"):
        lengths = np.diff(np.r_[work.starts, len(work.subject)])
        shape = shape * (int(lengths.max()) + 1) + lengths
    for at in range(len(work.upper)):
        shape = shape * (int(numbers[:, at].max(initial=0)) + 1) + numbers[:, at]
    groups = []
    for value in np.unique(shape):
        members = np.flatnonzero(shape == value)
        columns = []
        for at, (owner, code) in enumerate(touched):
            t = int(numbers[members[0], at])
            first = np.searchsorted(owner, members)
            columns.append(code[first[:, None] + np.arange(t)] if t else np.zeros((len(members), 0), dtype=np.intp))
        groups.append((members, columns))
    return _Stems(touched, groups)


@dataclass(frozen=True)
class _Nodes:
    """Every level of every upper grouping with its place among the columns above."""

    first: list[Index]  # per upper level: global column of each code
    inside: list[Index]  # per upper level: column within its component
    cell: list[Index]  # per upper level: first cell of its component
    width: list[Index]  # per upper level: Q of its component
    groups: list[UpperGroup]

    @classmethod
    def of(cls, upper: list[Level], touched: list[tuple[Index, Index]], b: int) -> _Nodes:
        offsets = np.cumsum([0, *(level.n_levels for level in upper)])
        n_nodes = int(offsets[-1])
        if len(upper) == 1 and not (touched[0][0][1:] == touched[0][0][:-1]).any():
            component = np.arange(n_nodes)
        else:
            edges = [(owner, code + offsets[at]) for at, (owner, code) in enumerate(touched)]
            owner, node = (np.concatenate([edge[i] for edge in edges]) for i in (0, 1))
            graph = csr_array((np.ones(len(owner)), (owner, node + b)), shape=(b + n_nodes, b + n_nodes))
            component = np.unique(connected_components(graph, directed=False)[1][b:], return_inverse=True)[1]
        kind = np.repeat(np.arange(len(upper)), [level.n_levels for level in upper])
        n_components = int(component.max(initial=-1)) + 1
        tally = np.zeros((n_components, len(upper)), dtype=np.int64)
        np.add.at(tally, (component, kind), 1)
        shapes, shape_of = np.unique(tally, axis=0, return_inverse=True)
        shape_of = shape_of.ravel()
        widths = np.array([level.z.shape[1] for level in upper])
        column, cell = np.zeros(n_components, dtype=np.intp), np.zeros(n_components, dtype=np.intp)
        groups, columns_done, cells_done = [], 0, 0
        for at, numbers in enumerate(shapes):
            members = np.flatnonzero(shape_of == at)
            q = int(numbers @ widths)
            column[members] = columns_done + np.arange(len(members)) * q
            cell[members] = cells_done + np.arange(len(members)) * q * q
            params, directions = _stacked_directions(upper, numbers, q)
            ends = columns_done + len(members) * q, cells_done + len(members) * q * q
            groups.append(
                UpperGroup(params, directions, q, slice(columns_done, ends[0]), slice(cells_done, ends[1]), 0, 0)
            )
            columns_done, cells_done = ends
        groups = [replace(group, total_columns=columns_done, total_cells=cells_done) for group in groups]
        order = np.lexsort((np.arange(n_nodes), component))
        size = widths[kind]
        passed = np.cumsum(size[order]) - size[order]
        lead = np.r_[True, component[order][1:] != component[order][:-1]]
        base = np.repeat(passed[lead], np.diff(np.r_[np.flatnonzero(lead), n_nodes]))
        inside = np.empty(n_nodes, dtype=np.intp)
        inside[order] = passed - base
        q_of = (shapes @ widths)[shape_of]
        parts = [slice(offsets[at], offsets[at + 1]) for at in range(len(upper))]
        return cls(
            [column[component[part]] + inside[part] for part in parts],
            [inside[part] for part in parts],
            [cell[component[part]] for part in parts],
            [q_of[component[part]] for part in parts],
            groups,
        )


def _stacked_directions(upper: list[Level], numbers: Array, q: int) -> tuple[tuple[int, ...], Array]:
    """Directions of the block-diagonal G of one component: each level of a grouping has the same block."""
    params: list[int] = []
    out = []
    left = 0
    for level, number in zip(upper, numbers, strict=True):
        if not number:
            continue
        width = level.z.shape[1]
        for param, direction in zip(level.params, level.directions, strict=True):
            wide = np.zeros((q, q))
            for i in range(int(number)):
                at = left + i * width
                wide[at : at + width, at : at + width] = direction
            params.append(param)
            out.append(wide)
        left += int(number) * width
    return tuple(params), np.array(out)


def _build(work: _Work, nodes: _Nodes | None, members: Index, columns: list[Index]) -> Stack:
    """The stack of some subjects."""
    everyone = len(members) == len(work.starts)
    lengths = np.diff(np.r_[work.starts, len(work.subject)])[members]
    if everyone:
        rows: Index | slice = slice(None)
    else:
        chosen = np.zeros(len(work.starts), dtype=bool)
        chosen[members] = True
        rows = np.flatnonzero(chosen[work.subject])
    starts = np.cumsum(np.r_[0, lengths])[:-1]
    owner = np.repeat(np.arange(len(members)), lengths)
    w = work.w[rows]
    u = _upper_columns(work, rows, owner, columns) if nodes is not None else np.zeros((len(owner), 0))
    if work.dense:
        return _dense(work, nodes, members, columns, rows, starts, owner, w, u)
    return _low_rank(work, nodes, members, columns, rows, starts, w, u)


def _upper_columns(work: _Work, rows: Index | slice, owner: Index, columns: list[Index]) -> Array:
    """U of the rows (n, u): a row has the columns of a level where it belongs to it."""
    parts = []
    for level, codes in zip(work.upper, columns, strict=True):
        own_code = level.codes[rows]
        z = level.z[rows]
        for t in range(codes.shape[1]):
            parts.append(z * (own_code == codes[owner, t])[:, None])
    return np.hstack(parts) if parts else np.zeros((len(owner), 0))


def _places(work: _Work, nodes: _Nodes, columns: list[Index]) -> tuple[Index, Index]:
    """Slots (b, u) and cells (b, u, u) of the touched levels."""
    slots, inside, first, width = [], [], None, None
    for at, codes in enumerate(columns):
        span = np.arange(work.upper[at].z.shape[1])
        for t in range(codes.shape[1]):
            code = codes[:, t]
            slots.append(nodes.first[at][code][:, None] + span)
            inside.append(nodes.inside[at][code][:, None] + span)
            first, width = nodes.cell[at][code], nodes.width[at][code]
    assert first is not None and width is not None
    local = np.hstack(inside)
    cells = first[:, None, None] + local[:, :, None] * width[:, None, None] + local[:, None, :]
    return np.hstack(slots), np.asarray(cells, dtype=np.intp)


def _patterns(keys: Array) -> tuple[Index, Index, Index]:
    """Subjects sorted by pattern: (order, starts of the patterns, one subject of each pattern)."""
    b = len(keys)
    code = np.zeros(b, dtype=np.int64)
    for j in range(keys.shape[1]):
        column = keys[:, j]
        if b and (column == column[0]).all():
            continue
        levels, own = np.unique(column, return_inverse=True)
        code = np.unique(code * len(levels) + own, return_inverse=True)[1].astype(np.int64)
    order = np.argsort(code, kind="stable")
    lead = np.flatnonzero(np.r_[True, code[order][1:] != code[order][:-1]])
    return order, np.r_[lead, b], order[lead]


def _sums(values: Array, starts: Index) -> Array:
    return np.add.reduceat(values, starts, axis=0)


def _cross(left: Array, right: Array, starts: Index) -> Array:
    """sum over the rows of each subject of left' right: (b, a, c)."""
    out = np.empty((len(starts), left.shape[1], right.shape[1]))
    for i in range(left.shape[1]):
        for j in range(right.shape[1]):
            out[:, i, j] = _sums(left[:, i] * right[:, j], starts)
    return out


def _links(
    nodes: _Nodes, work: _Work, columns: list[Index], order: Index, lead: Index, du: Array, uu: Array, uw: Array
) -> Links:
    slots, cells = _places(work, nodes, [codes[order] for codes in columns])
    groups = nodes.groups
    return Links(slots, cells, groups[0].total_columns, groups[0].total_cells, du[lead], uu[lead], uw[order])


def _low_rank(
    work: _Work,
    nodes: _Nodes | None,
    members: Index,
    columns: list[Index],
    rows: Index | slice,
    starts: Index,
    w: Array,
    u: Array,
) -> LowRankStack:
    z = work.own.z[rows] if work.own is not None else np.zeros((len(w), 0))
    directions = work.own.directions if work.own is not None else np.zeros((0, 0, 0))
    params = work.own.params if work.own is not None else ()
    stratum = int(work.stratum[work.starts[members[0]]])
    k, d = _cross(z, z, starts), _cross(z, w, starts)
    zu, uu, uw = (_cross(a, b, starts) for a, b in ((z, u), (u, u), (u, w)))
    b = len(starts)
    keys = np.hstack([part.reshape(b, -1) for part in (k, zu, uu)])
    order, edges, lead = _patterns(keys)
    links = _links(nodes, work, columns, order, lead, zu, uu, uw) if nodes is not None and u.shape[1] else None
    return LowRankStack((*params, work.n_bars + stratum), edges, d[order], w.T @ w, len(w), links, k[lead], directions)


def _dense(
    work: _Work,
    nodes: _Nodes | None,
    members: Index,
    columns: list[Index],
    rows: Index | slice,
    starts: Index,
    owner: Index,
    w: Array,
    u: Array,
) -> DenseStack:
    residual = work.design.residual
    b = len(starts)
    by_visit = residual.kind not in ("diagonal", "exponential")
    if by_visit or residual.kind == "exponential":
        visit = np.asarray(residual.visit)
        visit = (visit if work.order is None else visit[work.order])[rows]
    if by_visit:
        place, r = visit, len(residual.visits)
    else:
        place = np.arange(len(owner)) - starts[owner]
        r = int(place.max()) + 1
    strata = work.stratum[rows]

    def spread(values: Array) -> Array:
        out = np.zeros((b, r, values.shape[1]))
        out[owner, place] = values
        return out

    mask = spread(np.ones((len(owner), 1)))[:, :, 0]
    bars = ([work.own] if work.own is not None else []) + work.inner
    columns_in = [spread(level.z[rows]) for level in bars]
    codes_in = [spread(level.codes[rows][:, None].astype(float))[:, :, 0] for level in bars]
    times = spread(visit[:, None].astype(float))[:, :, 0] if residual.kind == "exponential" else None
    strata_in = spread(strata[:, None].astype(float))[:, :, 0]
    us = spread(u)
    relative = [codes - np.where(mask > 0, codes, np.inf).min(axis=1, keepdims=True) for codes in codes_in]
    parts = [mask, strata_in, us.reshape(b, -1), *(z.reshape(b, -1) for z in columns_in)]
    parts += [np.where(mask > 0, codes, -1.0) for codes in relative]
    parts += [times] if times is not None else []
    order, edges, lead = _patterns(np.hstack(parts))
    basis, params = [], []
    mask = mask[lead]
    for level, z, codes in zip(bars, columns_in, codes_in, strict=True):
        z, codes = z[lead], codes[lead]
        same = (codes[:, :, None] == codes[:, None, :]) & (mask[:, :, None] * mask[:, None, :] > 0)
        for param, direction in zip(level.params, level.directions, strict=True):
            basis.append((z @ direction @ z.transpose(0, 2, 1)) * same)
            params.append(param)
    first = work.n_bars
    stratum = int(strata[0])
    if residual.kind == "diagonal":
        for s in range(len(residual.strata)):
            there = mask * (strata_in[lead] == s)
            if there.any():
                basis.append(np.eye(r) * there[:, :, None])
                params.append(first + s)
    elif by_visit:
        size = r * (r + 1) // 2
        both = mask[:, :, None] * mask[:, None, :]
        basis += [piece * both for piece in element_basis(r)]
        params += range(first + stratum * size, first + (stratum + 1) * size)
    else:
        params += [first + 2 * stratum, first + 2 * stratum + 1]
    stacked = np.stack(basis, axis=1) if basis else np.zeros((len(lead), 0, r, r))
    zero = np.zeros((b, u.shape[1], u.shape[1])), np.zeros((b, u.shape[1], work.k))
    links = _links(nodes, work, columns, order, lead, us, *zero) if nodes is not None and u.shape[1] else None
    return DenseStack(
        tuple(params),
        edges,
        spread(w)[order],
        np.zeros((work.k, work.k)),
        len(w),
        links,
        stacked,
        mask,
        times[lead] if times is not None else None,
    )
