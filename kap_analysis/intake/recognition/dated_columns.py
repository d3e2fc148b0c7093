"""Columns of dates, and what they date."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from kap_analysis.intake.recognition.column_names import DATE_NAMES, FIRST_SESSION, instrument_in, visit_in
from kap_analysis.intake.recognition.guess import ANOTHER_DATE, Guess, share_of
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import (
    FIRST_YEAR,
    are_lost,
    date_order,
    has_offset,
    is_day_number,
    looks_like_date,
    plain_words,
    read_clock,
    read_date,
)

_BIRTH: Final = re.compile(
    r"((patient|pt|client) ?(s )?)?(dob|d o b|date of birth|birth ?(date|day|dt)|brth?dtc?|geburts(datum|tag))"
)
#: Names of times of day, in one word too (apptstarttime).
_BEGINS: Final = re.compile(r"start|begin|\bvon\b")
_A_TIME: Final = re.compile(r"time\b|uhrzeit|slot")
_ENDS: Final = re.compile(r"end|stop|until|finish|duration|dauer|elapsed|\bbis\b")
_OF_A_BIRTH: Final = f'dates before {FIRST_YEAR}, of births? Left out; is = "date_of_birth" makes an age of them'
TIME_ZERO: Final = "time_zero"


def births(table: SourceTable) -> Iterable[Guess]:
    for name in table.columns:
        if _BIRTH.fullmatch(plain_words(name)):
            yield date_guess(table, name, "date_of_birth", "its name; it becomes an age, over 89 pooled")


def date_guess(table: SourceTable, name: str, role: str, why: str, **said: object) -> Guess:
    texts = [t for t in pd.unique(table.cells[name]) if t]
    order, both = date_order(texts)
    asks = ""
    if order == "?":
        asks = f"month_first or day_first? {both:,} different {'date' if both == 1 else 'dates'} can be read both ways"
    if order:
        said = {**said, "order": order}
    return Guess(
        name, role, why + (", times in UTC" if has_offset(texts) else ""), said, asks, f"{len(texts):,} different"
    )


def dates(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    there = [name for name in table.columns if name not in taken and len(seen[name])]
    found = [name for name in there if share_of(seen[name].head(300), looks_like_date) > 0.8 or _numbers(name, seen)]
    lost = [name for name in found if are_lost(list(seen[name].index), len(table.lines))]
    for name in lost:
        yield Guess(name, "drop", "the same day of long ago in every row: this file has lost its dates")
    early = [name for name in found if name not in lost and share_of(seen[name].head(300), _is_early) > 0.5]
    for name in early:
        yield Guess(name, "drop", _OF_A_BIRTH, seen=f"{len(seen[name]):,} different")
    found = [name for name in found if name not in (*lost, *early)]
    if zero := _day_zero(table, found):
        yield date_guess(table, zero, "date", "dates, of the first ketamine session by its name", of=TIME_ZERO)
        found = [name for name in found if name != zero]
    groups: dict[str, list[str]] = {}
    for name in found:
        groups.setdefault(visit_in(plain_words(name))[1], []).append(name)
    for at, names in groups.items():
        yield from _of_one_visit(table, seen, at, names)


def times(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    """The time of day that a row began, in a column of its own beside a date that tells none."""
    dated = [name for name, guess in taken.items() if guess.role == "date"]
    clocks = [n for n in table.columns if n not in taken and share_of(seen[n].head(300), _is_clock) > 0.9]
    begin = next(iter(sorted((n for n in clocks if _clock_rank(n)), key=_clock_rank)), "")
    for name in clocks if dated else ():
        if name == begin and not any(":" in text for one in dated for text in seen[one].index):
            yield Guess(name, "time", "the time of day at which the row began", seen=f"{len(seen[name]):,} different")
        else:
            yield Guess(name, "drop", "another time of day", seen=f"{len(seen[name]):,} different")


def _clock_rank(name: str) -> int:
    """1: a time of day that begins, by its name; 2: one that may; 0: another."""
    words = plain_words(name)
    return 1 if _BEGINS.search(words) else 2 if _A_TIME.search(words) and not _ENDS.search(words) else 0


def _is_clock(text: str) -> bool:
    return read_clock(text) is not None


def _numbers(name: str, seen: Mapping[str, pd.Series]) -> bool:
    """Whether a column that is called a date holds bare numbers that are dates."""
    return DATE_NAMES.search(plain_words(name)) is not None and share_of(seen[name].head(300), is_day_number) > 0.8


def _day_zero(table: SourceTable, names: list[str]) -> str:
    """The column that dates the first ketamine session: by its name, or as the first and only one that is numbered."""
    visits = {visit_in(plain_words(name))[1] for name in table.columns}
    numbered = {at for at in visits if re.fullmatch(r"(?:sess|session)[ ]?\d+", at)}
    for name in names:
        words = plain_words(name)
        if FIRST_SESSION.fullmatch(words):
            return name
        rest, at, _ = visit_in(words)
        if at in numbered and len(numbered) == 1 and re.fullmatch(r"\D+0*1", at) and re.fullmatch(r"date|datum", rest):
            return name
    return ""


def _is_early(text: str) -> bool:
    moment = read_date(text, "month_first")
    return moment is not None and moment.year < FIRST_YEAR


def _of_one_visit(table: SourceTable, seen: Mapping[str, pd.Series], at: str, names: list[str]) -> Iterable[Guess]:
    """Dates of one visit or session (``at``), or of the whole row: one is taken for all that has none of its own."""
    said: dict[str, object] = {"at": at} if at else {}
    of = {name: _dated(visit_in(plain_words(name))[0]) for name in names}
    general = sorted((n for n in names if not of[n]), key=lambda n: _date_rank(plain_words(n)))
    for name in names:
        if of[name]:
            yield date_guess(table, name, "date", f"dates, of {of[name]} by its name", of=of[name], **said)
        elif name == general[0]:
            why = "dates" + (", chosen among several" if len(general) > 1 else "")
            yield date_guess(table, name, "date", why, **said)
        else:
            yield Guess(name, "drop", ANOTHER_DATE, seen=f"{len(seen[name]):,} different dates")


def _dated(words: str) -> str:
    rest = re.sub(r"\b(date|datum|dt)\b", "", words)
    if instrument := instrument_in(rest, whole=True) or instrument_in(rest):
        return instrument
    return "sessions" if re.search(r"\b(sess|session|treatment|dosing|infusion|ket|ketamine|sitzung)\b", words) else ""


def _date_rank(words: str) -> tuple[bool, bool, bool]:
    return (re.search(r"open|creat|birth|modif|enter|print|export", words) is not None,
            re.search(r"submit|complet|taken|administ|start|session", words) is None,
            DATE_NAMES.search(words) is None)  # fmt: skip
