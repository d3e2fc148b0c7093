"""Which counts of a frame may be shown: the numbers of the study, and the classes that this frame alone counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMAT, MONTH, PRACTICE
from kap_analysis.disclosure.policy import NOT_OF_THE_STUDY, TOTAL_LEVEL, is_small
from kap_analysis.disclosure.published import Published
from kap_analysis.disclosure.relations import Cell, Relation, find_sums
from kap_analysis.disclosure.suppression import cells_to_withhold

#: Counts of those who are not in another count of their row.
CHARACTERISTIC: Final = "characteristic"
COMPLEMENTS: Final = ("missing", "not_", "left_out", "late")


@dataclass(frozen=True, slots=True)
class Classes:
    """The counts of classes that a frame shows: each way to divide the patients is shown in one frame only.

    Attributes
    ----------
    counts : tuple of str
        The columns that count the members of a class.
    of : str
        The column of those who are divided; empty if the counts are not of people.
    population : str
        Which population of the study these are; of any other the counts are withheld.
    rest : str
        The column of those who are in no class; it is never shown. Empty if there is none.
    second : mapping
        Characteristic -> another that divides the patients almost alike: of the two only that other is counted.
    """

    counts: tuple[str, ...]
    of: str = ""
    population: str = ""
    rest: str = ""
    second: Mapping[str, str] = field(default_factory=dict)


def count_columns(frame: pd.DataFrame) -> list[str]:
    """The columns that count what is in the study: ``n``, ``n_...``, ``of_...``, where they are numbers."""
    named = [c for c in map(str, frame.columns) if c in ("n", "effective") or c.startswith(("n_", "of_"))]
    return [c for c in named if c not in NOT_OF_THE_STUDY and pd.api.types.is_numeric_dtype(frame[c])]


def population_counts(
    frame: pd.DataFrame, counts: list[str], keys: list[str], published: Published
) -> set[tuple[int, str]]:
    """The counts that are the numbers of a population, for every format that stands in the frame."""
    formats = frame[FORMAT].astype("str") if FORMAT in keys else pd.Series(TOTAL_LEVEL, index=frame.index)
    others = [k for k in keys if k not in (FORMAT, MONTH)]
    shown = set()
    for rows in rows_alike(frame, others):
        if PRACTICE in frame and str(frame[PRACTICE].iloc[rows[0]]) != TOTAL_LEVEL:
            continue
        names = formats.iloc[rows].tolist()
        if len(set(names)) < len(names):
            continue
        for column in counts:
            values = frame[column].to_numpy(float, na_value=np.nan)[rows]
            if np.isnan(values).any():
                continue
            numbers = dict(zip(names, values.astype(int).tolist(), strict=True))
            found = published.shown_formats(numbers, left_out=_is_complement(column))
            shown |= {(int(row), column) for row, name in zip(rows, names, strict=True) if name in found}
    for column in filter(_is_complement, counts):
        shown = _zeros_together(frame, column, counts, shown)
        pairs = _differences(frame, column, [c for c in counts if not _is_complement(c)])
        if pairs:  # by chance it can be the number of those left out between two other populations
            told = {row for row in range(len(frame)) if any({(row, w), (row, p)} <= shown for w, p in pairs)}
            shown -= {(row, column) for row in range(len(frame)) if row not in told}
    return shown


def _zeros_together(
    frame: pd.DataFrame, column: str, counts: list[str], shown: set[tuple[int, str]]
) -> set[tuple[int, str]]:
    """All zeros of those left out are shown, or none: beside a zero that is shown a withheld number is not 0.

    Where the row counts classes as well, the zero would give one of them back.
    """
    rest = frame[column].to_numpy(float, na_value=np.nan)
    zeros = {(int(row), column) for row in np.flatnonzero(rest == 0)}
    if any(is_small(n) for n in rest):
        return shown - zeros
    classes = [c for c in ("n",) if c in counts]
    return shown | {(row, c) for row, c in zeros if frame.loc[row, classes].isna().all()}


def _is_complement(column: str) -> bool:
    return any(word in column for word in COMPLEMENTS)


def _differences(frame: pd.DataFrame, column: str, others: list[str]) -> list[tuple[str, str]]:
    """The columns of a frame whose difference another is, wherever it has a number."""
    rest = frame[column].to_numpy(float, na_value=np.nan)
    numbers = {c: frame[c].to_numpy(float, na_value=np.nan) for c in others}
    known = ~np.isnan(rest)
    return [(w, p) for w, p in permutations(others, 2) if (numbers[w] - numbers[p] == rest)[known].all()]


def class_counts(frame: pd.DataFrame, classes: Classes, keys: list[str], published: Published) -> set[tuple[int, str]]:
    """The counts of classes that may be shown, given that the number of those who are divided is known."""
    counted = [c for c in (*classes.counts, classes.of, classes.rest) if c in frame]
    part = frame[[*keys, *counted]].copy()
    rows = np.flatnonzero(frame[classes.counts[0]].notna())
    part = part.iloc[rows].reset_index(drop=True)
    part[counted] = part[counted].fillna(0)
    known: set[tuple[int, str]] = set()
    hidden = {(row, classes.rest) for row in range(len(part)) if classes.rest in frame}
    hidden |= {(row, c) for row in _of_seconds(part, classes) for c in classes.counts}
    if classes.of:
        formats = part[FORMAT].astype("str")
        divided = dict(zip(formats, part[classes.of].astype(int), strict=True))
        allowed = published.shown_formats(divided, classes.population)
        for row, name in enumerate(formats):
            if name in allowed:
                known.add((row, classes.of))
            else:
                hidden |= {(row, c) for c in counted}
    sums = find_sums(part, keys, counted, [])
    if classes.rest in frame:
        sums.relations += _alike_rests(part, classes.rest)
    few = {cell for cell, n in sums.values.items() if is_small(n) and cell[1] in classes.counts}
    zeros = {cell for cell, n in sums.values.items() if n == 0 and cell[1] in classes.counts}
    withheld = cells_to_withhold(sums, hidden=hidden | (zeros if few else set()), shown=known)
    cells = {(row, c) for row in range(len(part)) for c in classes.counts if c in frame}
    return {(int(rows[row]), c) for row, c in cells - withheld}


def _of_seconds(part: pd.DataFrame, classes: Classes) -> list[int]:
    if CHARACTERISTIC not in part:
        return []
    present = set(part[CHARACTERISTIC])
    return [row for row, name in enumerate(part[CHARACTERISTIC]) if classes.second.get(name) in present]


def _alike_rests(part: pd.DataFrame, rest: str) -> list[Relation[Cell]]:
    """Two characteristics that equally many lack may well be lacked by the same patients."""
    groups = part.groupby([part[FORMAT].astype("str"), part[rest]], sort=False).indices.values()
    return [Relation((int(rows[0]), rest), ((int(row), rest),)) for rows in groups for row in rows[1:]]


def rows_alike(frame: pd.DataFrame, keys: list[str]) -> list[np.ndarray]:
    """The places of the rows that agree in all these columns."""
    if not keys:
        return [np.arange(len(frame))]
    words = frame[keys].astype("object").fillna("").astype("str").agg("\x1f".join, axis=1)
    return [np.asarray(rows) for rows in words.groupby(words, sort=False).indices.values()]
