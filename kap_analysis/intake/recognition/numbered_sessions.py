"""Sessions side by side in one row: Date 1, Dose 1 (mg), Date 2, Dose 2 (mg); or Session 1 date, Session 1 dose."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import pandas as pd

from kap_analysis.intake.recognition.dated_columns import date_guess
from kap_analysis.intake.recognition.guess import Guess, share_of, told
from kap_analysis.intake.recognition.listed_values import READERS_OF, with_levels
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import looks_like_date, plain_words

_SESSION: Final = r"(?:session|sess|dose|dosing|infusion|treatment|tx|ketamine|ket|kap|sitzung|behandlung)"
#: Session 1 dose: the session first. Dose 1 (mg), Date of session 1: what it is first.
_SESSION_FIRST: Final = re.compile(rf"{_SESSION} ?0*(\d{{1,2}}) (?!mg)(.+)")
_THING_FIRST: Final = re.compile(rf"(.+?)(?: (?:of |der )?{_SESSION})? ?0*(\d{{1,2}})( mg(?: (?:per )?kg)?)?")
_DATE: Final = re.compile(rf"(?:{_SESSION} )?(?:date|datum)")
_DOSE: Final = "sessions.dose_mg"
_GIVEN: Final = frozenset({_DOSE, "sessions.route"})


def sessions_side_by_side(
    table: SourceTable,
    seen: Mapping[str, pd.Series],
    taken: Mapping[str, Guess],
    role_of: Callable[[str], tuple[str, str]],
) -> Iterable[Guess]:
    """Columns of sessions that are numbered, where one of them has a date and something that was given.

    A column of a session that no column dates is left out, and says so. Where none is dated, doses with a number may be
    amounts of one session: that is asked.
    """
    found = {name: _thing_of(table, name, role_of) for name in table.columns if name not in taken and len(seen[name])}
    roles: dict[int, set[str]] = {}
    for number, role in found.values():
        roles.setdefault(number, set()).add(role)
    dated = {number for number, of in roles.items() if number and "date" in of}
    if not any(roles[number] & _GIVEN for number in dated):
        yield from _of_one_session(seen, [name for name, (_, role) in found.items() if role == _DOSE])
        return
    for name, (number, role) in found.items():
        at = f"session {number}"
        if number in dated and role == "date":
            yield date_guess(table, name, "date", "dates, of a session by its number", of="sessions", at=at)
        elif number in dated and role:
            guess = READERS_OF.get(role, with_levels)(table, name, role, seen[name])
            yield Guess(name, guess.role, guess.why, {**guess.said, "at": at}, guess.asks, guess.seen)
        elif role in _GIVEN:
            yield Guess(name, "drop", f"{at}, of which no column is the date", seen=told(seen[name]))


def _of_one_session(seen: Mapping[str, pd.Series], doses: list[str]) -> Iterable[Guess]:
    """Amounts with a number and no dates of their own: the first may be that of the row's session."""
    for at, name in enumerate(doses):
        why = "a dose with a number, and no date of its own" + ("; amounts are not added" if len(doses) > 1 else "")
        asks = f'"{_DOSE}" if it is what was given in the session of the row, else "drop"'
        yield Guess(name, "drop" if at else "?", why, asks="" if at else asks, seen=told(seen[name]))


def _thing_of(table: SourceTable, name: str, role_of: Callable[[str], tuple[str, str]]) -> tuple[int, str]:
    """The number of a session, and the role of its column; 0 and nothing where the name has no number."""
    words = plain_words(name)
    if first := _SESSION_FIRST.fullmatch(words):
        number, thing = int(first[1]), first[2]
    elif second := _THING_FIRST.fullmatch(words):
        number, thing = int(second[2]), second[1] + (second[3] or "")
    else:
        return 0, ""
    if _DATE.fullmatch(thing):
        texts = pd.Series(table.cells[name]).value_counts().drop("", errors="ignore")
        return number, "date" if share_of(texts.head(300), looks_like_date) > 0.8 else ""
    role = role_of(thing)[0]
    role = "sessions.format" if role == "format" else role
    return (number, role) if role.startswith("sessions.") else (0, "")
