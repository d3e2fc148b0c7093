"""Which rows belong together: the groups of the highest grouping, and those of them that lie in several parts.

Sums are added over independent units, so that all rows of a unit must be summed at once. A unit that lies in several
parts is taken out of them, and its rows are a part of their own. Where ids are sorted, only the unit at the seam of two
parts can be one, and the lowest and highest label of each part tell; otherwise a number per group of each part is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.design.labels import label_text
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.parts.part_counts import Hashes, PartCounts, Span, group_hashes
from kap_analysis.mixed.parts.parts_of_data import Part, Parts
from kap_analysis.mixed.parts.wanted import Wanted, used_rows

#: At most this share of all units may lie in several parts; their rows are in memory at once.
MOST_SHARE = 0.1
FEW = 2_000  # units that may always


@dataclass(frozen=True)
class Units:
    """What rows belong together.

    Attributes
    ----------
    groupings : tuple of tuple of str
        The highest grouping first; the unit of a row is its group in the first of them that it has one in.
    shared : tuple of numpy.ndarray
        Per grouping the numbers of the groups that lie in several parts, sorted.
    """

    groupings: tuple[tuple[str, ...], ...]
    shared: tuple[Hashes, ...]

    @property
    def in_their_parts(self) -> bool:
        """Whether no unit lies in several parts."""
        return not any(map(len, self.shared))

    def of_rows(self, columns: Columns) -> tuple[Hashes, NDArray[np.bool_]]:
        """The unit of each row (n,), and which rows belong to a unit that lies in several parts."""
        unit, astray, done = (np.zeros(len(columns.data), dtype=kind) for kind in (np.uint64, bool, bool))
        for at, grouping in enumerate(self.groupings):
            found, there = group_hashes(columns, grouping)
            new = there & ~done
            unit[new] = found[new] + np.uint64(at)
            astray[new] = np.isin(found[new], self.shared[at])
            done |= there
        return unit, astray

    def check_nested(self, columns: Columns, unit: Hashes) -> None:
        """Raise unless every group of the lower groupings lies in one unit, of rows that lie in no other part."""
        for grouping, shared in zip(self.groupings[1:], self.shared[1:], strict=True):
            found, there = group_hashes(columns, grouping)
            pairs = np.unique(np.column_stack([found[there], unit[there]]), axis=0)
            twice = pairs[1:, 0][pairs[1:, 0] == pairs[:-1, 0]]
            wrong = np.flatnonzero(there & (np.isin(found, twice) | np.isin(found, shared)))
            if len(wrong):
                row = columns.data.iloc[int(wrong[0])]
                what = ":".join(label_text(row[name]) for name in grouping)
                top = " and ".join(":".join(one) for one in self.groupings[:1])
                raise MixedModelError(
                    f"{':'.join(grouping)} {what} has rows in several groups of {top}. The two cross each other, and "
                    "no part of the data is independent of the others. Read the data into memory and give the table."
                )


def find_units(parts: Parts, wanted: Wanted, counts: PartCounts) -> Units:
    """The units, and which of them lie in several parts.

    Raises
    ------
    MixedModelError
        When too many do: the message says how to write the data.
    """
    order = _by_height(wanted.groupings, counts)
    groupings = tuple(wanted.groupings[at] for at in order)
    if len(counts.spans) < 2 or not groupings:
        return Units(groupings, tuple(np.zeros(0, dtype=np.uint64) for _ in groupings))
    shared = []
    for at in order:
        seams = _seams([spans[at] for spans in counts.spans])
        if seams is None:
            seams = _in_several(parts.total(_groups_of, wanted, wanted.groupings[at]))
        shared.append(seams)
    n = sum(spans[order[0]].n for spans in counts.spans)
    if len(shared[0]) > max(FEW, MOST_SHARE * n):
        name = groupings[0][0]
        raise MixedModelError(
            f"{len(shared[0]):,} groups of {':'.join(groupings[0])} have rows in several parts, and their rows must be "
            f"summed together. Sort the rows by {name} before they are written as Parquet, or set the index: "
            f"data.set_index({name!r}) of Dask."
        )
    return Units(groupings, tuple(shared))


def _by_height(groupings: tuple[tuple[str, ...], ...], counts: PartCounts) -> list[int]:
    """The groupings, the highest first: whose columns the others have too, or which has the fewest groups."""
    sizes = [sum(spans[at].n for spans in counts.spans) for at in range(len(groupings))]
    return sorted(range(len(groupings)), key=lambda at: (sizes[at], len(groupings[at])))


def _seams(spans: list[Span]) -> Hashes | None:
    """The labels that end one part and begin the next; None where labels of parts lie among each other."""
    if any(span.low is None for span in spans if span.n):
        return None
    ordered = sorted((span for span in spans if span.n), key=lambda span: (span.low, span.high))
    shared, highest = [], None
    for span in ordered:
        if highest is not None and span.low < highest:
            return None
        if highest is not None and span.low == highest:
            shared.append(span.low)
        highest = span.high
    return _numbers(shared)


def _numbers(labels: list[object]) -> Hashes:
    texts = np.array([label_text(label) for label in labels], dtype=object)
    return np.unique(pd.util.hash_array(texts))


@dataclass(frozen=True)
class _Groups:
    """The numbers of the groups of each part."""

    each: tuple[Hashes, ...]

    def __add__(self, other: _Groups) -> _Groups:
        return _Groups(self.each + other.each)


def _groups_of(part: Part, wanted: Wanted, grouping: tuple[str, ...]) -> _Groups:
    rows = used_rows(part, wanted)
    if not len(rows):
        return _Groups(())
    found, there = group_hashes(rows.columns, grouping)
    return _Groups((np.unique(found[there]),))


def _in_several(groups: _Groups) -> Hashes:
    """The numbers that more than one part has."""
    together = np.sort(np.concatenate([np.zeros(0, dtype=np.uint64), *groups.each]))
    return np.unique(together[1:][together[1:] == together[:-1]])
