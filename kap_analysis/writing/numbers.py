"""How numbers are written, in paragraphs, figures and tables alike: decimals, signs, intervals, shares and p-values.

The rules follow SAMPL (Lang & Altman 2015, doi 10.1016/j.ijnurstu.2014.09.006) unless another source is named:

- decimals follow the meaning of a statistic, not its size: scores, means, SDs, differences and their intervals have
  one; standard errors, coefficients, standardised differences, ratios and test statistics two; degrees of freedom one;
- a p-value is exact, with two decimals from .1 and three below: ``0.41``, ``0.041``. Below .001 it is ``< 0.001``. What
  would round to 1 is ``> 0.99`` (AMA Manual of Style, 11th edition, 19.5). A p that is not .05 is never rounded onto
  .05: it has the decimals that show its side, ``0.0496``. It keeps its leading zero: journals differ (APA drops it);
- an interval is written with "to", since a dash between negative numbers cannot be read: ``−1.2 to 3.4``. A limit that
  is not 0 never reads 0.0, which would contradict the p-value: both limits have up to three decimals more. An estimate
  beside its interval has the decimals of its limits; one that stands alone never reads 0.0, since a figure shows its
  side;
- a percentage is whole, since its counts stand beside it. Only nobody is ``0%`` and only everybody ``100%``: few are
  ``< 1%``, nearly all ``> 99%``;
- a mean carries its SD in brackets, never a plus-minus sign, which does not say what follows it;
- minus is the true sign (U+2212), and there is no minus zero; no line ends between ``<`` and its number;
- a number that is not there is visible. Its word depends on where it would stand, so it is the argument ``missing``:
  a dash in figures and tables, "not available" in paragraphs (:mod:`kap_analysis.writing.sentences`).

Every function takes plain numbers (or missing values) and returns text. None of them computes a statistic.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

MINUS: Final = "−"
DASH: Final = "–"
"""What stands in figures and tables for a number that was not estimated."""
WITHHELD: Final = "withheld"
"""What stands in tables for a number that the disclosure gate kept back."""
INTERVAL: Final = "95%\u00a0interval"
"""The heading of intervals, in the word of the sentences; its parts never stand on two lines."""
LESS: Final = "<\u00a0"
MORE: Final = ">\u00a0"

SCORE_DECIMALS: Final = 1
COEFFICIENT_DECIMALS: Final = 2
MOST_MORE_DECIMALS: Final = 3
#: A number that is so close to a rounded one is rounded.
ROUNDED: Final = 1e-9
SMALLEST_P: Final = 0.001
USUAL_ALPHA: Final = 0.05


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NA or NaT."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA refuses to be true or false
        return True


def number(value: Any, decimals: int = SCORE_DECIMALS, missing: str = DASH) -> str:
    """Write a number with a fixed count of decimals and a true minus: ``−1.2``.

    Parameters
    ----------
    value : number or missing
        Infinity gives the infinity sign.
    decimals : int
        Digits after the point; thousands are separated by commas.
    missing : str
        What is written for a missing number.

    Examples
    --------
    >>> number(-11.24), number(-0.04), number(float("nan")), number(9016, 0)
    ('−11.2', '0.0', '–', '9,016')
    """
    if is_missing(value):
        return missing
    size = abs(float(value))
    text = "∞" if math.isinf(size) else f"{size:,.{decimals}f}"
    is_zero = not any(sign in text for sign in "123456789∞")
    return f"{MINUS}{text}" if value < 0 and not is_zero else text


def difference(value: Any, decimals: int = SCORE_DECIMALS, missing: str = DASH) -> str:
    """Write an estimate that stands alone: one that is not 0 shows its side, with up to three decimals more: ``−0.04``.

    Examples
    --------
    >>> difference(-0.044), difference(3.14), difference(0)
    ('−0.04', '3.1', '0.0')
    """
    if is_missing(value):
        return missing
    return number(value, _decimals_apart([float(value)], [0.0], decimals) if decimals > 0 else decimals)


def estimate(value: Any, low: Any, high: Any, decimals: int = SCORE_DECIMALS, missing: str = DASH) -> str:
    """Write an estimate that stands beside its interval: with the decimals of its limits.

    Examples
    --------
    >>> estimate(0.003, -3.7, 3.7), estimate(3.14, 0.013, 6.16), estimate(-0.04, None, None)
    ('0.0', '3.14', '0.0')
    """
    has_interval = not is_missing(low) and not is_missing(high)
    return number(value, _limit_decimals(low, high, decimals) if has_interval else decimals, missing)


def signed(value: Any, decimals: int = SCORE_DECIMALS, missing: str = DASH) -> str:
    """Write a difference with its sign, plus too: ``+3.1``; what reads as zero has none."""
    text = number(value, decimals, missing)
    has_no_plus = is_missing(value) or value < 0 or text == number(0, decimals)
    return text if has_no_plus else f"+{text}"


def count(value: Any, missing: str = DASH) -> str:
    """Write a count: ``1,806``."""
    return number(value, 0, missing)


def plural(n: Any, noun: str, nouns: str | None = None, missing: str = DASH) -> str:
    """Write a count with what is counted: ``1 cohort``, ``29 cohorts``; give an irregular plural as ``nouns``."""
    return f"{count(n, missing)} {noun if not is_missing(n) and n == 1 else nouns or noun + 's'}"


def exact(value: float) -> str:
    """Write a number that was set by somebody with the decimals it was set with: ``3``, ``0.75``."""
    return number(value, 0 if value == round(value) else len(f"{value:.6g}".partition(".")[2]))


def round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below a number above 0: the steps of an axis.

    Examples
    --------
    >>> round_step(0.7), round_step(2.0), round_step(31)
    (1.0, 2.0, 50.0)
    """
    power = 10.0 ** math.floor(math.log10(least))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= least * (1 - ROUNDED))


