"""Texts that a map does not repeat, because they could tell of whom they are: names in few rows, numbers in any."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.identification.columns import holds_identifier
from kap_analysis.intake.identification.shown import could_identify
from kap_analysis.intake.recognition.column_names import instrument_in
from kap_analysis.intake.recognition.guess import LEAST_SHOWN, Guess
from kap_analysis.intake.recognition.meanings import diagnosis_of, kind_of, level_of
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.identifiers import identifier_kinds

_ROWS_TOLD: Final = 5


def without_withheld(table: SourceTable, guess: Guess) -> Guess:
    """Take the texts that could tell of whom they are out of the values of a guess, and say in which rows they stand.

    A column in which most texts are such is dropped.
    """
    values = guess.said.get("values")
    if not isinstance(values, dict) or not values:
        return guess
    counts = pd.Series(table.cells[guess.column], dtype=object).value_counts()
    labels = table.labels.get(guess.column, {})
    means = _meaning_in(guess.role)
    taken = {
        text: value
        for text, value in values.items()
        if not _is_withheld(labels.get(text, text), counts.get(text, 0), means)
    }
    if len(taken) == len(values):
        return guess
    if 2 * len(taken) < len(values):
        return Guess(guess.column, "drop", "texts that could tell of whom they are", seen=f"{len(values):,} different")
    rows = table.lines[np.isin(table.cells[guess.column], [text for text in values if text not in taken])]
    more = f" and {len(rows) - _ROWS_TOLD:,} more" if len(rows) > _ROWS_TOLD else ""
    where = f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:_ROWS_TOLD]))}{more}"
    asks = guess.asks if "?" in taken.values() else ""
    why = f"{guess.why}; a text that could name a person is not repeated here"
    why += f" ({where})" if len(rows) else ""
    return replace(guess, said={**guess.said, "values": taken}, asks=asks, why=why)


def _is_withheld(text: str, n_rows: int, means: Callable[[str], str]) -> bool:
    """Whether a text holds a number or an address of a person, or stands in few rows and could name one.

    Of a text that means something (KAP Group) the words that mean nothing are looked at, if they are two or more.
    """
    if identifier_kinds([text], "plain")[0] or holds_identifier(text):
        return True
    rest = [text]
    if means(text):
        rest = [word for word in text.split() if not means(word)]
        rest = [" ".join(rest)] if len(rest) > 1 else []
    return n_rows < LEAST_SHOWN and any(map(could_identify, rest))


def _meaning_in(role: str) -> Callable[[str], str]:
    """Return what a text means in a column of some role; an empty text where it means nothing."""
    if role == "sessions.kind":
        return lambda text: kind_of(text) or level_of("sessions.format", text)
    if role == "instrument":
        return instrument_in
    if role == "diagnoses.diagnosis":
        return diagnosis_of
    table, _, column = role.partition(".")
    has_levels = column and TABLES[table].columns[column].level_names
    return (lambda text: level_of(role, text)) if has_levels else (lambda text: "")
