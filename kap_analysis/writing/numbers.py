"""How numbers are written in tables: the one place of decimals, signs, intervals and p-values.

The decisions, after SAMPL (Lang & Altman 2015, doi 10.1016/j.ijnurstu.2014.09.006) unless another source is named:

- decimals follow the meaning of a statistic, not its size: scores, means, SDs, differences and their intervals have
  one; standard errors, coefficients, standardised differences, ratios and test statistics two; degrees of freedom one;
- a p-value is exact, to three decimals: ``0.032``; below one in a thousand it is ``< 0.001``, above 0.999 ``> 0.999``;
  nothing is ever ``NS`` or ``0.000``. It keeps its leading zero, as do the paragraphs and figures of the package:
  journals differ on that zero (APA drops it), and one style throughout is what a reader needs;
- an interval is written with "to", since a dash between negative numbers cannot be read: ``−1.2 to 3.4``;
- a mean carries its SD in brackets, never a plus-minus sign, which does not say what follows it;
- a share carries its numerator and denominator, ``12/45 (27%)``; with those beside it, a whole percentage is enough;
- minus is the true sign (U+2212), and there is no minus zero;
- what is not there is visible: an en dash where nothing could be estimated, "withheld" where a small count is not
  shown. Each table explains the marks that it uses.

Every function takes plain numbers (or missing values) and returns text. None of them computes a statistic.
"""

import math
import re
from typing import Any, Final

MINUS: Final = "−"
NOT_ESTIMATED: Final = "–"
WITHHELD: Final = "withheld"
INTERVAL: Final = "95%\u00a0CI"
"""The heading of intervals; its parts never stand on two lines."""

SCORE_DECIMALS: Final = 1
ERROR_DECIMALS: Final = 2
RATIO_DECIMALS: Final = 2
DF_DECIMALS: Final = 1
SMALLEST_P: Final = 0.001


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NA or NaT."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA refuses to be true or false
        return True


def fixed(value: Any, decimals: int = SCORE_DECIMALS) -> str:
    """Write a number with a fixed count of decimals and a true minus: ``−1.2``.

    Parameters
    ----------
    value : number or missing
        Missing gives an en dash, infinity the infinity sign.
    decimals : int
        Digits after the point; thousands are separated by commas.

    Examples
    --------
    >>> fixed(-11.24), fixed(-0.04), fixed(float("nan")), fixed(9016, 0)
    ('−11.2', '0.0', '–', '9,016')
    """
    if is_missing(value):
        return NOT_ESTIMATED
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else f"{MINUS}∞"
    text = f"{abs(number):,.{decimals}f}"
    negative = number < 0 and any(digit in text for digit in "123456789")
    return f"{MINUS}{text}" if negative else text


def count(value: Any) -> str:
    """Write a count: ``1,806``."""
    return fixed(value, 0)


