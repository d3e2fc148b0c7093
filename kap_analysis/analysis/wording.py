"""Numbers and lists in running text, as a Results section writes them (SAMPL: exact p, intervals, df, n)."""

import math
from collections.abc import Sequence

MINUS = "−"


def number(value: float, decimals: int = 1) -> str:
    """A number with a true minus sign; "withheld or not estimated" where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "(not available)"
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞"
    text = f"{abs(float(value)):,.{decimals}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0
    return f"{MINUS}{text}" if negative else text


def interval(low: float, high: float, decimals: int = 1) -> str:
    """The two ends of an interval: "−0.8 to 2.4"."""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def p_value(value: float) -> str:
    """An exact p to two significant digits: "p = 0.032", "p = 0.41", "p < 0.001"."""
    if value is None or math.isnan(value):
        return "p not available"
    if value < 0.001:
        return "p < 0.001"
    return f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"


def share(count: float, total: float) -> str:
    """A share with its numerator and denominator: "34 of 120 (28 %)"."""
    if any(v is None or math.isnan(v) for v in (count, total)) or total == 0:
        return f"{number(count, 0)} of {number(total, 0)}"
    return f"{number(count, 0)} of {number(total, 0)} ({number(100 * count / total, 0)} %)"


def estimate_sentence(row, unit: str = "points", decimals: int = 1, level: float = 0.95) -> str:
    """An estimate with interval, df and p: "1.2 points (95 % interval −0.8 to 3.2; df 34.1; p = 0.24)"; z has no df."""
    df = "" if math.isinf(row.df) else f" df {number(row.df, 1)};"
    return (
        f"{number(row.estimate, decimals)} {unit} ({100 * level:.0f} % interval "
        f"{interval(row.ci_low, row.ci_high, decimals)};{df} {p_value(row.p_value)})"
    )


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """ "1 patient", "3 patients", "2 diagnoses" (give the irregular plural)."""
    return f"{count:,} {noun if count == 1 else (nouns or noun + 's')}"


def join_words(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
