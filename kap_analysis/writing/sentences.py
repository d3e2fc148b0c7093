"""Numbers, lists and names inside a sentence, as a Results section writes them.

The rules are those of :mod:`kap_analysis.writing.numbers`; only the words for a number that is not there are those of
a paragraph. Counts and shares are missing for one reason only: the disclosure gate withheld them.
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from kap_analysis.writing import numbers

NOT_AVAILABLE: Final = "not available"
WITHHELD_NUMBER: Final = "a withheld number"

number = partial(numbers.number, missing=NOT_AVAILABLE)
difference = partial(numbers.difference, missing=NOT_AVAILABLE)
interval = partial(numbers.interval, missing=NOT_AVAILABLE)
p_statement = partial(numbers.p_statement, missing=NOT_AVAILABLE)
percent = partial(numbers.percent, missing="a withheld share")
ratio_interval = partial(numbers.ratio_interval, missing=NOT_AVAILABLE)
percent_interval = partial(numbers.percent_interval, missing=NOT_AVAILABLE)
count = partial(numbers.count, missing=WITHHELD_NUMBER)


def n_statement(n: Any) -> str:
    """The n beside a mean: "n = 34", "n withheld"."""
    return f"n {numbers.WITHHELD}" if numbers.is_missing(n) else f"n = {count(n)}"


def plural(n: Any, noun: str, nouns: str | None = None) -> str:
    """ "1 patient", "3 patients", "2 diagnoses" (give the irregular plural), "a withheld number of patients"."""
    return numbers.plural(n, noun, nouns, missing=f"{WITHHELD_NUMBER} of")


def in_points(value: float) -> str:
    """ "1 point", "2.5 points": a number that was given, such as a margin."""
    return f"{numbers.exact(value)} {'point' if value == 1 else 'points'}"


def share(n: Any, total: Any) -> str:
    """A share with its numerator and denominator: "34 of 120 (28%)"."""
    return numbers.count_of(n, total, missing=f"{count(n)} of {count(total)}", of=" of ")


def estimate_words(row: Any, decimals: int = 1) -> str:
    """The estimate of a row as it stands beside its interval, with the decimals of the limits."""
    return numbers.estimate(row.estimate, row.ci_low, row.ci_high, decimals, missing=NOT_AVAILABLE)


def estimate_sentence(row: Any, unit: str = "points", decimals: int = 1, level: float = 0.95) -> str:
    """An estimate with interval, df and p: "1.2 points (95% interval −0.8 to 3.2; df 34.1; p = 0.24)".

    A z-interval has no df; what was not tested has no p.
    """
    told = [f"{numbers.percent(level)} interval {interval(row.ci_low, row.ci_high, decimals)}"]
    if not math.isinf(row.df):
        told.append(f"df {number(row.df)}")
    if not math.isnan(row.p_value):
        told.append(p_statement(row.p_value))
    return f"{estimate_words(row, decimals)} {unit} ({'; '.join(told)})"


def sentence_case(text: object) -> str:
    """The text with a capital at its beginning; the rest as it is ("HAM-A" stays)."""
    return f"{str(text)[:1].upper()}{str(text)[1:]}"


def within_sentence(text: str) -> str:
    """The text with a small letter at its beginning, unless that begins an abbreviation: "practice", "BDI-II"."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def full_stop(text: object) -> str:
    """The text with a full stop at its end; its first letter stays, since it may be a symbol (n, p)."""
    words = str(text).strip()
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def join_words(words: Iterable[object]) -> str:
    """ "a", "a and b", "a, b and c"; nothing of nothing."""
    *first, last = [str(word) for word in words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def first_of(words: Sequence[str], what: str, shown: int) -> list[str]:
    """Of a long list the first: "a", "b", "7 further practices" (`what`: "further practice")."""
    hidden = len(words) - shown
    return list(words) if hidden <= 0 else [*words[:shown], plural(hidden, what)]
