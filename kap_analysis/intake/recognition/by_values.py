"""Columns whose texts say what their names do not: kinds, formats and routes of sessions, sexes, diagnoses."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from kap_analysis.intake.recognition.guess import MOST_LEVELS, Guess
from kap_analysis.intake.recognition.listed_values import READERS_OF, with_levels
from kap_analysis.intake.recognition.meanings import diagnosis_of, kind_of, level_of
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import is_number

_ICD: Final = re.compile(r"[A-Z]\d\d(\.?\w{1,4})?")
#: Role -> what a text means.
_MEANINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "sessions.kind": kind_of,
    "sessions.format": lambda text: level_of("sessions.format", text),
    "sessions.status": lambda text: level_of("sessions.status", text),
    "sessions.route": lambda text: level_of("sessions.route", text),
    "patients.sex": lambda text: level_of("patients.sex", text),
    "diagnoses.diagnosis": lambda text: diagnosis_of(text) if _ICD.fullmatch(text) else "",
}
#: What a wrong value of would move day 0, or a patient to the other format: known where most texts are.
_TOLD_BY_MOST: Final = ("sessions.status", "sessions.format")
_OF_SESSIONS: Final = frozenset({"sessions.kind", "sessions.dose_mg", "sessions.route"})
#: Present and absent can be said of a symptom too.
_OF_APPOINTMENTS: Final = re.compile(r"cancel|show|schedul|abgesagt|storniert|erschienen", re.IGNORECASE)


def columns_by_values(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    """Columns that no name explains and whose texts all mean something in one closed list of the data dictionary.

    Words that a list of surnames holds too (Gruppe) may have been taken for names of persons: then the list counts.
    """
    used = {guess.role for guess in taken.values()}
    for name in table.columns:
        is_free = name not in taken or taken[name].why.startswith("values look like a person's name")
        if not is_free or not 0 < len(seen[name]) <= MOST_LEVELS:
            continue
        texts = [table.label_of(name, text) for text in seen[name].index]
        lists_sessions = bool(used & _OF_SESSIONS)
        role = role_of_texts(texts) or (_role_of_most(texts) if lists_sessions else "")
        if not role or role in used or (role == "sessions.status" and not lists_sessions):
            continue
        guess = READERS_OF.get(role, with_levels)(table, name, role, seen[name])
        if guess.role == role and (not guess.asks or role in _TOLD_BY_MOST):
            used.add(role)
            yield replace(guess, why="its values; check")


def role_of_texts(texts: Sequence[str]) -> str:
    """Return the role of a column whose texts all mean something in one list, or an empty text."""
    for role, meaning in _MEANINGS.items():
        means = {meaning(text) for text in texts}
        if "" not in means and _is_told_by(role, texts, means):
            return role
    return ""


def _is_told_by(role: str, texts: Sequence[str], means: set[str]) -> bool:
    if all(map(is_number, texts)):
        return False
    if role == "diagnoses.diagnosis":
        return bool(means - {"other"})  # P01 could be a code of ICD-10, and is the number of a patient
    if role == "sessions.status":
        return any(_OF_APPOINTMENTS.search(text) for text in texts)
    return "ketamine" in means if role == "sessions.kind" else role != "patients.sex" or len(means) > 1


def _role_of_most(texts: Sequence[str]) -> str:
    """The list of which most texts mean two things or more; the others are asked for."""
    for role in _TOLD_BY_MOST:
        means = [_MEANINGS[role](text) for text in texts]
        n_known = sum(map(bool, means))
        if 2 * n_known > len(texts) and len(set(means) - {""}) > 1 and _is_told_by(role, texts, set(means)):
            return role
    return ""
