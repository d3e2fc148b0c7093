"""Columns whose texts are listed in the map, each with its meaning or with a question."""

import re
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.recognition.column_names import ASKED, instrument_in, visit_in
from kap_analysis.intake.recognition.guess import MOST_LEVELS, Guess, told
from kap_analysis.intake.recognition.meanings import diagnosis_of, kind_of, level_of, yes_or_no
from kap_analysis.intake.recognition.questionnaires import answer_values, asked_instrument, labelled_points
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING, is_number, plain_words, read_item_number, read_number, without_amounts
from kap_analysis.study.contract.dictionary import TABLES

#: What REDCap adds to an event: its arm.
_ARM: Final = re.compile(r"_arm_\d+[a-z]?$| \(arm \d+.*\)$", re.IGNORECASE)
DIAGNOSES: Final = ", ".join(TABLES["diagnoses"].columns["diagnosis"].level_names)
#: A median weight above it is one of heavy patients, or in pounds.
_MOST_KILOGRAMS: Final = 105
#: A median dose below it is one of very small doses, or per kilogram.
_LEAST_MILLIGRAMS: Final = 5
#: What a yes says of an appointment in a column of a name that says it was not held; in others it was attended.
_YES_IS: Final = (
    ("no_show", re.compile(r"\b(no ?shows?|missed|nicht erschienen)\b")),
    ("cancelled", re.compile(r"\b(cancel\w*|abgesagt|storniert)\b")),
)
#: What else a text of a column may be, where that is not only nothing.
_OTHERWISE: Final = {
    "sessions.status": 'drop (an appointment that is not held yet, or no session), or "" (not known: it counts as held)'
}


def _values(table: SourceTable, name: str, counts: pd.Series, known: object) -> tuple[dict[str, str], str]:
    """Return text -> value for the texts of a column, ? where nothing is known, and what then is asked."""
    values = {text: str(known(table.label_of(name, text)) or "?") for text in sorted(counts.index)}  # type: ignore[operator]
    return values, "the value of each ?" if "?" in values.values() else ""


