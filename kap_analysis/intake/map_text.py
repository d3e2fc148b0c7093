"""The text of a drafted map: TOML with a reason behind each line, and what a person must decide."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.intake.identification.shown import shown_column
from kap_analysis.intake.mapping.map_manual import manual_lines
from kap_analysis.intake.patient_keys import key_of, spellings_of
from kap_analysis.intake.recognition.blank_ids import leaves_ids_blank
from kap_analysis.intake.recognition.drafted import (
    Drafted,
    dates_sessions,
    has_sessions,
    lists_sessions,
    times_sessions,
)
from kap_analysis.intake.recognition.guess import Guess, seen_values
from kap_analysis.intake.recognition.held_sessions import could_say_held, tells_what_was_given
from kap_analysis.intake.recognition.lowest_answers import find_lowest
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING, is_number, pattern
from kap_analysis.study.reading.spreadsheet_rows import SUMMARY

_INLINE: Final = 6
_HEAD: Final = """\
# Drafted by kap map. A line with "?" is open: put an answer in its place; what is asked stands behind "decide:".
# is = "drop" leaves a column out. What a column can be stands at the end of this file. Then:
#   kap import {source} --map THIS_FILE --out STUDY
# No value of a patient stands here, only patterns: 9 is a digit, A and a are letters.
"""
_NO_SESSIONS: Final = (
    '"?"  # decide: when was the first ketamine session of each patient? Nothing here says it, so nobody has a day 0. '
    "Put the list of appointments (patient, date, type) beside this export in one folder and run kap map on the "
    'folder; or give a column below is = "date", of = "time_zero", and write "stated" here'
)
_NO_KEY: Final = (
    '"?"  # decide: false leaves the table out; or take this line out, and give the column of the patient\'s key below '
    'is = "patient_id"'
)
_COHORTS: Final = "column: a column names them; slot: who sits in one group session; none"
_ASKED_COHORTS: Final = (
    'cohorts = "?"  # decide: no time of day is told. slot: all group patients of a practice on one day are one group; '
    "none: groups are not known; or column, and a column below is sessions.cohort_id"
)

_BLANK_IDS: Final = (
    'blank_ids = "?"  # decide: many rows have no id. above: it is the one above (an id stands in the first row of a '
    "patient alone); or leave_out"
)


def written_map(source: Path, drafts: list[Drafted], closed: Mapping[str, str]) -> str:
    """Write the map of some tables; ``closed`` says of files that hold no rows of patients why they stay closed."""
    own = [one for one in drafts if not one.like]
    lines = [_HEAD.format(source=source.name), *_study_lines(own)]
    for one in drafts:
        lines += ["", *_reading_lines(one), *([] if one.like else _column_blocks(one, own))]
    for name, why in closed.items():
        lines += ["", "[[table]]", f"file = {_toml(name)}", f"open = false  # {why}"]
    return "\n".join([*lines, "", *manual_lines()]) + "\n"


def _study_lines(drafts: list[Drafted]) -> list[str]:
    guesses = [guess for one in drafts for guess in one.guesses]
    primary = _primary_instrument(drafts)
    codes = _missing_codes(drafts)
    formats = [set(_values(g).values()) for g in guesses if g.role == "sessions.format"]
    could_be_groups = any({"group", "?"} & of for of in formats) or not formats
    cohort = any(g.role == "sessions.cohort_id" for g in guesses)
    rule = "column" if cohort else "slot" if could_be_groups and lists_sessions(drafts) else "none"
    asked = rule == "slot" and not times_sessions(drafts)
    told = ", ".join(f"{code} ({n:,})" for code, n in codes.most_common())
    zone = '""  # times are local'
    if any("UTC" in guess.why for guess in guesses):
        zone = '"?"  # decide: the practice\'s time zone, such as America/Denver; times are in UTC'
    ask = "  # decide: the instrument of the main question" if primary == "?" else ""
    return [
        "[study]",
        'title = "Our study"',
        f"primary_instrument = {_toml(primary)}{ask}",
        'primary_visit = "month 3"  # or month 1, month 2, month 6',
        'provenance = "real"',
        f"timezone = {zone}",
        *([] if has_sessions(drafts) else [f"time_zero = {_NO_SESSIONS}"]),
        _ASKED_COHORTS if asked else f'cohorts = "{rule}"  # {_COHORTS}',
        *_ids_lines(drafts),
        'duplicates = "stop"  # two scores for one patient, instrument and day: stop, first or last',
        f"missing = {_toml(list(codes))}" + (f"  # seen: {told}" if told else ""),
    ]


def _ids_lines(drafts: list[Drafted]) -> list[str]:
    """Ask whose they are, where ids differ in capitals or zeros alone."""
    texts = [seen_values(one.table, g.column).index for one in drafts for g in one.guesses if g.role == "patient_id"]
    keys = {key_of(text) for of in texts for text in of if not SUMMARY.fullmatch(text.rstrip(":"))}
    alike = sorted(spellings_of(keys).of.items())
    if not alike:
        return []
    one, other = alike[0]
    many = f"{len(alike):,} ids differ" if len(alike) > 1 else "1 id differs"
    shown = f"such as {pattern(other)} and {pattern(one)}"
    asks = f"{many} from another in capitals or zeros alone, {shown}: fold (both are one patient), or keep (two)"
    return [f'ids = "?"  # decide: {asks}']


def _values(guess: Guess) -> Mapping[str, str]:
    values = guess.said.get("values", {})
    return values if isinstance(values, Mapping) else {}


def _primary_instrument(drafts: list[Drafted]) -> str:
    counts: Counter[str] = Counter()
    for one in drafts:
        for guess in one.guesses:
            if guess.role in ("score", "item"):
                counts[str(guess.said.get("instrument", ""))] += 1 + (guess.role == "score")
            if guess.role == "instrument":
                texts = pd.Series(one.table.cells[guess.column]).value_counts()
                for text, name in _values(guess).items():
                    counts[name] += int(texts.get(text, 0))
    named = [name for name, _ in counts.most_common() if name not in ("", "?")]
    known = [name for name in named if get_instrument(name).role == "outcome"]
    return "BDI-II" if "BDI-II" in known else known[0] if known else "?"


def _missing_codes(drafts: list[Drafted]) -> Counter[str]:
    codes: Counter[str] = Counter()
    for one in drafts:
        for guess in one.guesses:
            if guess.role not in ("drop", "patient_id"):
                texts = pd.Series(one.table.cells[guess.column], dtype=object)
                counts = texts[texts != ""].value_counts()
                said = {str(t): int(n) for t, n in counts.items() if _is_code(str(t), guess.role)}
                codes.update({t: n for t, n in said.items() if guess.role != "day" or not is_number(t)})
    if not any("sessions.status" in one.roles() for one in drafts):
        codes.pop("none", None)
    return codes


def _is_code(text: str, role: str) -> bool:
    """Whether a text stands for a missing value; no score and no answer is below 0."""
    is_negative = re.fullmatch(r"-\d+", text) is not None and role in ("score", "item", "answer")
    return text.lower() in MISSING or is_negative


def _reading_lines(one: Drafted) -> list[str]:
    table = one.table
    lines = ["[[table]]", f"file = {_toml(table.file)}"]
    if table.sheet:
        lines.append(f"sheet = {_toml(table.sheet)}")
    lines += [f"{key} = {_toml(value)}" for key, value in table.reading.items()]
    comma = _decimal_comma(one)
    if comma or table.reading.get("delimiter") == ";":
        lines.append(f"decimal = {_toml(',' if comma else '.')}")
    if any(guess.role == "patient_id" and leaves_ids_blank(table, guess.column) for guess in one.guesses):
        lines.append(_BLANK_IDS)
    if one.like:
        lines.append(f"like = {_toml(one.like)}  # what differs stands in a [table.fixed] of its own")
    return [*lines, f"# {len(table.lines):,} rows" + (f"; {table.note}" if table.note else "")]


def _column_blocks(one: Drafted, drafts: list[Drafted]) -> list[str]:
    table, guesses = one.table, one.guesses
    lines = []
    if "patient_id" not in one.roles():
        lines.append('# no patient id was found here: give one column is = "patient_id", or the table is left out')
    if any(name.startswith("redcap_") for name in table.columns) and not table.labels:
        lines.append(
            "# a REDCap project without its data dictionary: put the dictionary (CSV) beside the export in one folder, "
            "and kap map takes names, choices and diagnoses from it"
        )
    if "patient_id" not in one.roles() and "?" not in one.roles() and one.roles() - {"drop"}:
        lines.append(f"open = {_NO_KEY}")
    lines += ["", "[table.columns]"]
    sections: list[str] = []
    for column in dict.fromkeys(guess.column for guess in guesses):
        line, listed = _column_lines(table, column, [guess for guess in guesses if guess.column == column])
        lines.append(line)
        sections += listed
    for block, of_table in (("fixed", _fixed_lines(one, drafts)), ("lowest", _lowest_lines(one))):
        sections += ["", f"[table.{block}]", *of_table] if of_table else []
    return [*lines, *sections]


def _column_lines(table: SourceTable, column: str, guesses: list[Guess]) -> tuple[str, list[str]]:
    """Return the line of a column, and the block of its values where they are many or open."""
    shown, sections = [], []
    for guess in guesses:
        said = dict(guess.said)
        said.pop("values", None)
        values = _values(guess)
        if values and len(values) <= _INLINE and "?" not in values.values() and len(guesses) == 1:
            said["values"] = values
        elif values:
            sections += _value_lines(table, column, guess, several=len(guesses) > 1)
        shown.append(_toml({"is": guess.role, **said}))
    entry = shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"
    first = guesses[0]
    why = "; ".join(filter(None, (first.why, first.seen)))
    asks = f"  # decide: {first.asks}" if first.asks and '"?"' in entry else ""
    return f"{_toml(column)} = {entry}{asks}  # {why}", sections


def _value_lines(table: SourceTable, column: str, guess: Guess, *, several: bool) -> list[str]:
    name = _toml(column) + (f".{_toml(guess.role)}" if several else "")
    labels = table.labels.get(table.names.get(column, column), {})
    lines = ["", f"[table.values.{name}]"]
    for text, value in _values(guess).items():
        note = f"  # {labels[text]}" if text in labels else ""
        note += f"  # decide: {guess.asks}" if value == "?" else ""
        lines.append(f"{_toml(text)} = {_toml(value)}{note}")
    return lines


def _fixed_lines(one: Drafted, drafts: list[Drafted]) -> list[str]:
    roles = one.roles()
    of_sessions = {"sessions.dose_mg", "sessions.route", "sessions.status", "sessions.kind"} & roles
    if not (dates_sessions(one.guesses) and of_sessions) or not {"patient_id", "?"} & roles:
        return []
    fixed = []
    if "sessions.kind" not in roles:
        fixed.append('"sessions.kind" = "ketamine"  # no column says it; check')
    if not any("sessions.format" in other.roles() for other in drafts):
        fixed.append('"sessions.format" = "?"  # decide: individual or group; no column says it')
    if "sessions.status" not in roles:
        fixed.append(_status_line(one))
    return fixed


def _status_line(one: Drafted) -> str:
    """Say that no column tells which sessions were held, or ask."""
    could = could_say_held(one.table, one.guesses)
    if not could and tells_what_was_given(one.table, one.guesses):
        return "# no column says which sessions were held; they tell what was given, so all count as attended"
    asks = "attended, if each row is a session that was held: no column says it; else take this line out, and give the "
    which = f", which may be {' or '.join(shown_column(one.table, name) for name in could)}" if could else ""
    return f'"sessions.status" = "?"  # decide: {asks}column that says it is = "sessions.status"{which}'


def _lowest_lines(one: Drafted) -> list[str]:
    """The number that stands for the lowest answer of each instrument to whose items nobody gave it."""
    found = find_lowest(one.table, one.guesses)
    return [f"{_toml(lowest.instrument)} = {_toml(lowest.number)}  # {lowest.why}" for lowest in found]


def _decimal_comma(one: Drafted) -> bool:
    placed = [g for g in one.guesses if g.role not in ("drop", "patient_id")]
    texts = [t for g in placed for t in pd.unique(one.table.cells[g.column])]
    return any(re.fullmatch(r"\d+,\d{1,2}", text) for text in texts)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return '"?"' if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else _toml(key)
