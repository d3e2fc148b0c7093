"""The format of sessions where no column holds it: the type of a session says it, or the arm of a REDCap project."""

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.recognition.guess import Guess
from kap_analysis.intake.recognition.meanings import level_of
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import plain_words

_ROLE: Final = "sessions.format"
#: The column of events of a raw export, and of a labelled one.
_EVENT: Final = re.compile(r"(redcap )?event name")
#: The arm at the end of an event: baseline_arm_2 in a raw export, Baseline (Arm 2: Group) in a labelled one.
_ARM: Final = re.compile(r"_arm_(\d+)[a-z]?|\(arm (\d+)(?:: (.*))?\)", re.IGNORECASE)


def with_formats(table: SourceTable, guesses: list[Guess]) -> list[Guess]:
    """Add a guess of the format to the column of types or of events, where no column holds it."""
    if any(guess.role == _ROLE for guess in guesses):
        return guesses
    out = []
    for guess in guesses:
        out.append(guess)
        values = guess.said.get("values")
        if guess.role == "sessions.kind" and isinstance(values, Mapping):
            formats = {text: _format_of(text, kind) for text, kind in values.items()}
            asks = "individual or group? same: as in the patient's first ketamine session"
            why = "said by the type; same: as in the first"
            out.append(Guess(guess.column, _ROLE, why, {"values": formats}, asks if "?" in formats.values() else ""))
    return out if len(out) > len(guesses) else _with_arms(table, guesses)


def _format_of(text: str, kind: str) -> str:
    """The format that a type says; of a ketamine session that does not say it, the question."""
    return level_of(_ROLE, text) or ("?" if kind in ("ketamine", "?") else "same")


def _with_arms(table: SourceTable, guesses: list[Guess]) -> list[Guess]:
    """Formats of the events whose rows hold sessions, where a project has several arms."""
    name = next((c for c in table.columns if _EVENT.fullmatch(plain_words(table.names.get(c, c)))), "")
    events = sorted(text for text in pd.unique(table.cells[name]) if text) if name else []
    arms = {event: found for event in events if (found := _ARM.search(event))}
    if len({found[1] or found[2] for found in arms.values()}) < 2:
        return guesses
    held = _events_of_sessions(table, guesses, name)
    formats = {event: level_of(_ROLE, arms[event][3] or "") if event in arms else "" for event in events}
    if any(found[3] for found in arms.values()) and not any(formats.values()):
        return guesses
    values = {event: (formats[event] or "?") if event in held else "" for event in events}
    asks = 'individual or group, by its arm; if arms do not say it: "", and "sessions.format" in [table.fixed]'
    guess = Guess(name, _ROLE, "the arms of the project", {"values": values}, asks if "?" in values.values() else "")
    at = next(n for n, one in enumerate(guesses) if one.column == name)
    kept = [] if guesses[at].role == "drop" else [guesses[at]]
    return [*guesses[:at], *kept, guess, *guesses[at + 1 :]]


def _events_of_sessions(table: SourceTable, guesses: list[Guess], name: str) -> set[str]:
    """Events with rows that hold something of a session; all, where no column does."""
    columns = [g.column for g in guesses if g.role.startswith("sessions.") and g.role != "sessions.cohort_id"]
    columns += [g.column for g in guesses if g.role == "date" and g.said.get("of") == "sessions"]
    filled = np.logical_or.reduce([table.cells[column] != "" for column in columns]) if columns else slice(None)
    return set(table.cells[name][filled]) - {""}
