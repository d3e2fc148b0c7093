"""Which cells of a frame can be worked out from others: total = part + part, found by arithmetic.

A cell is a position ``(row, column)``. A `Relation` says that one cell, the total, is the sum of the others. The
relations of a frame are found from its numbers, not declared: a new frame is covered without anybody's remembering.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from kap_analysis.disclosure.policy import TOTAL_LEVEL

Cell = tuple[int, str]
#: Sums of more columns than this are not looked for within a row.
LARGEST_ROW_SUM = 4


@dataclass(frozen=True, slots=True)
class Relation:
    """One cell is the sum of others; with a single part the two are the same number."""

    total: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The total and its parts."""
        return (self.total, *self.parts)


def find_relations(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> list[Relation]:
    """Every sum that holds among the counts of a frame.

    Parameters
    ----------
    frame : DataFrame
        Rows numbered 0, 1, ...; `keys` name its rows, `counts` hold numbers of people or of things that people did.
    """
    return [
        *_sums_within_rows(frame, counts),
        *_totals_over_levels(frame, keys, counts),
        *_parts_of_another_column(frame, keys, counts),
        *_chains(frame, keys, counts),
    ]


def _sums_within_rows(frame: pd.DataFrame, counts: list[str]) -> Iterator[Relation]:
    """n_started = n_assessed + n_not_assessed, wherever it holds in every row."""
    values = {c: frame[c].to_numpy(float) for c in counts}
    for total in counts:
        others = [c for c in counts if c != total]
        for size in range(2, min(LARGEST_ROW_SUM, len(others)) + 1):
            for parts in combinations(others, size):
                if _equal(values[total], sum(values[p] for p in parts)) and any(values[p].any() for p in parts[1:]):
                    for row in range(len(frame)):
                        yield Relation((row, total), tuple((row, p) for p in parts))


def _totals_over_levels(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> Iterator[Relation]:
    """The row of all practices is the sum of the rows of each."""
    for key in keys:
        is_total = (frame[key].astype("str") == TOTAL_LEVEL).to_numpy()
        if not is_total.any() or is_total.all():
            continue
        for rows in _groups(frame, [k for k in keys if k != key]):
            totals, parts = rows[is_total[rows]], rows[~is_total[rows]]
            if len(totals) != 1 or not len(parts):
                continue
            for count in counts:
                values = frame[count].to_numpy(float)
                if _equal(values[totals[0]], values[parts].sum()):
                    yield Relation((int(totals[0]), count), tuple((int(r), count) for r in parts))


def _parts_of_another_column(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> Iterator[Relation]:
    """The levels of a characteristic, or the classes of an outcome, add up to the patients of the format."""
    for key in keys:
        for rows in _groups(frame, [k for k in keys if k != key]):
            if len(rows) < 2:
                continue
            for part, total in ((p, t) for p in counts for t in counts if p != t):
                whole = frame[total].to_numpy(float)[rows]
                left = whole[0] - frame[part].to_numpy(float)[rows].sum()
                rest = [(int(rows[0]), c) for c in counts if "missing" in c and frame[c].iloc[rows[0]] == left]
                if _equal(whole, whole[0]) and (left == 0 or rest):
                    yield Relation(
                        (int(rows[0]), total), (*((int(r), part) for r in rows), *(rest[:1] if left else []))
                    )
                    for row in rows[1:]:
                        yield Relation((int(rows[0]), total), ((int(row), total),))


def _chains(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> Iterator[Relation]:
    """A flow: the patients of one step stand again as "of so many" in the next."""
    before = [c for c in counts if c.startswith("of_")]
    for key in keys:
        for rows in _groups(frame, [k for k in keys if k != key]):
            for earlier, later in pairwise(rows):
                for of, count in ((o, c) for o in before for c in counts if c not in before):
                    if frame[of].iloc[later] == frame[count].iloc[earlier]:
                        yield Relation((int(later), of), ((int(earlier), count),))


def _groups(frame: pd.DataFrame, keys: list[str]) -> Iterator[np.ndarray]:
    if not keys:
        yield np.arange(len(frame))
        return
    codes = frame[keys].astype("str").fillna("").agg("\x1f".join, axis=1)
    for rows in codes.groupby(codes, sort=False).indices.values():
        yield np.asarray(rows)


def _equal(left: float | np.ndarray, right: float | np.ndarray) -> bool:
    return bool(np.array_equal(np.atleast_1d(left), np.atleast_1d(right)) or np.all(np.asarray(left) == right))
