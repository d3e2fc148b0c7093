"""The numbers of patients that a public study publishes: decided once, so that no two outputs can be subtracted.

A study has a few populations, each inside another: its patients, those who started, those who are analysed, those
assessed at a visit. Their numbers by format come back in every table. Here it is decided which of them may be shown
anywhere; every result reads its numbers through this decision, and a number that is none of them is shown nowhere.
Whoever adds and subtracts all that is shown finds no count of 1 to 10, and none that cannot be 0 (linear programming).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMAT
from kap_analysis.disclosure.policy import MINIMUM_COUNT, TOTAL_LEVEL, is_small

Numbers = Mapping[str, int]
#: How a frame names what is counted here: population, number by format; the frame that a study gives to the gate.
POPULATION: Final = "population"
INSIDE: Final = "inside"
NEARLY_ZERO: Final = 1e-6
#: The patients of a total that are in none of its formats.
UNKNOWN_FORMAT: Final = "format not known"


@dataclass(frozen=True, slots=True)
class Published:
    """What may be shown of the numbers of a study.

    Attributes
    ----------
    numbers : dict of population -> dict of format ("all" included) -> number of patients
    inside : set of (smaller population, larger population)
    shown : set of (population, format)
    """

    numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    inside: frozenset[tuple[str, str]] = frozenset()
    shown: frozenset[tuple[str, str]] = frozenset()

    def shown_formats(self, numbers: Numbers, population: str = "", *, left_out: bool = False) -> set[str]:
        """The formats whose number may be shown, where these are the numbers of a population.

        Parameters
        ----------
        numbers : mapping of format -> number
            As they stand in the rows of a frame that are alike but for the format.
        population : str
            Only this population counts; any if empty.
        left_out : bool
            Whether they count who is in one population and not in another inside it.
        """
        known = self._left_out() if left_out else self._counted(population)
        alike = [
            shown & set(numbers)
            for counted, shown in known
            if any(numbers.values()) and all(counted.get(name) == n for name, n in numbers.items())
        ]
        if left_out:  # of whom, if two pairs leave out as many by chance? what one of them forbids is not shown
            return set.intersection(*alike) if alike else set()
        return set().union(*alike)

    def _counted(self, population: str) -> Iterator[tuple[Numbers, set[str]]]:
        for name, numbers in self.numbers.items():
            if not population or name == population:
                yield numbers, {f for f in numbers if (name, f) in self.shown}

    def _left_out(self) -> Iterator[tuple[Numbers, set[str]]]:
        """Of each pair of populations; pairs with the same numbers are one, and show what either shows."""
        found: dict[tuple[frozenset[tuple[str, int]], ...], tuple[Numbers, set[str]]] = {}
        for small, large in self.inside:
            left = {f: n - self.numbers[small].get(f, 0) for f, n in self.numbers[large].items()}
            pair = frozenset(self.numbers[small].items()), frozenset(self.numbers[large].items())
            _, shown = found.setdefault(pair, (left, set()))
            shown |= {f for f in left if {(small, f), (large, f)} <= self.shown}
        yield from found.values()

    def to_frame(self) -> pd.DataFrame:
        """One row per population and format: ``population``, ``format``, ``n`` (missing: not shown anywhere)."""
        rows = [
            (name, fmt, n if (name, fmt) in self.shown else np.nan)
            for name, numbers in self.numbers.items()
            for fmt, n in numbers.items()
        ]
        return pd.DataFrame(rows, columns=[POPULATION, FORMAT, "n"])


def decide(populations: pd.DataFrame) -> Published:
    """Decide which numbers of a study may be shown.

    Parameters
    ----------
    populations : DataFrame
        ``population``, ``format`` ("all" included), ``n``, and ``inside``: the population that holds it, empty for
        the first. In the order in which numbers are wanted.
    """
    rows = populations[[POPULATION, INSIDE, FORMAT, "n"]].astype({"n": int}).itertuples(index=False, name=None)
    return _decided(tuple(rows))


@lru_cache(maxsize=64)
def _decided(rows: tuple[tuple[str, str, str, int], ...]) -> Published:
    numbers: dict[str, dict[str, int]] = {}
    for name, _, fmt, n in rows:
        numbers.setdefault(name, {})[fmt] = n
    around = {name: inside for name, inside, _, _ in rows if inside}
    inside = frozenset((small, large) for small in numbers for large in _holders(small, around))
    system = _System(numbers, inside)
    shown: set[tuple[str, str]] = set()
    for name in numbers:
        for wanted in _choices(numbers[name]):
            tried = shown | {(name, fmt) for fmt in wanted}
            if _far_apart(numbers, tried) and system.gives_nothing_away(tried):
                shown = tried
                break
    return Published(numbers, inside, frozenset(shown))


def _far_apart(numbers: Mapping[str, Numbers], shown: set[tuple[str, str]]) -> bool:
    """Whether no two numbers of a format differ by 1 to 10: whatever they count, subtracting them tells nothing."""
    return not any(
        fmt == other and is_small(abs(numbers[name][fmt] - numbers[second][fmt]))
        for (name, fmt), (second, other) in combinations(sorted(shown), 2)
    )


def _holders(name: str, around: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    while name in around and around[name] not in found:
        name = around[name]
        found.append(name)
    return found


def _choices(numbers: Numbers) -> list[list[str]]:
    """Which formats to show, the most wanted choice first: all that are large, those without the total, the total."""
    large = [fmt for fmt, n in numbers.items() if n == 0 or n >= MINIMUM_COUNT]
    formats = [fmt for fmt in large if fmt != TOTAL_LEVEL]
    total = [fmt for fmt in large if fmt == TOTAL_LEVEL]
    return [choice for choice in (large, formats, total) if choice]


class _System:
    """The patients of each population and format as unknowns, and what is known of them."""

    def __init__(self, numbers: Mapping[str, Numbers], inside: frozenset[tuple[str, str]]) -> None:
        formats = dict.fromkeys(f for n in numbers.values() for f in n if f != TOTAL_LEVEL)
        parts = {name: {f: n.get(f, 0) for f in formats} for name, n in numbers.items()}
        if any(numbers[name].get(TOTAL_LEVEL, 0) > sum(part.values()) for name, part in parts.items()):
            for name, part in parts.items():
                part[UNKNOWN_FORMAT] = numbers[name].get(TOTAL_LEVEL, 0) - sum(part.values())
        self.formats = tuple(next(iter(parts.values()), {}))
        self.cells = [(name, fmt) for name in parts for fmt in self.formats]
        self.place = {cell: i for i, cell in enumerate(self.cells)}
        self.values = np.array([parts[name][fmt] for name, fmt in self.cells], dtype=float)
        nested = [self._sum(s, [f]) - self._sum(g, [f]) for s, g in inside for f in self.formats]
        self.nested = np.array(nested).reshape(len(nested), len(self.cells))
        groups = [[f] for f in self.formats] + [list(g) for g in combinations(self.formats, 2)] + [list(self.formats)]
        targets = [self._sum(name, g) for name in numbers for g in groups]
        targets += [self._sum(large, g) - self._sum(small, g) for small, large in inside for g in groups]
        self.small = [t for t in targets if is_small(t @ self.values)]

    def _sum(self, name: str, formats: list[str]) -> np.ndarray:
        row = np.zeros(len(self.cells))
        row[[self.place[name, fmt] for fmt in formats]] = 1.0
        return row

    def gives_nothing_away(self, shown: set[tuple[str, str]]) -> bool:
        """Whether every number of 1 to 10, of people counted or left out, could as well be 0."""
        from scipy.optimize import linprog

        rows = [self._sum(name, list(self.formats) if fmt == TOTAL_LEVEL else [fmt]) for name, fmt in sorted(shown)]
        known = np.array(rows)
        held: dict[str, Any] = {"A_eq": known, "b_eq": known @ self.values, "bounds": (0, None), "method": "highs"}
        if len(self.nested):
            held |= {"A_ub": self.nested, "b_ub": np.zeros(len(self.nested))}
        for target in self.small:
            least = linprog(target, **held)
            if least.status != 0 or least.fun > NEARLY_ZERO:
                return False
        return True