def with_levels(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    seen = told(counts)
    if "." not in role:
        return Guess(name, role, "its name", seen=seen)
    column, field_name = role.split(".", 1)
    spec = TABLES[column].columns[field_name]
    if not spec.level_names:
        return Guess(name, role, "its name", seen=seen)
    if len(counts) > MOST_LEVELS:
        return Guess(name, "drop", f"its name is that of {role}, but {len(counts):,} different texts", seen=seen)
    telling = [*counts.index, *_telling(table, name, role)]
    values, asks = _values(table, name, pd.Series(0, index=telling), lambda text: level_of(role, text))
    if asks:
        asks = f"{asks}: {', '.join(spec.level_names[:12])}, {_OTHERWISE.get(role, 'or nothing')}"
    return Guess(name, role, "its name", {"values": values}, asks, seen)


def _telling(table: SourceTable, name: str, role: str) -> list[str]:
    """Words that elsewhere stand for a missing value and here say something: a consent that is declined is none, and an
    appointment that was declined or not completed may not count as held.
    """
    missing = [t for t in pd.unique(table.cells[name]) if t.lower() in MISSING and not is_number(t)]
    words = [t for t in missing if len(plain_words(t)) > len("n a")] if role == "sessions.status" else []
    return [text for text in missing if level_of(role, text) or text in words]


def _status(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    """Words of a status; or yes and no, which the name of the column gives their sense (No show: yes)."""
    guess = with_levels(table, name, role, counts)
    said = {text: yes_or_no(table.label_of(name, text)) for text in counts.index}
    words = plain_words(name)
    if guess.role != role or not all(said.values()) or words.endswith("status"):
        return guess
    of_yes = next((level for level, fits in _YES_IS if fits.search(words)), "attended")
    means = {"yes": of_yes, "no": "?" if of_yes == "attended" else "attended"}
    values = {text: means[answer] for text, answer in sorted(said.items())}
    asks = "no_show or cancelled" if "?" in values.values() else ""
    return Guess(name, role, "its name", {"values": values}, asks, told(counts))


def _kind(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS:
        return Guess(
            name, "drop", f"its name is that of {role}, but {len(counts):,} different texts", seen=told(counts)
        )
    values, asks = _values(table, name, counts, kind_of)
    return Guess(
        name,
        role,
        "its name",
        {"values": values},
        f"{asks}: preparation, ketamine, integration, or nothing" if asks else "",
        told(counts),
    )


def _format(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS:
        return Guess(name, "drop", f"{len(counts):,} different texts", seen=told(counts))
    values, asks = _values(table, name, counts, lambda text: level_of("sessions.format", text))
    return Guess(
        name,
        "sessions.format",
        "its name",
        {"values": values},
        f"{asks}: individual, group" if asks else "",
        told(counts),
    )


def _survey(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    named = [instrument_in(table.label_of(name, text)) for text in counts.index]
    if len(counts) > MOST_LEVELS or not any(named):
        return Guess(name, "drop", "no instrument of the registry in it", seen=told(counts))
    values, asks = _values(
        table, name, counts, lambda text: "" if instrument_in(text) in ASKED else instrument_in(text)
    )
    either = next(filter(None, map(asked_instrument, named)), "an instrument, or nothing")
    return Guess(
        name,
        role,
        "its values name instruments",
        {"values": values},
        f"{asks}: {either}" if asks else "",
        told(counts),
    )


def _answers(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    words = [t for t in counts.index if not is_number(t)]
    if not words:
        points = labelled_points(table, name, counts.index)
        said = {"values": points} if points else {}
        return Guess(name, role, "its labels say the points" if points else "its name", said, seen=told(counts))
    known = answer_values(words)
    if len(words) > MOST_LEVELS or not known:
        return Guess(name, "drop", "texts that are no answers of a known scale", seen=told(counts))
    values = {text: known.get(text, "?") for text in sorted(words)}
    return Guess(
        name,
        role,
        "its name",
        {"values": values},
        "the points of each answer" if "?" in values.values() else "",
        told(counts),
    )


def _item_numbers(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    """The numbers of items, as they are or as the labels of codes say them."""
    labels = table.labels.get(name, {})
    numbers = {code: read_item_number(label) for code, label in labels.items()}
    others = {code: str(number) for code, number in numbers.items() if number is not None and str(number) != code}
    return Guess(name, role, "its name", {"values": others} if others else {}, seen=told(counts))


def _practice(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS:
        return Guess(name, "drop", f"{len(counts):,} different texts", seen=told(counts))
    letters = [chr(65 + n % 26) + (str(n // 26) if n > 25 else "") for n in range(len(counts))]
    values = dict(zip(sorted(counts.index), letters, strict=True))
    return Guess(name, role, "its name", {"values": values}, seen=told(counts))


def _diagnosis(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > 5 * MOST_LEVELS:
        return Guess(name, "drop", f"{len(counts):,} different texts", seen=told(counts))
    values, asks = _values(table, name, counts, diagnosis_of)
    return Guess(
        name,
        role,
        "ICD-10 codes or names",
        {"values": values},
        f"{asks}: {DIAGNOSES}, or nothing" if asks else "",
        told(counts),
    )


def _weight(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    """Weights in kilograms or pounds: by the name, else by the size of the numbers that have no unit, or asked."""
    words = plain_words(name)
    bare = [read_number(text, ",") for text in counts.index if is_number(text)]
    said: dict[str, object] = {}
    asks = ""
    if re.search(r"\b(lbs?|pounds?)\b", words):
        said = {"unit": "lb"}
    elif bare and not re.search(r"\b(kg|kilos?|gewicht)\b", words) and float(np.median(bare)) > _MOST_KILOGRAMS:
        said, asks = {"unit": "?"}, "kg or lb? The numbers have no unit, and half of them are large for kg"
    return Guess(name, role, "its name", said, asks, told(counts))


def _dose(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    """Doses in mg or per kilogram: by the name, or asked where the numbers are small for mg."""
    bare = [read_number(text, ",") for text in counts.index if is_number(text)]
    said: dict[str, object] = {}
    asks = ""
    if re.search(r"\bmg (per )?kg\b", plain_words(name)):
        said = {"unit": "mg/kg"}
    elif bare and float(np.median(bare)) < _LEAST_MILLIGRAMS:
        said, asks = {"unit": "?"}, "mg or mg/kg? The numbers have no unit, and half of them are small for mg"
    return Guess(name, role, "its name", said, asks, told(counts))


def _route(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    """Routes; what is told beside an amount is listed once, whatever the amount."""
    if table.labels.get(name):
        return with_levels(table, name, role, counts)
    words = [without_amounts(text) or text for text in counts.index]
    return with_levels(table, name, role, counts.groupby(words).sum())


def _days(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    """A column of days; a number that is often a code for missing is asked for, unless days near it are there too."""
    texts = [text for text in pd.unique(table.cells[name]) if text and is_number(text)]
    days = [read_number(text, ",") for text in texts if text not in MISSING]
    first = min(days, default=0.0)
    codes = {text: "?" for text in sorted(texts) if text in MISSING and not first <= read_number(text) < 999}
    said = {"values": codes} if codes else {}
    asks = 'the day itself, or "" if it stands for a missing one' if codes else ""
    return Guess(name, role, "its name", said, asks, told(counts))


def _visit_days(table: SourceTable, name: str, role: str, counts: pd.Series) -> Guess:
    if len(counts) > MOST_LEVELS:
        if not all(map(is_number, counts.index)):
            return Guess(name, "drop", "too many different texts for visits", seen=told(counts))
        asks = (
            "no date can be read here. Export the file again with its dates; or list the days of a patient's "
            "first, second, ... row of one instrument, such as [-7, 30, 60, 90] (wrong after a missed visit)"
        )
        return Guess(name, "day", "a running number", {"nth": "?"}, asks, told(counts))

    def day(text: str) -> str:
        found = visit_in(f"x {plain_words(re.sub(_ARM, '', table.label_of(name, text)))}")[2]
        return "" if found is None else str(found)

    values, _ = _values(table, name, counts, day)
    return Guess(
        name, "day", "visits", {"values": values}, "the study day of each visit (baseline: 0 or earlier)", told(counts)
    )


READERS_OF: Final = {
    "sessions.kind": _kind,
    "format": _format,
    "sessions.format": _format,
    "instrument": _survey,
    "answer": _answers,
    "item_number": _item_numbers,
    "patients.practice": _practice,
    "diagnoses.diagnosis": _diagnosis,
    "visit": _visit_days,
    "day": _days,
    "sessions.weight_kg": _weight,
    "sessions.dose_mg": _dose,
    "sessions.route": _route,
    "sessions.status": _status,
}