def counted(value: Any, noun: str) -> str:
    """Write a count with what is counted: ``1 cohort``, ``29 cohorts``."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def coefficient(value: Any) -> str:
    """Write a coefficient, standard error, standardised difference, ratio or test statistic: two decimals."""
    return fixed(value, ERROR_DECIMALS)


def rate(value: Any) -> str:
    """Write a rate: two decimals, and only none is ``0.00``.

    Examples
    --------
    >>> rate(0.12), rate(0.003), rate(0)
    ('0.12', '<\xa00.01', '0.00')
    """
    written = fixed(value, ERROR_DECIMALS)
    return f"<\u00a00.{'1':0>{ERROR_DECIMALS}}" if written == fixed(0, ERROR_DECIMALS) and value else written


def degrees(value: Any) -> str:
    """Write degrees of freedom: one decimal, and the infinity sign for a normal test."""
    return fixed(value, DF_DECIMALS)


def p_value(value: Any) -> str:
    """Write a p-value: exact to three decimals, never ``0.000``.

    Examples
    --------
    >>> p_value(0.0321), p_value(0.00004), p_value(0.9999), p_value(None)
    ('0.032', '< 0.001', '> 0.999', '–')
    """
    if is_missing(value):
        return NOT_ESTIMATED
    if value < SMALLEST_P:
        return f"< {SMALLEST_P}"
    if value > 1 - SMALLEST_P:
        return f"> {1 - SMALLEST_P}"
    return fixed(value, 3)


def interval(low: Any, high: Any, decimals: int = SCORE_DECIMALS) -> str:
    """Write an interval: ``−1.2 to 3.4``. If either end is missing there is no interval, hence an en dash.

    An end that is not 0 does not read 0.0, which would contradict its p: it has up to three decimals more.
    """
    if is_missing(low) or is_missing(high):
        return NOT_ESTIMATED
    if decimals > 0:
        ends = [float(end) for end in (low, high)]
        seen = (d for d in range(decimals, decimals + 4) if all(end == 0 or round(end, d) != 0 for end in ends))
        decimals = next(seen, decimals)
    return f"{fixed(low, decimals)} to {fixed(high, decimals)}"


def with_interval(estimate: Any, low: Any, high: Any, decimals: int = SCORE_DECIMALS) -> str:
    """Write an estimate with its interval: ``1.0 (−1.2 to 3.4)``."""
    if is_missing(estimate):
        return NOT_ESTIMATED
    return f"{fixed(estimate, decimals)} ({interval(low, high, decimals)})"


def mean_sd(mean: Any, sd: Any, decimals: int = SCORE_DECIMALS) -> str:
    """Write a mean with its SD: ``24.3 (8.1)``."""
    if is_missing(mean):
        return NOT_ESTIMATED
    return f"{fixed(mean, decimals)} ({fixed(sd, decimals)})"


def median_quartiles(median: Any, q1: Any, q3: Any, decimals: int = SCORE_DECIMALS) -> str:
    """Write a median with its quartiles: ``3.0 [1.0 to 5.0]``."""
    if is_missing(median):
        return NOT_ESTIMATED
    return f"{fixed(median, decimals)} [{interval(q1, q3, decimals)}]"


def percent(share: Any) -> str:
    """Write a share (0 to 1) as a whole percentage; only nobody is ``0%``, and only everybody ``100%``.

    Examples
    --------
    >>> percent(12 / 45), percent(0.002), percent(0.999), percent(1)
    ('27%', '< 1%', '> 99%', '100%')
    """
    if is_missing(share):
        return NOT_ESTIMATED
    text = fixed(100 * share, 0)
    if text == "0" and share > 0:
        return "< 1%"
    if text == "100" and share < 1:
        return "> 99%"
    return f"{text}%"


def closed_percent(text: Any) -> str:
    """A text in which the percent sign stands at its number, as everywhere in the tables: "50% or more"."""
    return re.sub(r"(?<=\d)[ \u00a0\u202f]%", "%", str(text))


def count_percent(n: Any, total: Any) -> str:
    """Write a count with its share of a total that stands elsewhere in the table: ``12 (27%)``."""
    if is_missing(n):
        return NOT_ESTIMATED
    if is_missing(total) or total == 0:
        return count(n)
    return f"{count(n)} ({percent(n / total)})"


def count_of(n: Any, total: Any) -> str:
    """Write a count, its denominator and its share: ``12/45 (27%)``."""
    if is_missing(n) or is_missing(total):
        return NOT_ESTIMATED
    if total == 0:
        return f"{count(n)}/0"
    return f"{count(n)}/{count(total)} ({percent(n / total)})"


def whole_range(low: Any, high: Any) -> str:
    """Write the bounds of a band or a range of scores, without decimals where both are whole: ``14 to 19``."""
    if is_missing(low) or is_missing(high):
        return NOT_ESTIMATED
    decimals = 0 if float(low).is_integer() and float(high).is_integer() else 1
    return interval(low, high, decimals)
