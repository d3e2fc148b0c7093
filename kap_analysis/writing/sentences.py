"""Numbers and lists in running text, as a Results section writes them (SAMPL: exact p, intervals, df, n)."""

import math
from collections.abc import Sequence

MINUS = "−"
NOT_AVAILABLE = "not available"
#: Counts are missing for one reason only: the gate withheld them.
WITHHELD = "a withheld number"


def number(value: float, decimals: int = 1) -> str:
    """A number with a true minus sign; "not available" where it was not estimated or is withheld."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOT_AVAILABLE
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞"
    text = f"{abs(float(value)):,.{decimals}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0
    return f"{MINUS}{text}" if negative else text


def interval(low: float, high: float, decimals: int = 1) -> str:
    """The two ends of an interval: "−0.8 to 2.4"; "not available" where it has neither."""
    if math.isnan(low) and math.isnan(high):
        return NOT_AVAILABLE
    return f"{number(low, decimals)} to {number(high, decimals)}"


def interval_apart(low: float, high: float, marks: Sequence[float] = (0.0,), decimals: int = 1) -> str:
    """An interval with as many decimals as its ends need to be seen on their own side of each mark.

    An end of 0.03 beside the mark 0 is not written as 0.0: "0.03 to 6.17". Three decimals are added at most.
    """

    def is_seen(end: float, places: int) -> bool:
        shown = float(f"{end:.{places}f}") if math.isfinite(end) else end
        return all(end == mark or shown != float(f"{mark:.{places}f}") for mark in marks)

    for places in range(decimals, decimals + 4):
        if is_seen(low, places) and is_seen(high, places):
            return interval(low, high, places)
    return interval(low, high, decimals)


def exact(value: float) -> str:
    """A number that was set by somebody, with the decimals it was set with: "3", "0.75"."""
    return number(value, 0 if value == round(value) else len(f"{value:.6g}".partition(".")[2]))


def p_value(value: float) -> str:
    """An exact p to two significant digits: "p = 0.032", "p = 0.41", "p < 0.001"; never "0.050" for what is not."""
    if value is None or math.isnan(value):
        return "p not available"
    if value < 0.001:
        return "p < 0.001"
    if f"{value:.3f}" == "0.050" and value != 0.05:
        return f"p = {value:.4f}"
    return f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"


def share(count: float, total: float) -> str:
    """A share with its numerator and denominator: "34 of 120 (28%)"; some are never "0%", nor nearly all "100%"."""
    if any(v is None or math.isnan(v) for v in (count, total)) or total == 0:
        return f"{count_words(count)} of {count_words(total)}"
    return f"{count_words(count)} of {count_words(total)} ({percent(count / total)})"


def percent(of_one: float) -> str:
    """A share of 1 in percent: "28%", "under 1%" where some are there, "over 99%" where some are not."""
    if math.isnan(of_one):
        return "a withheld share"
    rounded = round(100 * of_one)
    if rounded == 0 and of_one > 0:
        return "under 1%"
    return "over 99%" if rounded == 100 and of_one < 1 else f"{number(100 * of_one, 0)}%"


def count_words(count: float) -> str:
    """A count: "34"; "a withheld number" where it is missing."""
    return WITHHELD if count is None or math.isnan(count) else number(count, 0)


def n_words(count: float) -> str:
    """The n beside a mean: "n = 34", "n withheld"."""
    return "n withheld" if count is None or math.isnan(count) else f"n = {number(count, 0)}"


def estimate_sentence(row, unit: str = "points", decimals: int = 1, level: float = 0.95) -> str:
    """An estimate with interval, df and p: "1.2 points (95% interval −0.8 to 3.2; df 34.1; p = 0.24)".

    A z-interval has no df; what was not tested has no p.
    """
    told = [f"{100 * level:.0f}% interval {interval_apart(row.ci_low, row.ci_high, decimals=decimals)}"]
    if not math.isinf(row.df):
        told.append(f"df {number(row.df, 1)}")
    if not math.isnan(row.p_value):
        told.append(p_value(row.p_value))
    return f"{number(row.estimate, decimals)} {unit} ({'; '.join(told)})"


def plural(count: float, noun: str, nouns: str | None = None) -> str:
    """ "1 patient", "3 patients", "2 diagnoses" (give the irregular plural), "a withheld number of patients"."""
    words = noun if count == 1 else (nouns or noun + "s")
    return f"{count_words(count)}{' of' if count is None or math.isnan(count) else ''} {words}"


def sentence_case(text: str) -> str:
    """The text with a capital at its beginning; the rest as it is ("HAM-A" stays)."""
    return text[:1].upper() + text[1:]


def within_sentence(text: str) -> str:
    """The text with a small letter at its beginning, unless that begins an abbreviation: "practice", "BDI-II"."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def words_of(name: str) -> str:
    """A column or level as words: "ace_score" is "ACE score", "binge_eating" "binge eating"."""
    return " ".join("ACE" if part == "ace" else part for part in name.split("_"))


def join_words(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
