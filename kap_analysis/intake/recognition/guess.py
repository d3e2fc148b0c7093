"""What a column is taken for, and what was seen of its values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING, pattern

MOST_LEVELS: Final = 40
LEAST_SHOWN: Final = 5
NOT_RECOGNISED: Final = "not recognised"
ANOTHER_DATE: Final = "another date of the row"


@dataclass(frozen=True)
class Guess:
    """What a column is taken for, why, and what a person must still decide.

    ``said`` holds further keys of the map; ``asks`` is empty where nothing is open.
    """

    column: str
    role: str
    why: str
    said: Mapping[str, object] = field(default_factory=dict)
    asks: str = ""
    seen: str = ""


def seen_values(table: SourceTable, name: str) -> pd.Series:
    values = pd.Series(table.cells[name], dtype=object)
    counts = values[values != ""].value_counts()
    return counts[[text.lower() not in MISSING for text in counts.index]]


def told(counts: pd.Series) -> str:
    shapes: Counter[str] = Counter()
    for text, n in counts.items():
        shapes[pattern(str(text))] += int(n)
    common = [(shape, n) for shape, n in shapes.most_common(3) if n >= LEAST_SHOWN]
    told = ", ".join(f"{shape} ({n:,})" for shape, n in common) or "no pattern that is common"
    return f"{len(counts):,} different; {told}" if len(counts) else "empty"


def share_of(counts: pd.Series, test: object) -> float:
    total = counts.sum()
    return float(counts[[bool(test(text)) for text in counts.index]].sum() / total) if total else 0.0  # type: ignore[operator]