def decimals_of(values: Iterable[Any], most: int = COEFFICIENT_DECIMALS) -> int:
    """How many decimals the numbers of a column have, one to so many: those of a public study are rounded already.

    Examples
    --------
    >>> decimals_of([-0.7, 0.3]), decimals_of([-0.7, 0.312]), decimals_of([float("nan")])
    (1, 2, 2)
    >>> decimals_of([1.0, 2.0])
    1
    """
    known = [float(value) for value in values if not is_missing(value) and not math.isinf(float(value))]
    fitting = (d for d in range(1, most) if all(abs(round(value, d) - value) < ROUNDED for value in known))
    return next(fitting, most) if known else most


def coefficient(value: Any, missing: str = DASH) -> str:
    """Write a coefficient, standard error, standardised difference, ratio or test statistic: two decimals."""
    return number(value, COEFFICIENT_DECIMALS, missing)


def rate(value: Any, missing: str = DASH) -> str:
    """Write a rate: two decimals, and only none is ``0.00``.

    Examples
    --------
    >>> rate(0.12), rate(0.003) == "<\u00a00.01", rate(0)
    ('0.12', True, '0.00')
    """
    text = coefficient(value, missing)
    return f"{LESS}0.01" if text == "0.00" and value else text


def degrees(value: Any, missing: str = DASH) -> str:
    """Write degrees of freedom: one decimal, and the infinity sign for a normal test."""
    return number(value, 1, missing)


def p_value(value: Any, missing: str = DASH) -> str:
    """Write a p-value as it stands under the heading "p".

    Examples
    --------
    >>> p_value(0.41), p_value(0.0321), p_value(0.0496), p_value(None)
    ('0.41', '0.032', '0.0496', '–')
    >>> p_value(0.00004) == "<\u00a00.001", p_value(0.9999) == ">\u00a00.99"
    (True, True)
    """
    if is_missing(value):
        return missing
    if value < SMALLEST_P:
        return f"{LESS}{SMALLEST_P}"
    if round(value, 2) >= 1:
        return f"{MORE}0.99"
    if round(value, 3) >= 0.1:
        return number(value, 2)
    return number(value, _decimals_apart([float(value)], [USUAL_ALPHA], 3))


def p_statement(value: Any, missing: str = DASH) -> str:
    """Write a p-value as it stands in a sentence: ``p = 0.41``, ``p < 0.001``, ``p –``."""
    text = p_value(value, missing)
    return f"p {text}" if text[0] in "<>" or is_missing(value) else f"p = {text}"


def percent(share: Any, missing: str = DASH) -> str:
    """Write a share (0 to 1) as a whole percentage; only nobody is ``0%``, and only everybody ``100%``.

    Examples
    --------
    >>> percent(12 / 45), percent(0), percent(1)
    ('27%', '0%', '100%')
    >>> percent(0.004) == "<\u00a01%", percent(0.996) == ">\u00a099%"
    (True, True)
    """
    if is_missing(share):
        return missing
    text = count(100 * share)
    if text == "0" and share > 0:
        return f"{LESS}1%"
    if text == "100" and share < 1:
        return f"{MORE}99%"
    return f"{text}%"


