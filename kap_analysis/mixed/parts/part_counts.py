"""The first look at a part: rows, levels, sizes of columns, and between which labels its groups lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.design.labels import label_text
from kap_analysis.mixed.parts.cells import Cell, cells_of
from kap_analysis.mixed.parts.parts_of_data import Part
from kap_analysis.mixed.parts.wanted import UsedRows, Wanted, bar_columns, used_rows

Array = NDArray[np.float64]
Hashes = NDArray[np.uint64]
MIXED = "words in some parts and numbers in others"


@dataclass(frozen=True)
class SeenColumn:
    """What one column holds in the rows of some parts.

    Attributes
    ----------
    kind : str
        "words" or "numbers"; empty where all is missing; MIXED where parts differ.
    levels : frozenset
        The levels of the used rows, of a column that is coded by its levels.
    lost : frozenset
        Levels of other rows.
    categories : frozenset of tuple
        The categories, as often as they differ; () of a part without categories.
    ordered : bool
        Whether a part says that its categories are in order.
    total : float
        The sum of a column of numbers over the used rows.
    """

    kind: str
    levels: frozenset[Any] = frozenset()
    lost: frozenset[Any] = frozenset()
    categories: frozenset[tuple[Any, ...]] = frozenset()
    ordered: bool = False
    total: float = 0.0

    def __add__(self, other: SeenColumn) -> SeenColumn:
        kind = self.kind if other.kind in ("", self.kind) else other.kind if not self.kind else MIXED
        return SeenColumn(
            kind,
            self.levels | other.levels,
            self.lost | other.lost,
            self.categories | other.categories,
            self.ordered or other.ordered,
            self.total + other.total,
        )


@dataclass(frozen=True)
class Span:
    """The labels of a grouping in one part: the lowest, the highest, and how many.

    `low` and `high` are None where several columns make a label or some rows have none: then there is no order.
    """

    low: Any
    high: Any
    n: int


@dataclass(frozen=True)
class PartCounts:
    """What is counted before anything is fitted; `+` joins parts.

    Attributes
    ----------
    n_used, n_left_out : int
        Rows.
    missing : mapping
        Of each column, in how many rows it is missing.
    columns : mapping
        What each column holds.
    squares, used : numpy.ndarray
        (q,): of the columns of all bars, as `FirstSums` has them.
    spans : tuple of tuple of Span
        Per part with rows, and per grouping.
    cells : frozenset
        Of the columns of the fixed part (`cells.py`).
    """

    n_used: int
    n_left_out: int
    missing: Mapping[str, int]
    columns: Mapping[str, SeenColumn]
    squares: Array
    used: Array
    spans: tuple[tuple[Span, ...], ...]
    cells: frozenset[Cell] = frozenset()

    def __add__(self, other: PartCounts) -> PartCounts:
        return PartCounts(
            self.n_used + other.n_used,
            self.n_left_out + other.n_left_out,
            {name: self.missing[name] + other.missing[name] for name in self.missing},
            {name: self.columns[name] + other.columns[name] for name in self.columns},
            self.squares + other.squares,
            self.used + other.used,
            self.spans + other.spans,
            self.cells | other.cells,
        )


def count_part(part: Part, wanted: Wanted) -> PartCounts:
    """The first look at one part."""
    rows = used_rows(part, wanted)
    q = sum(len(bar.part.terms) for bar in wanted.formula.bars)
    squares, used = np.zeros(q), np.zeros(q)
    if len(rows):
        z = [bar_columns(bar, rows.columns) for bar in wanted.formula.bars]
        squares = np.concatenate([np.zeros(0), *((one**2).sum(axis=0) for one in z)])
        used = np.concatenate([np.zeros(0), *((one != 0).sum(axis=0).astype(float) for one in z)])
    return PartCounts(
        len(rows),
        rows.n_left_out,
        {name: int(rows.whole.missing(name).sum()) if len(rows.whole.data) else 0 for name in wanted.columns},
        {name: _seen(rows, name, wanted) for name in wanted.columns},
        squares,
        used,
        (tuple(_span(rows.columns, grouping) for grouping in wanted.groupings),) if len(rows) else (),
        cells_of(rows.columns, wanted.formula.fixed.columns) if len(rows) else frozenset(),
    )


def _seen(rows: UsedRows, name: str, wanted: Wanted) -> SeenColumn:
    whole = rows.whole
    if not len(whole.data) or whole.missing(name).all():
        return SeenColumn("")
    words = whole.is_factor(name)
    kind = "words" if words else "numbers"
    fixed = name in wanted.formula.fixed.columns
    total = float(rows.columns.numbers(name).sum()) if fixed and not words and len(rows) else 0.0
    if not (name in wanted.strata or (fixed and words)):
        return SeenColumn(kind, total=total)
    here, all_of_them = (set(one.labels(name).levels) for one in (rows.columns, whole)) if len(rows) else (set(), set())
    dtype = whole.column(name).dtype
    categories: tuple[Any, ...] = tuple(dtype.categories) if isinstance(dtype, pd.CategoricalDtype) else ()
    if isinstance(dtype, pd.CategoricalDtype) and len(rows):
        codes = rows.columns.labels(name).codes
        here = {categories[at] for at in np.unique(codes[codes >= 0])}
        all_of_them = set(categories)
    return SeenColumn(
        kind,
        frozenset(here),
        frozenset(all_of_them - here),
        frozenset([categories]) if len(rows) else frozenset(),
        bool(getattr(dtype, "ordered", False)),
        total,
    )


def _span(columns: Columns, grouping: tuple[str, ...]) -> Span:
    if len(grouping) > 1:
        keys = pd.MultiIndex.from_arrays([columns.labels(name).codes for name in grouping])
        return Span(None, None, len(keys.unique()))
    labels = columns.labels(grouping[0])
    there = np.unique(labels.codes)
    levels = labels.levels if len(there) == len(labels.levels) else [labels.levels[at] for at in there if at >= 0]
    if not len(levels) or there[0] < 0:
        return Span(None, None, len(levels))
    return Span(min(levels), max(levels), len(levels))


def group_hashes(columns: Columns, grouping: tuple[str, ...]) -> tuple[Hashes, NDArray[np.bool_]]:
    """A number for the group of each row (n,), equal in all parts, and which rows have one."""
    out, there = np.zeros(len(columns.data), dtype=np.uint64), np.ones(len(columns.data), dtype=bool)
    for name in grouping:
        labels = columns.labels(name)
        texts = np.array([label_text(level) for level in labels.levels] or [""], dtype=object)
        out = out * np.uint64(1_000_003) + pd.util.hash_array(texts)[labels.codes]
        there &= labels.codes >= 0
    return out, there
