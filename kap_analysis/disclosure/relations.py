"""Which cells of a frame can be worked out from others: total = part + part, found by arithmetic.

A cell is a position ``(row, column)``. A `Relation` says that one cell, the total, is the sum of the others. The
relations of a frame are found from its numbers, not declared: a new frame is covered without anybody's remembering.
In a small study sums hold by chance as well. What holds by meaning holds in every practice and format.
Two kinds of cells stand in no column, and are worked out from two numbers of a row: those left out (``of - n``), and
what a share is of (``n / share``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations, pairwise
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMAT, PRACTICE
from kap_analysis.disclosure.policy import TOTAL_LEVEL, is_small

Cell = tuple[int, str]
C = TypeVar("C")
#: Sums of more columns than this are not looked for within a row.
LARGEST_ROW_SUM = 4
#: Words of columns that count what people did, of which one person may have many.
NOT_PEOPLE = ("session", "event", "row", "observation", "cluster", "cohort", "boot")
#: A count over its share is a whole number when it is this close to one.
WHOLE_NUMBER = 1e-6


@dataclass(frozen=True, slots=True)
class Relation(Generic[C]):
    """One cell is the sum of others; with a single part the two are the same number."""

    total: C
    parts: tuple[C, ...]

    @property
    def cells(self) -> tuple[C, ...]:
        """The total and its parts."""
        return (self.total, *self.parts)


@dataclass(slots=True)
class Sums:
    """The counts of a frame, with what adds up.

    Attributes
    ----------
    values : dict of cell -> number
    relations : list of Relation
    told_by : dict of cell -> cells
        For a cell that stands in no column: the counts of the frame that give it, all of which must be shown.
    """

    values: dict[Cell, float]
    relations: list[Relation[Cell]]
    told_by: dict[Cell, tuple[Cell, ...]] = field(default_factory=dict)


def find_sums(frame: pd.DataFrame, keys: list[str], counts: list[str], shares: list[str]) -> Sums:
    """Every sum that holds among the counts of a frame.

    Parameters
    ----------
    frame : DataFrame
        Rows numbered 0, 1, ...; `keys` name its rows, `counts` hold numbers of people or of things that people did,
        `shares` are columns of shares.
    """
    values = {(row, c): float(n) for c in counts for row, n in enumerate(frame[c].to_numpy(float))}
    relations = [
        *_sums_within_rows(frame, counts),
        *_totals_over_levels(frame, keys, counts),
        *_parts_of_another_column(frame, keys, counts),
        *_chains(frame, keys, counts),
    ]
    sums = Sums(values, list(dict.fromkeys(relations)))
    _add_complements(sums, frame, counts)
    _add_denominators(sums, frame, counts, shares)
    return sums


def _add_complements(sums: Sums, frame: pd.DataFrame, counts: list[str]) -> None:
    """The few who are left when a part is taken from its whole, where the part is nowhere larger than the whole."""
    people = [c for c in counts if not any(word in c for word in NOT_PEOPLE)]
    for whole, part in ((w, p) for w in people for p in people if w != p):
        left = frame[whole].to_numpy(float) - frame[part].to_numpy(float)
        if (left < 0).any():
            continue
        for row in (int(r) for r in np.flatnonzero([is_small(n) for n in left]) if frame[part].iloc[r] > 0):
            cell = (row, f"{whole} - {part}")
            sums.values[cell] = float(left[row])
            sums.told_by[cell] = ((row, whole), (row, part))
            sums.relations.append(Relation((row, whole), ((row, part), cell)))


def _add_denominators(sums: Sums, frame: pd.DataFrame, counts: list[str], shares: list[str]) -> None:
    """What a share is of: the count over the share, where that is a whole number in every row."""
    numbers = {c: frame[c].to_numpy(float) for c in counts}
    for share, part in ((s, c) for s in shares for c in counts):
        known = frame[share].to_numpy(float)
        rows = np.flatnonzero((known > 0) & (numbers[part] > 0))
        whole = numbers[part][rows] / known[rows]
        if not len(rows) or np.abs(whole - whole.round()).max() > WHOLE_NUMBER:
            continue
        for row, of in zip(rows.tolist(), whole.round().tolist(), strict=True):
            cell = (row, f"{part} / {share}")
            found = [Relation((row, c), (cell,)) for c in counts if numbers[c][row] == of]
            found += [
                Relation((row, total), (cell, (row, rest)))
                for total in counts
                for rest in counts
                if total != rest and numbers[rest][row] and numbers[total][row] == of + numbers[rest][row]
            ]
            if found:
                sums.values[cell] = of
                sums.told_by[cell] = ((row, part),)
                sums.relations.extend(found)


def _sums_within_rows(frame: pd.DataFrame, counts: list[str]) -> Iterator[Relation[Cell]]:
    """n_started = n_assessed + n_not_assessed, wherever it holds in every row."""
    values = {c: frame[c].to_numpy(float) for c in counts}
    for total in counts:
        others = [c for c in counts if c != total]
        for size in range(1, min(LARGEST_ROW_SUM, len(others)) + 1):
            for parts in combinations(others, size):
                if _equal(values[total], sum(values[p] for p in parts)) and any(values[p].any() for p in parts[1:]):
                    for row in range(len(frame)):
                        yield Relation((row, total), tuple((row, p) for p in parts))


def _totals_over_levels(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> Iterator[Relation[Cell]]:
    """The row of all practices is the sum of the rows of each."""
    for key in keys:
        is_total = (frame[key].astype("str") == TOTAL_LEVEL).to_numpy()
        if not is_total.any() or is_total.all():
            continue
        for rows in chain.from_iterable(_groupings(frame, keys, key)):
            totals, parts = rows[is_total[rows]], rows[~is_total[rows]]
            if len(totals) != 1 or not len(parts):
                continue
            for count in counts:
                values = frame[count].to_numpy(float)
                if _equal(values[totals[0]], values[parts].sum()):
                    yield Relation((int(totals[0]), count), tuple((int(r), count) for r in parts))


def _parts_of_another_column(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> Iterator[Relation[Cell]]:
    """The levels of a characteristic, or the classes of an outcome, add up to the patients of the format."""
    values = {c: frame[c].to_numpy(float) for c in counts}
    spare = [c for c in counts if "missing" in c or "not_" in c]
    for key in keys:
        for groups in _by_meaning(frame, keys, key):
            if len(groups[0]) < 2:
                continue
            for part, total in ((p, t) for p in counts for t in counts if p != t):
                found = [_whole_of(rows, values, part, total, spare) for rows in groups]
                if all(found):
                    yield from (relation for relations in found for relation in relations)


def _whole_of(
    rows: np.ndarray, values: dict[str, np.ndarray], part: str, total: str, spare: list[str]
) -> list[Relation[Cell]]:
    """The rows' parts, and whom a spare column counts, are the total that stands in each of the rows."""
    first, *others = rows.tolist()
    left = values[total][first] - values[part][rows].sum()
    rest = [(first, c) for c in spare if values[c][first] == left][: int(left != 0)]
    if not _equal(values[total][rows], values[total][first]) or (left and not rest):
        return []
    parts = [(row, part) for row in (first, *others)]
    same = [Relation((first, total), ((row, total),)) for row in others]
    return [Relation((first, total), (*parts, *rest)), *same]


