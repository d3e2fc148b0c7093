"""Columns whose texts say what their names do not: kinds, formats and routes of sessions, sexes, diagnoses."""

import re
from collections.abc import Callable, Iterable, Mapping
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
    "sessions.route": lambda text: level_of("sessions.route", text),
    "patients.sex": lambda text: level_of("patients.sex", text),
    "diagnoses.diagnosis": lambda text: diagnosis_of(text) if _ICD.fullmatch(text) else "",
}


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
        role = "" if all(map(is_number, texts)) else _role_of_texts(texts)
        if not role or role in used:
            continue
        guess = READERS_OF.get(role, with_levels)(table, name, role, seen[name])
        if guess.role == role and not guess.asks:
            used.add(role)
            yield replace(guess, why="its values; check")


def _role_of_texts(texts: list[str]) -> str:
    for role, meaning in _MEANINGS.items():
        means = {meaning(text) for text in texts}
        if "" not in means and (role != "sessions.kind" or "ketamine" in means) and (
            role != "patients.sex" or len(means) > 1
        ):  # fmt: skip
            return role
    return ""
