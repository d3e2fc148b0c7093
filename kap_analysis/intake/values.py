"""Values of foreign files: dates in all notations, numbers, doses, weights, and the pattern of a value for messages."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

MISSING: Final = (
    "n/a", "n.a.", "none", "null", "nan", ".", "-", "--", "declined", "declined to answer", "refused", "unknown",
    "missing", "not applicable", "not answered", "not recorded", "not completed", "[not completed]", "no answer",
    "prefer not to answer", "prefer not to say", "don't know", "#n/a", "#null!", "-99", "-999", "999", "9999", "-9",
    "-88", "-77", "-98", "na",
    "ni", "inv", "unk", "nask", "asku", "nav", "navu", "msk",  # codes that REDCap proposes
)  # fmt: skip
_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {
    m: n for n, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_TIME: Final = r"(?:[T ,:]+(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_ISO: Final = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_NUMERIC: Final = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})[-/.](\d{{4}}|\d{{2}}){_TIME}")
_DAY_NAME: Final = re.compile(rf"(\d{{1,2}})\.?[ -]?([A-Za-z]{{3}})[A-Za-z]*\.?[ ,-]*(\d{{4}}|\d{{2}}){_TIME}")
#: Fri, Jan 5th: the weekday and the ending say nothing more.
_WEEKDAY: Final = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]* (?=\w)", re.IGNORECASE)
_ENDING: Final = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_COMPACT: Final = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_NAME_DAY: Final = re.compile(rf"([A-Za-z]{{3}})[A-Za-z]*\.? (\d{{1,2}}),? (\d{{4}}){_TIME}")
_NUMBER: Final = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}(\.\d{3})*\.\d\d0")
_MG: Final = re.compile(r"(\d[\d.,]*)\s*(?:mg|milligrams?)\b(?!\s*/)", re.IGNORECASE)
_MG_PER_KG: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*mg\s*(?:/|per)\s*kg", re.IGNORECASE)
#: 2 x 50 mg, 50+50 mg, 80-100 mg: no single amount.
_RECKONED: Final = re.compile(r"\d\s*(?:[-–+x×*/]|to|or)\s*\d", re.IGNORECASE)
_POUNDS: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:lb|lbs|pounds?)\b\.?", re.IGNORECASE)
_KILOGRAMS: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:kg|kilos?)?\.?", re.IGNORECASE)
#: Words of a name that stands for a total.
TOTAL_NAME: Final = re.compile(r"\b(total|score|sum|summe|summenscore|gesamt\w*)\b")
#: Stands for the number of an item where a row holds the total among the answers.
TOTAL_ITEM: Final = 0
#: Instrument -> the question after its items, how difficult the problems make daily life: no part of the score.
UNSCORED_ITEM: Final = {"PHQ-9": 10, "GAD-7": 8}
#: One cell that holds both pressures: 120/80.
BLOOD_PRESSURE: Final = "bp"
POUND: Final = 0.45359237
FIRST_YEAR: Final = 1990
_EXCEL_DAYS: Final = (32_874, 73_050)  # 1990 to 2099, counted from 1899-12-30


def read_date(text: str, order: str = "", zone: str = "") -> datetime | None:
    """Return a date (with its time, if any) on the local clock, or None where the text is no date.

    Parameters
    ----------
    order : {"", "month_first", "day_first"}
        How 01/02/2025 is read; without it such a text is no date. Dots are always day first, and a number above 12
        says itself which it is.
    zone : str
        Name of a time zone (America/Denver), for texts that end in Z or an offset.
    """
    found = _parts(text, order)
    if found is None:
        return None
    (year, month, day), clock = found
    year += 0 if year > 99 else 2000 if year < 70 else 1900
    hour, minute, half, offset = clock
    try:
        moment = datetime(year, month, day)
        if hour:
            number = int(hour) % 12 + (12 if half[0] in "Pp" else 0) if half else int(hour)
            moment = moment.replace(hour=number, minute=int(minute))
    except ValueError:
        return None
    if offset and zone:
        shift = timedelta(0) if offset == "Z" else _shift(offset)
        moment = moment.replace(tzinfo=timezone(shift)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return moment


def read_clock(text: str) -> timedelta | None:
    """Return a time of day (09:30:00, 9:30 AM) since midnight, or None where a text is none."""
    moment = read_date(f"2000-01-01 {text}") if ":" in text else None
    return moment - datetime(2000, 1, 1) if moment is not None else None


def _parts(text: str, order: str) -> tuple[tuple[int, int, int], tuple[str, ...]] | None:
    if found := _ISO.fullmatch(text):
        return (int(found[1]), int(found[2]), int(found[3])), found.groups(default="")[3:]
    if found := _NUMERIC.fullmatch(text):
        first, second = int(found[1]), int(found[3])
        said = "day_first" if found[2] == "." else order or ("day_first" if first > 12 else "")
        if not said and (second > 12 or first == second):
            said = "month_first"
        if not said:
            return None
        month, day = (second, first) if said == "day_first" else (first, second)
        return (int(found[4]), month, day), found.groups(default="")[4:]
    text = _ENDING.sub("", _WEEKDAY.sub("", text, count=1))
    if found := _DAY_NAME.fullmatch(text):
        month = _MONTHS.get(found[2].lower(), 0)
        return ((int(found[3]), month, int(found[1])), found.groups(default="")[3:]) if month else None
    if found := _NAME_DAY.fullmatch(text):
        month = _MONTHS.get(found[1].lower(), 0)
        return ((int(found[3]), month, int(found[2])), found.groups(default="")[3:]) if month else None
    if found := _COMPACT.fullmatch(text):
        return (int(found[1]), int(found[2]), int(found[3])), ("", "", "", "")
    if text.isdecimal() and _EXCEL_DAYS[0] <= int(text) < _EXCEL_DAYS[1]:
        moment = datetime(1899, 12, 30) + timedelta(days=int(text))
        return (moment.year, moment.month, moment.day), ("", "", "", "")
    return None


def _shift(offset: str) -> timedelta:
    sign = -1 if offset[0] == "-" else 1
    return sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))


def looks_like_date(text: str) -> bool:
    """Whether a text is a date in some notation (a bare number is none)."""
    return not text.isdecimal() and any(read_date(text, order) is not None for order in ("month_first", "day_first"))


def is_day_number(text: str) -> bool:
    """Whether a text is a bare number that can be a date: 45323 as spreadsheets count days, or 20240201."""
    return text.isdecimal() and read_date(text) is not None


def date_order(texts: Sequence[str]) -> tuple[str, int]:
    """Return how the dates of a column are ordered, and how many of them could be read both ways.

    ``month_first`` or ``day_first`` where some dates can only be read so; empty where each date can be read in one way
    only; ``?`` where all can be read both ways, or others only this way and others only that way.
    """
    found = [m for text in texts if (m := _NUMERIC.fullmatch(text)) and m[2] != "."]
    first = any(int(m[1]) > 12 for m in found)
    second = any(int(m[3]) > 12 for m in found)
    both = sum(int(m[1]) <= 12 and int(m[3]) <= 12 and m[1] != m[3] for m in found)
    if not both and first == second:
        return "", 0
    return ("?" if first == second else "day_first" if first else "month_first"), both


def are_lost(texts: Sequence[str], n: int) -> bool:
    """Whether a column of ``n`` rows says one day of long ago (1970-01-01) in all: its file has lost the dates."""
    moment = read_date(texts[0]) if len(texts) == 1 else None
    return n > 1 and moment is not None and moment.year < FIRST_YEAR


def has_offset(texts: Sequence[str]) -> bool:
    """Whether times of a column are in UTC or carry an offset."""
    return any(re.search(r":\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$", text) for text in texts)


def read_number(text: str, decimal: str = ".") -> float:
    """Return a number, or NaN; with ``decimal = ","`` 1.234,5 is 1234.5 and 1.000 is 1000.

    A number of a workbook has a point whatever the texts beside it have, and no zero at its end: 12.125 stays so.
    """
    plain = text
    if decimal == "," and ("," in text or _THOUSANDS.fullmatch(text)):
        plain = text.replace(".", "").replace(",", ".")
    return float(plain) if _NUMBER.fullmatch(plain) else float("nan")


def read_item_number(text: str) -> int | None:
    """Return the last number of a name (PHQ-9 Q3: 3), or `TOTAL_ITEM` where a word says that it is the total."""
    if TOTAL_NAME.search(plain_words(text)):
        return TOTAL_ITEM
    digits = "".join(c if c.isdecimal() else " " for c in text).split()
    return int(digits[-1]) if digits and len(digits[-1]) < 4 else None


def is_number(text: str) -> bool:
    """Whether a text is a number, with a point or a comma as its decimal sign."""
    return read_number(text, ",") == read_number(text, ",")


def read_dose(text: str, decimal: str = ".", weight: float = float("nan")) -> float:
    """Return milligrams: of "1.0 mg/kg (80 mg)" the 80, of "1 mg/kg" the product with the weight; else NaN.

    What names no amount or several (2 x 50 mg, 80-100 mg, 80 mg + 20 mg) is NaN.
    """
    if _RECKONED.search(text):
        return float("nan")
    amounts = _MG.findall(text)
    if amounts:
        return _amount(amounts[0], decimal) if len(amounts) == 1 else float("nan")
    per_kg = _MG_PER_KG.findall(text)
    if per_kg:
        return round(_amount(per_kg[0], decimal) * weight, 2) if len(per_kg) == 1 else float("nan")
    return read_number(text, decimal)


def names_amount(text: str) -> bool:
    """Whether a text holds an amount with its unit: 60 mg SL."""
    return _MG.search(text) is not None or _MG_PER_KG.search(text) is not None


def without_amounts(text: str) -> str:
    """Return what a text says beside an amount: of 60mg SL and of 1.0 mg/kg (80 mg) SL the SL; of 60 nothing."""
    rest = re.sub(r"[-+x×*/()\d.,;]+", " ", _MG.sub(" ", _MG_PER_KG.sub(" ", text)))
    return " ".join(rest.split())


def is_per_kilogram(text: str) -> bool:
    """Whether a dose is told per kilogram of body weight only."""
    return read_dose(text) != read_dose(text) and read_dose(text, weight=1.0) == read_dose(text, weight=1.0)


def _amount(digits: str, decimal: str) -> float:
    """Return a number beside its unit: 80,5 is 80.5 in any file, 1,000 is a thousand where the decimal is a point."""
    plain = digits.rstrip(".,")
    if decimal == "." and re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain):
        return float(plain.replace(",", ""))
    return read_number(plain, "," if "," in plain else decimal)


def read_weight(text: str, unit: str = "kg") -> float:
    """Return kilograms; pounds where the text or ``unit`` says so."""
    if found := _POUNDS.fullmatch(text):
        return round(float(found[1].replace(",", ".")) * POUND, 1)
    if found := _KILOGRAMS.fullmatch(text):
        number = float(found[1].replace(",", "."))
        return round(number * POUND, 1) if unit == "lb" and "k" not in text.lower() else number
    return float("nan")


def plain_words(name: str) -> str:
    """Return a name in lower case, camel case and signs made spaces."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return re.sub(r"[^a-z0-9äöüß]+", " ", spaced.lower()).strip()


def pattern(text: str) -> str:
    """Return the pattern of a value, which says nothing of whom it is: ``99/99/9999``, ``Aaaa Aaaa``."""
    drawn = "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in text)
    return drawn if len(drawn) <= 24 else f"{drawn[:24]}… ({len(drawn)} characters)"


def on_distinct(values: np.ndarray, read: Callable[[Any], Any], missing: Any = None) -> np.ndarray:
    """Apply a function of one value to every distinct value of a column, and spread the answers over the rows."""
    codes, distinct = pd.factorize(values)
    answers = np.empty(len(distinct) + 1, dtype=object)
    answers[:] = [*(read(value) for value in distinct), missing]
    return answers[codes]
