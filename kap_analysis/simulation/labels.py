"""Codes of patients, practices, cohorts and facilitators: made up, and never a name."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.simulation.people import Ints, People

PRACTICES: Final = ("A", "B", "C")


def patient_ids(n: int) -> list[str]:
    """P001, P002, ...: three digits, or as many as the last one needs."""
    width = max(3, len(str(n)))
    return [f"P{number:0{width}d}" for number in range(1, n + 1)]


def cohort_ids(people: People) -> list[str]:
    """A-G01, A-G02, ..., B-G01: cohorts are counted within their practice."""
    first = np.searchsorted(people.cohort_practice, np.arange(len(PRACTICES)))
    numbers = np.arange(people.n_cohorts) - first[people.cohort_practice] + 1
    return [f"{PRACTICES[place]}-G{number:02d}" for place, number in zip(people.cohort_practice, numbers, strict=True)]


def facilitator_ids(people: People) -> list[str]:
    """A-F01, A-F02, ..., B-F01: facilitators are counted within their practice."""
    counts = np.diff(people.first_facilitator)
    return [
        f"{PRACTICES[place]}-F{number + 1:02d}" for place in range(len(PRACTICES)) for number in range(counts[place])
    ]


def name_pairs(first: Ints, second: Ints, names: Sequence[str]) -> NDArray[np.object_]:
    """Facilitators as one cell: "A-F01;A-F03", or one of them where second is -1."""
    return name_codes(
        (first, second),
        lambda a, b: names[a] if b < 0 else f"{names[a]};{names[b]}",
        sizes=(len(names), len(names) + 1),
    )


def name_codes(codes: tuple[Ints, ...], name: Callable[..., str], sizes: tuple[int, ...]) -> NDArray[np.object_]:
    """Name each combination of codes, calling ``name`` once for each that occurs.

    Parameters
    ----------
    codes : tuple of integer arrays
        Equally long; each code lies in -1 to size - 2.
    name : callable
        Takes one code of each.
    sizes : tuple of int
        Number of different codes of each, -1 included.
    """
    joined = np.ravel_multi_index(tuple(code + 1 for code in codes), tuple(size + 1 for size in sizes))
    unique, where = np.unique(joined, return_inverse=True)
    parts = np.unravel_index(unique, tuple(size + 1 for size in sizes))
    named = np.array([name(*(int(part[at]) - 1 for part in parts)) for at in range(len(unique))], dtype=object)
    return named[where] if len(unique) else np.zeros(0, dtype=object)


def levels(codes: Ints, names: Sequence[str | None]) -> pd.Categorical:
    """Codes as named levels; a name may stand for several codes; -1, and a code without a name, is missing."""
    kept = list(dict.fromkeys(name for name in names if name))
    place = np.array([kept.index(name) if name else -1 for name in names] + [-1], dtype=np.int64)
    return pd.Categorical.from_codes(place[codes], categories=pd.Index(kept, dtype=object))
