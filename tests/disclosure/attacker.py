"""An attacker for the tests: holds every released frame of a study, and works out what the gate withheld.

The attacker knows what the columns mean, but no reason that the gate gives. So the true frames serve only to learn
which sums hold (someone who reads the documentation knows these), and to say afterwards what was found. Unlike the
gate, the attacker sees all frames together. A withheld count is bounded by linear programming (HiGHS).

In a study of few patients many sums hold by chance, and nobody who does not know the numbers can know of them. So
other studies are shown to the attacker as well: a sum is known if it holds in each of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Cell = tuple[str, int, str]
#: Columns that say which people a row is about; all others name what is counted of them.
PEOPLE = ("practice", "format", "visit", "instrument")
#: Columns that count all people of a row, under different names.
WHOLE = ("of_patients", "n_started", "n_patients", "n_assessed", "n_due", "n_at_risk")


class Found(NamedTuple):
    """A count from 1 to 10 that is known, or known not to be 0."""

    cell: Cell
    true: float
    low: float
    high: float

    @property
    def is_exact(self) -> bool:
        return self.high - self.low < 0.5


def attack(
    true: Mapping[str, pd.DataFrame],
    released: Mapping[str, pd.DataFrame],
    others: Sequence[Mapping[str, pd.DataFrame]] = (),
) -> list[Found]:
    """Every withheld count from 1 to 10 that the released frames give away.

    Parameters
    ----------
    true, released : mapping of name -> frame
        The frames before the gate and behind it, rows in the same order; some may be left out behind it.
    others : sequence of mapping of name -> frame
        The frames of other studies, under the same names. Only sums that hold in these too are used.
    """
    frames = {name: frame.reset_index(drop=True) for name, frame in true.items() if len(released[name])}
    released = {name: _with_all_rows(frame, released[name]) for name, frame in frames.items()}
    values, sums = {}, []
    for name, frame in frames.items():
        counts = _counts(frame)
        values |= {
            (name, r, c): float(frame[c].iloc[r])
            for c in counts
            for r in range(len(frame))
            if pd.notna(frame[c].iloc[r])
        }
        sums += _sums(name, frame, counts)
        sums += _denominators(name, frame, counts, values)
    known = {
        cell: value for cell, value in values.items()
        if all(pd.notna(released[cell[0]][c].iloc[cell[1]]) for c in cell[2].split(" / "))
    }  # fmt: skip
    sums += _same_people(frames, values)
    sums = _that_hold([s for s in sums if all(c in values for c, _ in s)], frames, others)
    return _solve(values, known, sums)


def _that_hold(
    sums: list[list[tuple[Cell, float]]],
    frames: Mapping[str, pd.DataFrame],
    others: Iterable[Mapping[str, pd.DataFrame]],
) -> list[list[tuple[Cell, float]]]:
    """The sums that no other study contradicts; rows are found by their words, and what is not there says nothing."""
    words = {name: _words(frame) for name, frame in frames.items()}
    for other in others:
        rows = {(n, w): frame.iloc[i] for n, frame in other.items() for i, w in enumerate(_words(frame))}

        def value(cell: Cell, rows: Mapping[tuple, pd.Series] = rows) -> float:
            row = rows.get((cell[0], words[cell[0]][cell[1]]))
            part, *share = cell[2].split(" / ")
            if row is None or any(c not in row or pd.isna(row[c]) for c in (part, *share)):
                return np.nan
            return float(np.round(row[part] / row[share[0]])) if share and row[share[0]] else float(row[part])

        left = [sum(f * value(c) for c, f in terms) for terms in sums]
        sums = [terms for terms, difference in zip(sums, left, strict=True) if np.isnan(difference) or difference == 0]
    return sums


def _words(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    keys = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    return [tuple(map(str, row)) for row in frame[keys].itertuples(index=False)]


def _with_all_rows(frame: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """The released frame with an empty row in the place of each that was left out."""
    if len(frame) == len(shown):
        return shown.reset_index(drop=True)
    keys = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    there = {words: i for i, words in enumerate(_words(shown[keys]))}
    places = [there.get(words, -1) for words in _words(frame)]
    return shown.reset_index(drop=True).reindex(places).reset_index(drop=True)


def small_cells(true: Mapping[str, pd.DataFrame]) -> int:
    """How many counts from 1 to 10 there are."""
    return sum(int(((f[c] > 0) & (f[c] < 11)).sum()) for f in true.values() for c in _counts(f))


def _counts(frame: pd.DataFrame) -> list[str]:
    named = [c for c in frame.columns if c == "n" or str(c).startswith(("n_", "of_"))]
    whole = [c for c in named if pd.api.types.is_numeric_dtype(frame[c])]
    return [c for c in whole if (frame[c].dropna() == frame[c].dropna().round()).all()]


def _sums(name: str, frame: pd.DataFrame, counts: list[str]) -> list[list[tuple[Cell, float]]]:
    found = []
    table = frame[counts].to_numpy(float)
    for total in (i for i, c in enumerate(counts) if c in WHOLE):  # other sums of a few numbers hold by chance
        others = [i for i in range(len(counts)) if i != total]
        for size in (1, 2, 3):
            for parts in combinations(others, size):
                if size > 1 and not all(table[:, p].any() for p in parts):
                    continue
                if len(frame) and np.array_equal(table[:, total], table[:, parts].sum(axis=1)):
                    found += [
                        _sum((name, r, counts[total]), [(name, r, counts[p]) for p in parts]) for r in range(len(frame))
                    ]
    keys = [c for c in frame.columns if c not in counts and not pd.api.types.is_float_dtype(frame[c])]
    words = frame[keys].astype("str")
    for key in keys:
        told = [k for k in keys if k != key and (words.groupby(key)[k].nunique() > 1).any()]
        groups = words.groupby(told, sort=False).indices.values() if told else [np.arange(len(frame))]
        for rows in groups:
            if len(rows) < 2:
                continue
            is_all = words[key].to_numpy()[rows] == "all"
            for p, part in enumerate(counts):
                if is_all.sum() == 1 and table[rows[is_all], p] == table[rows[~is_all], p].sum():
                    found.append(
                        _sum((name, int(rows[is_all][0]), part), [(name, int(r), part) for r in rows[~is_all]])
                    )
                for t, total in enumerate(counts):
                    whole = table[rows, t]
                    if t == p or total not in WHOLE or is_all.any() or (whole != whole[0]).any():
                        continue
                    rest = whole[0] - table[rows, p].sum()
                    spare = [c for c in counts if ("missing" in c or "not_" in c) and frame[c].iloc[rows[0]] == rest]
                    if rest == 0 or spare:
                        parts = [(name, int(r), part) for r in rows] + (
                            [(name, int(rows[0]), spare[0])] if rest else []
                        )
                        found.append(_sum((name, int(rows[0]), total), parts))
                        found += [_sum((name, int(rows[0]), total), [(name, int(r), total)]) for r in rows[1:]]
                if part.startswith("of_") and key == "step":
                    for before, after in pairwise(rows):
                        if "n_patients" in counts and table[after, p] == frame["n_patients"].iloc[before]:
                            found.append(_sum((name, int(after), part), [(name, int(before), "n_patients")]))
    return found


def _denominators(
    name: str, frame: pd.DataFrame, counts: list[str], values: dict[Cell, float]
) -> list[list[tuple[Cell, float]]]:
    """A count and its share give what the share is of."""
    found = []
    for share in [c for c in frame.columns if str(c).startswith("share")]:
        for part in [c for c in counts if c in ("n", "n_patients", "n_followed")]:
            whole = (frame[part] / frame[share]).where(frame[share] > 0)
            if whole.notna().sum() == 0 or (whole.dropna() - whole.dropna().round()).abs().max() > 1e-6:
                continue
            cells = {int(r): (name, int(r), f"{part} / {share}") for r in np.flatnonzero(whole.notna())}
            values |= {cell: float(round(whole.iloc[r])) for r, cell in cells.items()}
            for total in counts:
                rest = [c for c in counts if "missing" in c or "not_" in c]
                for r, cell in cells.items():
                    if frame[total].iloc[r] == values[cell]:
                        found.append(_sum((name, r, total), [cell]))
                    found += [
                        _sum((name, r, total), [cell, (name, r, c)])
                        for c in rest
                        if frame[total].iloc[r] == values[cell] + frame[c].iloc[r]
                    ]
    return found


def _same_people(frames: Mapping[str, pd.DataFrame], values: Mapping[Cell, float]) -> list[list[tuple[Cell, float]]]:
    """The same people counted in two frames: the same practice, format, visit and instrument, and the same number."""
    seen: dict[tuple, list[Cell]] = {}
    for cell, value in values.items():
        name, row, column = cell
        frame = frames[name]
        if column not in WHOLE and not ("missing" in column or "not_" in column or "left_out" in column):
            continue
        who = tuple(str(frame[c].iloc[row]) if c in frame else "all" for c in PEOPLE)
        seen.setdefault((who[:2], value, column in WHOLE), []).append(cell)
    return [_sum(cells[0], [cell]) for cells in seen.values() for cell in cells[1:] if cell[0] != cells[0][0]]


def _sum(total: Cell, parts: list[Cell]) -> list[tuple[Cell, float]]:
    return [(total, 1.0), *((part, -1.0) for part in parts)]


def _solve(values: dict[Cell, float], known: dict[Cell, float], sums: list[list[tuple[Cell, float]]]) -> list[Found]:
    hidden = [cell for cell in values if cell not in known]
    place = {cell: i for i, cell in enumerate(hidden)}
    rows = [([(place[c], f) for c, f in s if c in place], -sum(f * known[c] for c, f in s if c in known)) for s in sums]
    rows = [(terms, right) for terms, right in rows if terms]
    if not rows:
        return []
    links = [(terms[0][0], i) for terms, _ in rows for i, _ in terms]
    graph = csr_array((np.ones(len(links)), tuple(zip(*links, strict=True))), shape=(len(hidden),) * 2)
    _, label = connected_components(graph, directed=False)
    found = []
    for part in np.unique([label[terms[0][0]] for terms, _ in rows]):
        members = np.flatnonzero(label == part)
        inside = {m: j for j, m in enumerate(members)}
        mine = [(t, b) for t, b in rows if label[t[0][0]] == part]
        left = np.zeros((len(mine), len(members)))
        for i, (terms, _) in enumerate(mine):
            for m, f in terms:
                left[i, inside[m]] += f
        right = np.array([b for _, b in mine])
        for m in members:
            true = values[hidden[m]]
            if not 0 < true < 11:
                continue
            goal = np.zeros(len(members))
            goal[inside[m]] = 1.0
            low = linprog(goal, A_eq=left, b_eq=right, bounds=(0, None)).fun
            if low < 0.5:  # 0 and its own number are both possible
                continue
            high = linprog(-goal, A_eq=left, b_eq=right, bounds=(0, None))
            high = -high.fun if high.status == 0 else np.inf
            found.append(Found(hidden[m], true, low, high))
    return found
