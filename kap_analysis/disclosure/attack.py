"""An attack on all that a run shows: whoever holds every frame adds and subtracts, and solves for what was withheld.

It uses what the gate does not need to know: which sums hold within each frame, found in the true numbers, and which
numbers of different frames count the same people. A count of 1 to 10 is given away if all of this does not allow it
to be 0; a withheld number of patients, if the means beside it suit no other (`attack_means.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

import pandas as pd

from kap_analysis.columns import FORMAT, PRACTICE
from kap_analysis.disclosure.attack_means import rows_told_by_means
from kap_analysis.disclosure.bounds import given_away
from kap_analysis.disclosure.counts import COMPLEMENTS, count_columns
from kap_analysis.disclosure.policy import TOTAL_LEVEL, is_small
from kap_analysis.disclosure.relations import Cell, Relation, find_sums

#: A cell of one frame of many: which frame, which cell.
Anywhere = tuple[int, Cell]
#: Counts of all people of a row; the other columns count some of them.
WHOLE: Final = ("of_patients", "n_started", "n_patients", "n_assessed")
#: So many different numbers must be equal in two columns before both are taken to count the same people.
FEWEST_ALIKE: Final = 3


class _Counted(NamedTuple):
    """What one column counts in the rows that differ by practice and format only."""

    frame: int
    column: str
    about: tuple[str, str]
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attack:
    """What was tried and what was found.

    Attributes
    ----------
    n_frames, n_shown, n_withheld, n_sums : int
        Frames, counts shown, counts withheld, sums that hold between them.
    n_few : int
        Withheld counts of 1 to 10.
    n_found : int
        Those of them that cannot be 0.
    found_in : tuple of int
        The frames that they stand in, by their places among those that were given.
    n_means : int
        Means that were tried; numbers that they tell are among `n_found`.
    """

    n_frames: int
    n_shown: int
    n_withheld: int
    n_sums: int
    n_few: int
    n_found: int
    found_in: tuple[int, ...] = ()
    n_means: int = 0


def attack_frames(pairs: Iterable[tuple[pd.DataFrame, pd.DataFrame]]) -> Attack:
    """Attack frames as they are shown.

    Parameters
    ----------
    pairs : iterable of (true frame, frame as shown)
        Of which rows may be left out.
    """
    values: dict[Anywhere, float] = {}
    relations: list[Relation[Anywhere]] = []
    hidden: set[Anywhere] = set()
    columns: dict[_Counted, dict[tuple[str, str], Anywhere]] = {}
    places: list[int] = []
    n_means, by_means = 0, []
    for place, (true, shown) in enumerate(pairs):
        frame = true.reset_index(drop=True)
        counts = count_columns(frame)
        if frame.empty or not counts:
            continue
        n = len(places)
        places.append(place)
        keys = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
        counted = frame[[*keys, *counts]].fillna(dict.fromkeys(counts, 0))
        sums = find_sums(counted, keys, counts, [])
        seen = _aligned(frame, shown, keys)
        tried, told = rows_told_by_means(frame, seen)
        n_means += tried
        by_means += [place] * len(told)
        untold = {cell for cell in sums.told_by if not _are_left_over(cell[1])}
        values |= {(n, cell): v for cell, v in sums.values.items() if cell not in untold}
        known = [r for r in sums.relations if not untold & set(r.cells) and _holds_by_meaning(r)]
        relations += [Relation((n, r.total), tuple((n, p) for p in r.parts)) for r in known]
        cells = sums.values.keys() - untold
        hidden |= {(n, c) for c in cells if c in sums.told_by or pd.isna(seen[c[1]].iloc[c[0]])}
        for row, column in sorted(sums.values.keys() - sums.told_by.keys()):
            if _is_telling(column):
                where = str(frame[PRACTICE].iloc[row]) if PRACTICE in keys else TOTAL_LEVEL
                format_ = str(frame[FORMAT].iloc[row]) if FORMAT in keys else TOTAL_LEVEL
                counted_there = columns.setdefault(_counted(n, frame, keys, row, column), {})
                counted_there[where, format_] = (n, (row, column))
    relations += _links(columns, values)
    few = {cell for cell in hidden if is_small(values[cell])}
    found = given_away(values, relations, hidden)
    found_in = tuple(sorted({places[frame] for frame, _ in found} | set(by_means)))
    n_found = len(found) + len(by_means)
    n_shown, n_hidden = len(values) - len(hidden), len(hidden)
    return Attack(len(places), n_shown, n_hidden, len(relations), len(few), n_found, found_in, n_means)


def _holds_by_meaning(relation: Relation[Cell]) -> bool:
    """Whether a sum says that parts make up a whole; sums of few numbers hold by chance as well."""
    whole = relation.total[1]
    alike = all(column == whole for _, column in relation.parts)
    return alike or (_is_whole(whole) and (len(relation.parts) > 1 or _is_whole(relation.parts[0][1])))


def _is_whole(column: str) -> bool:
    return column in WHOLE or column.startswith("of_")


def _are_left_over(difference: str) -> bool:
    """Whether "whole - part" are people: where both columns count of the same, and not who is left over already."""
    whole, _, part = difference.partition(" - ")
    return _is_whole(whole) and not any(word in part for word in COMPLEMENTS)


def _aligned(frame: pd.DataFrame, shown: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The numbers as shown, row by row of the true frame; missing where a row was left out."""
    if len(shown) == len(frame):
        return shown.reset_index(drop=True)
    there = {name: place for place, name in enumerate(_names(shown, keys))}
    places = [there.get(name, -1) for name in _names(frame, keys)]
    return shown.reset_index(drop=True).reindex(places).reset_index(drop=True)


def _names(frame: pd.DataFrame, keys: list[str]) -> list[tuple[str, ...]]:
    return [tuple(map(str, row)) for row in frame[keys].itertuples(index=False)]


def _is_telling(column: str) -> bool:
    """Whole groups and those left out: the counts that one frame takes over from another."""
    return column in WHOLE or any(word in column for word in COMPLEMENTS)


def _counted(n: int, frame: pd.DataFrame, keys: list[str], row: int, column: str) -> _Counted:
    said = {key: str(frame[key].iloc[row]) for key in keys if key not in (PRACTICE, FORMAT)}
    about = (said.pop("visit", ""), said.pop("instrument", ""))
    return _Counted(n, column, about, tuple(said.values()))


def _links(
    columns: dict[_Counted, dict[tuple[str, str], Anywhere]], values: dict[Anywhere, float]
) -> Iterable[Relation[Anywhere]]:
    """The same people counted in two frames: equal in every practice and format, where visit and instrument agree."""
    for one, other in combinations(columns, 2):
        if one.frame == other.frame or (one.column in WHOLE) != (other.column in WHOLE) or not _agree(one, other):
            continue
        here, there = columns[one], columns[other]
        both = here.keys() & there.keys()
        alike = {values[here[k]] for k in both} if all(values[here[k]] == values[there[k]] for k in both) else set()
        if len(alike) >= FEWEST_ALIKE or (alike and one[1:] == other[1:]):
            yield from (Relation(here[k], (there[k],)) for k in sorted(both))


def _agree(one: _Counted, other: _Counted) -> bool:
    return all(a == b or not a or not b for a, b in zip(one.about, other.about, strict=True))
