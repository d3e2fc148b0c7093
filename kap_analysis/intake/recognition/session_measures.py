"""Columns of measurements in sessions: blood pressure, pulse, oxygen, and scales that are filled in after the dose."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from kap_analysis.intake.recognition.column_names import instrument_in, visit_in
from kap_analysis.intake.recognition.guess import MOST_LEVELS, Guess, share_of, told
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import BLOOD_PRESSURE, is_number, plain_words

#: Scales of what happens during a session; others are outcomes between sessions.
_OF_SESSIONS: Final = ("CADSS", "MEQ-30")
_NAMES: Final = (
    ("sbp", r"sbp|sys|systolic( bp| blood pressure)?|(bp|blood pressure) (sys|systolic)|rr sys"),
    ("dbp", r"dbp|dia|diastolic( bp| blood pressure)?|(bp|blood pressure) (dia|diastolic)|rr dia"),
    (BLOOD_PRESSURE, r"bp|blood pressure|blutdruck"),
    ("hr", r"hr|heart ?rate|pulse( rate)?|puls|herzfrequenz"),
    ("spo2", r"sp ?o ?2|o2 ?sats?|oxygen( saturation)?|sauerstoff(sättigung)?|saturation"),
    ("respiratory_rate", r"resp(iratory)? rate|respirations?|atemfrequenz"),
    ("temperature", r"temp(erature)?( f| c)?|temperatur"),
    ("pain", r"pain( score| level| scale)?|schmerz"),
)
_BEFORE: Final = re.compile(r"\b(pre|before|baseline|start|initial|arrival|vor)( ?dose| ?dosing| ?session)?\b")
_AFTER: Final = re.compile(r"\b(post|after|peak|end|discharge|final|max|during|nach)( ?dose| ?dosing| ?session)?\b")
_MINUTE: Final = re.compile(r"\b(?:at |t ?\+? ?)?(\d{1,3}) ?(?:min|mins|minutes|minuten|m)\b")
_OF_VITALS: Final = re.compile(r"(measure|measurement|vital( sign)?s?|parameter|reading type)( name)?")
_VALUES: Final = re.compile(r"(value|reading|result|wert|measurement)")
_MINUTES: Final = re.compile(r"(minutes?|min|time point|timepoint)( (after|since|from|post) dos(e|ing))?")


def measure_in(words: str) -> str:
    """Return the measure that a name stands for (``bp systolic``: sbp), or an empty text."""
    return next((measure for measure, names in _NAMES if re.fullmatch(names, words)), "")


def measure_columns(
    table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess], *, of_sessions: bool
) -> Iterable[Guess]:
    """Say which columns hold measurements; those of one column each only where the rows are sessions."""
    named = next((name for name in table.columns if name not in taken and _names_vitals(name, seen[name])), "")
    if named:
        yield from _long(table, seen, taken, named)
    if of_sessions:
        for name in table.columns:
            if name not in taken and len(seen[name]) and (guess := _wide(name, seen[name])):
                yield guess


def _names_vitals(name: str, counts: pd.Series) -> bool:
    if not _OF_VITALS.fullmatch(plain_words(name)) or not 0 < len(counts) <= MOST_LEVELS:
        return False
    return any(measure_in(plain_words(str(text))) for text in counts.index)


def _long(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess], named: str) -> Iterable[Guess]:
    texts = sorted(map(str, seen[named].index))
    values = {text: measure_in(plain_words(text)) or instrument_in(text) or "?" for text in texts}
    asks = "what is measured: sbp, dbp, bp (120/80), hr, spo2, temperature, an instrument, or nothing"
    said = {"values": values}
    yield Guess(named, "session_measures.measure", "its values", said, asks if "?" in values.values() else "")
    for role, names in (("value", _VALUES), ("minute", _MINUTES)):
        fits = [n for n in table.columns if n not in (*taken, named) and names.fullmatch(plain_words(n))]
        if fits:
            yield Guess(fits[0], f"session_measures.{role}", "its name", seen=told(seen[fits[0]]))


def _wide(name: str, counts: pd.Series) -> Guess | None:
    words, at, _ = visit_in(plain_words(name))
    if at and not re.search(r"\d", at):  # "baseline" says when in the session, not which session
        words, at = plain_words(name), ""
    elif re.search(r"(min|mins|minutes|minuten|m)$", at) or re.fullmatch(r"t ?\d{2,3}", at):
        words, at = f"{words} {at.removeprefix('t').strip()}{'' if at.endswith(('m', 'n', 's')) else ' min'}", ""
    minute: int | str | None = None
    asks = ""
    if found := _MINUTE.search(words):
        minute, words = int(found[1]), _MINUTE.sub(" ", words)
    elif _BEFORE.search(words):
        minute, words = 0, _BEFORE.sub(" ", words)
    elif _AFTER.search(words):
        minute, words = "?", _AFTER.sub(" ", words)
        asks = "how many minutes after the dose, such as 40"
    words = " ".join(words.split())
    measure = measure_in(words) or _scale_in(words)
    if not measure or share_of(counts, _is_reading) < 0.8:
        return None
    said: dict[str, object] = {"measure": measure} | ({} if minute is None else {"minute": minute})
    if measure == "temperature" and (words.endswith(" f") or share_of(counts, _is_fahrenheit) > 0.8):
        said["unit"] = "F"
    return Guess(name, "measure", "its name", said | ({"at": at} if at else {}), asks, told(counts))


def _scale_in(words: str) -> str:
    stem = re.sub(r"\b(total|score|sum)\b", " ", words).strip()
    named = instrument_in(stem, whole=True)
    return named if named in _OF_SESSIONS else ""


def _is_reading(text: str) -> bool:
    return is_number(text) or re.match(r"\d{2,3}(\s*/\s*\d{2,3}|\s*(%|bpm|mm|°|/ ?min|F$|C$))", text) is not None


def _is_fahrenheit(text: str) -> bool:
    found = re.match(r"\d{2,3}(?:[.,]\d)?", text)
    return found is not None and 90 <= float(found[0].replace(",", ".")) <= 110