def interval(
    low: Any,
    high: Any,
    decimals: int = SCORE_DECIMALS,
    marks: Sequence[float] = (0.0,),
    missing: str = DASH,
    write: Callable[[Any, int], str] = number,
) -> str:
    """Write an interval: ``−1.2 to 3.4``.

    Parameters
    ----------
    low, high : number or missing
        If either limit is missing there is no interval.
    decimals : int
        Digits after the point; 0 for limits that are counts or days, which stay whole.
    marks : sequence of float
        Values that a limit must not seem to touch: 0 for a difference, 1 for a ratio, a margin. Both limits have the
        decimals that this takes, at most three more.
    missing : str
        What is written where there is no interval.
    write : callable
        Writes a limit with a count of decimals; :func:`signed` for differences with their sign.

    Examples
    --------
    >>> interval(-1.23, 3.4), interval(0.013, 6.16), interval(-1.0, 3.04, marks=(0.0, 3.0))
    ('−1.2 to 3.4', '0.01 to 6.16', '−1.00 to 3.04')
    """
    if is_missing(low) or is_missing(high):
        return missing
    decimals = _limit_decimals(low, high, decimals, marks)
    return f"{write(low, decimals)} to {write(high, decimals)}"


def ratio_interval(low: Any, high: Any, missing: str = DASH) -> str:
    """Write the interval of a ratio, whose limits are not to seem 1: ``0.82 to 1.31``."""
    return interval(low, high, COEFFICIENT_DECIMALS, marks=(1.0,), missing=missing)


def percent_interval(low: Any, high: Any, missing: str = DASH) -> str:
    """Write the interval of a share: ``21% to 46%``."""
    return missing if is_missing(low) or is_missing(high) else f"{percent(low)} to {percent(high)}"


def with_interval(value: Any, low: Any, high: Any, decimals: int = SCORE_DECIMALS, missing: str = DASH) -> str:
    """Write an estimate with its interval: ``1.0 (−1.2 to 3.4)``."""
    if is_missing(value):
        return missing
    return f"{estimate(value, low, high, decimals)} ({interval(low, high, decimals, missing=missing)})"


def mean_sd(mean: Any, sd: Any, decimals: int = SCORE_DECIMALS, missing: str = DASH) -> str:
    """Write a mean with its SD: ``24.3 (8.1)``."""
    return _in_brackets(mean, number(sd, decimals, missing), decimals, missing)


def median_quartiles(median: Any, q1: Any, q3: Any, decimals: int = SCORE_DECIMALS, missing: str = DASH) -> str:
    """Write a median with its quartiles: ``3.0 [1.0 to 5.0]``."""
    if is_missing(median):
        return missing
    return f"{number(median, decimals)} [{interval(q1, q3, decimals, missing=missing)}]"


def count_percent(n: Any, total: Any, missing: str = DASH) -> str:
    """Write a count with its share of a total that stands elsewhere: ``12 (27%)``."""
    if is_missing(n) or is_missing(total) or total == 0:
        return count(n, missing)
    return f"{count(n)} ({percent(n / total)})"


def count_of(n: Any, total: Any, missing: str = DASH, of: str = "/") -> str:
    """Write a count, its denominator and its share: ``12/45 (27%)``; in a sentence ``of`` is the word " of "."""
    if is_missing(n) or is_missing(total):
        return missing
    share = f" ({percent(n / total)})" if total else ""
    return f"{count(n)}{of}{count(total)}{share}"


def whole_range(low: Any, high: Any, missing: str = DASH) -> str:
    """Write the bounds of a band or a range of scores, without decimals where both are whole: ``14 to 19``."""
    if is_missing(low) or is_missing(high):
        return missing
    return interval(low, high, 0 if float(low).is_integer() and float(high).is_integer() else SCORE_DECIMALS)


def _in_brackets(value: Any, text: str, decimals: int, missing: str) -> str:
    return missing if is_missing(value) else f"{number(value, decimals)} ({text})"


def _limit_decimals(low: Any, high: Any, decimals: int, marks: Sequence[float] = (0.0,)) -> int:
    """The decimals of both limits of an interval; whole numbers stay whole."""
    return _decimals_apart([float(low), float(high)], marks, decimals) if decimals > 0 else decimals


def _decimals_apart(values: Sequence[float], marks: Sequence[float], decimals: int) -> int:
    """The decimals with which no value reads as a mark that it is not, if three more are enough for that."""

    def is_apart(value: float, places: int) -> bool:
        return all(value == mark or round(value, places) != round(mark, places) for mark in marks)

    more = range(decimals, decimals + MOST_MORE_DECIMALS + 1)
    return next((places for places in more if all(is_apart(value, places) for value in values)), decimals)