def _chains(frame: pd.DataFrame, keys: list[str], counts: list[str]) -> Iterator[Relation[Cell]]:
    """A flow: the patients of one step stand again as "of so many" in the next."""
    before = [c for c in counts if c.startswith("of_")]
    values = {c: frame[c].to_numpy(float) for c in counts}
    for key in keys if before else []:
        levels = frame[key].astype("str").to_numpy()
        for groups in _by_meaning(frame, keys, key):
            steps: dict[tuple[str, str], list[tuple[int, int]]] = {}
            for earlier, later in (pair for rows in groups for pair in pairwise(rows.tolist())):
                steps.setdefault((levels[earlier], levels[later]), []).append((earlier, later))
            for pairs in steps.values():
                for of, count in ((o, c) for o in before for c in counts if c not in before):
                    if all(values[of][later] == values[count][earlier] for earlier, later in pairs):
                        yield from (Relation((later, of), ((earlier, count),)) for earlier, later in pairs)


def _by_meaning(frame: pd.DataFrame, keys: list[str], key: str) -> Iterator[list[np.ndarray]]:
    """Groups of rows that differ by practice and format only: what holds by meaning holds in each of them."""
    others = [k for k in keys if k not in (key, PRACTICE, FORMAT)]
    words = frame[others].astype("str").to_numpy()
    for grouping in _groupings(frame, keys, key):
        alike: dict[tuple[str, ...], list[np.ndarray]] = {}
        for rows in grouping:
            alike.setdefault(tuple(w for w in words[rows[0]]), []).append(rows)
        yield from alike.values()


def _groupings(frame: pd.DataFrame, keys: list[str], key: str) -> Iterator[list[np.ndarray]]:
    """Rows that are alike but for one key, and for what goes with it (the reason of a step, the month of a visit).

    Where several levels of the key go with one level of another (those of a characteristic), also by that other.
    """
    words = frame[keys].astype("str").fillna("")
    others = [k for k in keys if k != key and not (k == "month" and "visit" in keys)]
    levels = words.groupby(key, sort=False)
    alike = [k for k in others if (levels[k].nunique() > 1).any()]
    yield _rows_alike(words, alike)
    above = [k for k in others if k not in alike and 1 < words[k].nunique() < words[key].nunique()]
    if above:
        yield _rows_alike(words, alike + above)


def _rows_alike(words: pd.DataFrame, keys: list[str]) -> list[np.ndarray]:
    if not keys:
        return [np.arange(len(words))]
    codes = words[keys].agg("\x1f".join, axis=1)
    return [np.asarray(rows) for rows in codes.groupby(codes, sort=False).indices.values()]


def _equal(left: float | np.ndarray, right: float | np.ndarray) -> bool:
    return bool(np.array_equal(np.atleast_1d(left), np.atleast_1d(right)) or np.all(np.asarray(left) == right))
