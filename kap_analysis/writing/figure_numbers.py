"""Numbers and lists as they are written inside figures and in their alternative text."""

from collections.abc import Iterable
from typing import Final

import pandas as pd

TRUE_MINUS: Final = "−"
NOT_AVAILABLE: Final = "–"


def number(value: float, decimals: int = 1) -> str:
    """A number with a true minus sign and no negative zero; a missing one is a dash."""
    if pd.isna(value):
        return NOT_AVAILABLE
    text = f"{float(value):,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", TRUE_MINUS)


def count(value: float) -> str:
    """A count with a comma per thousand; a missing one is a dash."""
    return number(value, 0)


def percent(share: float, decimals: int = 0) -> str:
    """A share of one as a percentage."""
    return NOT_AVAILABLE if pd.isna(share) else f"{number(100 * float(share), decimals)}%"


def interval(low: float, high: float, decimals: int = 1) -> str:
    """The two ends of an interval, with "to" between them because a dash would read as a minus.

    An end that is not 0 does not read 0.0 beside a p-value below 0.05: it has up to three decimals more.
    """
    if decimals > 0:
        seen = (d for d in range(decimals, decimals + 4) if all(end == 0 or round(end, d) != 0 for end in (low, high)))
        decimals = next(seen, decimals)
    return f"{number(low, decimals)} to {number(high, decimals)}"


def estimate_with_interval(estimate: float, low: float, high: float, decimals: int = 1) -> str:
    """An estimate and its interval: ``−11.2 (−12.4 to −10.1)``; no interval, no brackets."""
    if pd.isna(low) or pd.isna(high):
        return number(estimate, decimals)
    return f"{number(estimate, decimals)} ({interval(low, high, decimals)})"


def p_value(value: float) -> str:
    """An exact p-value to three decimals: ``p = 0.031``, ``p < 0.001`` or ``p > 0.999``."""
    if pd.isna(value):
        return f"p {NOT_AVAILABLE}"
    if value > 0.9994:
        return "p > 0.999"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def listed(words: Iterable[str]) -> str:
    """Words as a list: ``a, b and c``."""
    *first, last = [str(word) for word in words]
    return f"{', '.join(first)} and {last}" if first else last


def sentence_case(text: str) -> str:
    """The text with a capital first letter and the rest unchanged."""
    return text[:1].upper() + text[1:]


def plural(n: float, singular: str, several: str | None = None) -> str:
    """A count with its noun: ``1 patient``, ``12 patients``."""
    return f"{count(n)} {singular if n == 1 else several or singular + 's'}"
