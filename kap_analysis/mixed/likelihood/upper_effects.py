"""The random effects above the subjects: which subjects touch which of them, and where each stands among all.

Effects that share a subject, directly or over others, form a *component*; components are independent of each other.
A cohort that nothing crosses is a component by itself. Where raters cross cohorts, all of them may be one. Components
with equally many levels of each grouping have the same G and are worked on together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from kap_analysis.mixed.likelihood.block_diagonal import Block
from kap_analysis.mixed.likelihood.levels import Level
from kap_analysis.mixed.likelihood.subjects import SubjectRows
from kap_analysis.mixed.likelihood.touched_cells import TouchedCells

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Touched = list[tuple[Index, Index]]  # per upper level: (subject, code) pairs, each once, sorted by subject


@dataclass(frozen=True)
class UpperGroup:
    """Components of one shape: b sets of Q random effects that share subjects.

    Attributes
    ----------
    blocks : tuple of Block
        Its groupings, of which every component has equally many levels.
    q : int
        Random effects of a component.
    columns, cells : slice
        Where its effects stand among all, and its Q x Q matrices among those of all groups.
    """

    blocks: tuple[Block, ...]
    q: int
    columns: slice
    cells: slice

    @property
    def params(self) -> tuple[int, ...]:
        return tuple(param for block in self.blocks for param in block.params)

    @property
    def n_components(self) -> int:
        return (self.columns.stop - self.columns.start) // self.q


@dataclass(frozen=True)
class Collector:
    """Batches on which the same elements act, and the sparse matrices that add up what their subjects give.

    Attributes
    ----------
    members : tuple of int
        The batches, by their number.
    params : tuple of int
        The elements.
    to_columns, to_cells : scipy.sparse.csc_array
        From what each subject gives to each of its columns above, or to each pair of them, one batch after the other,
        to the columns and the touched cells of all.
    """

    members: tuple[int, ...]
    params: tuple[int, ...]
    to_columns: csc_array
    to_cells: csc_array


@dataclass(frozen=True)
class Upper:
    """The random effects above the subjects.

    Attributes
    ----------
    groups : tuple of UpperGroup
        Components by their shape.
    cells : numpy.ndarray
        Which cells of all their Q x Q matrices a subject touches, sorted.
    collectors : tuple of Collector
        How they are reached from the batches.
    """

    groups: tuple[UpperGroup, ...]
    cells: Index
    collectors: tuple[Collector, ...]

    @property
    def n_columns(self) -> int:
        return self.groups[-1].columns.stop

    @cached_property
    def touched(self) -> tuple[TouchedCells, ...]:
        """The same, per group."""
        out = []
        for group in self.groups:
            first, last = np.searchsorted(self.cells, [group.cells.start, group.cells.stop])
            where = self.cells[first:last] - group.cells.start
            out.append(TouchedCells(group.q, group.n_components, slice(int(first), int(last)), where))
        return tuple(out)


@dataclass(frozen=True)
class SubjectShapes:
    """Subjects by the shape of what stands above them: those of one shape make a batch."""

    touched: Touched
    groups: list[tuple[Index, list[Index]]]  # members, and per upper level their touched codes (members, t)


def subject_shapes(work: SubjectRows) -> SubjectShapes:
    """Subjects that touch equally many levels of each upper grouping, and whose own V is of one kind."""
    b = len(work.starts)
    touched = []
    numbers = np.zeros((b, len(work.upper)), dtype=np.int64)
    for at, level in enumerate(work.upper):
        owner, code = _touched(work.subject, level)
        touched.append((owner, code))
        numbers[:, at] = np.bincount(owner, minlength=b)
    shape = _own_shape(work)
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
    return SubjectShapes(touched, groups)


def _touched(subject: Index, level: Level) -> tuple[Index, Index]:
    """Pairs of subject and code of a level, each once, sorted."""
    active = level.codes >= 0
    pair = subject[active].astype(np.int64) * level.n_levels + level.codes[active]
    if len(pair) and (pair[1:] < pair[:-1]).any():
        pair = np.sort(pair)
    pair = pair[np.r_[True, pair[1:] != pair[:-1]]] if len(pair) else pair
    return pair // max(level.n_levels, 1), pair % max(level.n_levels, 1)


def _own_shape(work: SubjectRows) -> Index:
    """A number for what else subjects of one batch have in common (b,).

    One stratum, which decides the parameters; with a V that is written out and has no visits to stand in, as many rows,
    so that none is padded.
    """
    residual = work.design.residual
    by_row = work.dense and not residual.structure.over_visits
    one_stratum = not work.dense or residual.subject is not None
    shape = work.stratum[work.starts].astype(np.int64) if one_stratum else np.zeros(len(work.starts), np.int64)
    return shape * (int(work.lengths.max()) + 1) + work.lengths if by_row else shape


@dataclass(frozen=True)
class UpperColumns:
    """Every level of every upper grouping with its place among the columns above."""

    first: list[Index]  # per upper level: global column of each code
    inside: list[Index]  # per upper level: column within its component
    cell: list[Index]  # per upper level: first cell of its component
    width: list[Index]  # per upper level: Q of its component
    groups: list[UpperGroup]


def upper_columns(upper: Sequence[Level], touched: Touched, b: int) -> UpperColumns:
    """Places for all levels above b subjects: component by component, those of one shape one after the other."""
    offsets = np.cumsum([0, *(level.n_levels for level in upper)])
    component = _components(touched, offsets, b)
    kind = np.repeat(np.arange(len(upper)), [level.n_levels for level in upper])
    tally = np.zeros((int(component.max(initial=-1)) + 1, len(upper)), dtype=np.int64)
    np.add.at(tally, (component, kind), 1)
    shapes, shape_of = np.unique(tally, axis=0, return_inverse=True)
    shape_of = shape_of.ravel()
    widths = np.array([level.z.shape[1] for level in upper])
    column, cell = np.zeros(len(tally), dtype=np.intp), np.zeros(len(tally), dtype=np.intp)
    groups, columns_done, cells_done = [], 0, 0
    for at, numbers in enumerate(shapes):
        members = np.flatnonzero(shape_of == at)
        q = int(numbers @ widths)
        column[members] = columns_done + np.arange(len(members)) * q
        cell[members] = cells_done + np.arange(len(members)) * q * q
        ends = columns_done + len(members) * q, cells_done + len(members) * q * q
        places = slice(columns_done, ends[0]), slice(cells_done, ends[1])
        groups.append(UpperGroup(_blocks(upper, numbers), q, *places))
        columns_done, cells_done = ends
    inside = _places_inside(component, widths[kind])
    q_of = (shapes @ widths)[shape_of]
    parts = [slice(offsets[at], offsets[at + 1]) for at in range(len(upper))]
    return UpperColumns(
        [column[component[part]] + inside[part] for part in parts],
        [inside[part] for part in parts],
        [cell[component[part]] for part in parts],
        [q_of[component[part]] for part in parts],
        groups,
    )


def _components(touched: Touched, offsets: Index, b: int) -> Index:
    """The component of each level of each upper grouping."""
    n_nodes = int(offsets[-1])
    if len(touched) == 1 and not (touched[0][0][1:] == touched[0][0][:-1]).any():
        return np.arange(n_nodes)  # one grouping, of which no subject has two levels: cohorts of patients
    owner = np.concatenate([edge[0] for edge in touched])
    node = np.concatenate([code + offset for (_, code), offset in zip(touched, offsets[:-1], strict=True)])
    graph = csr_array((np.ones(len(owner)), (owner, node + b)), shape=(b + n_nodes, b + n_nodes))
    return np.unique(connected_components(graph, directed=False)[1][b:], return_inverse=True)[1]


def _places_inside(component: Index, size: Index) -> Index:
    """The first column of each level within its component, levels in their order; `size` columns each."""
    n = len(component)
    order = np.lexsort((np.arange(n), component))
    passed = np.cumsum(size[order]) - size[order]
    lead = np.r_[True, component[order][1:] != component[order][:-1]]
    inside = np.empty(n, dtype=np.intp)
    inside[order] = passed - np.repeat(passed[lead], np.diff(np.r_[np.flatnonzero(lead), n]))
    return inside


def _blocks(upper: Sequence[Level], numbers: Array) -> tuple[Block, ...]:
    """G of a component with so many levels of each grouping."""
    blocks, left = [], 0
    for level, number in zip(upper, numbers, strict=True):
        right = left + int(number) * level.z.shape[1]
        if number:
            blocks.append(Block(level.params, level.directions, slice(left, right), int(number)))
        left = right
    return tuple(blocks)
