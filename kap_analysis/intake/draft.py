"""`draft_map`: the map of an export, drafted from what its columns look like."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from kap_analysis.errors import IntakeError
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.intake.recognition import Guess, format_of, recognise
from kap_analysis.intake.source import files_of, open_file
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING

Progress = Callable[[int, int, str], None]
_NEVER_OPENED: Final = re.compile(r"note|message|letter|document|chat|email", re.IGNORECASE)
_SYNCED: Final = re.compile(r"onedrive|dropbox|icloud|mobile documents|google ?drive|my drive", re.IGNORECASE)
_DICTIONARY: Final = "Variable / Field Name"
_INLINE: Final = 6
_HEAD: Final = """\
# Drafted by kap map. A line with "?" is open: put an answer in its place; what is asked stands behind "decide:".
# is = "drop" leaves a column out. Every role is explained in docs/import.md. Then:
#   kap import {source} --map {name} --out STUDY
# No value of a patient stands here, only patterns: 9 is a digit, A and a are letters.
"""


@dataclass(frozen=True)
class MapDraft:
    """A drafted map.

    Attributes
    ----------
    text : str
        The map, as TOML with comments.
    columns : pandas.DataFrame
        One row per column of the export: ``file``, ``sheet``, ``column``, ``role``, ``why``, ``decide``.
    paragraph : str
        How much was recognised and how much is to be decided, in plain English.
    """

    text: str
    columns: pd.DataFrame
    paragraph: str

    @property
    def n_open(self) -> int:
        """How many lines a person must fill in."""
        return sum('"?"' in line.split("#")[0] for line in self.text.splitlines())


def draft_map(source: str | Path, *, progress: Progress | None = None) -> MapDraft:
    """Look at an export and draft its map.

    Parameters
    ----------
    source : str or Path
        A file (CSV, workbook, SPSS, Stata, SAS, Parquet), or a folder of such files. It is only read.
    progress : callable, optional
        Called with files read, files, and the name of the file.

    Returns
    -------
    MapDraft

    Raises
    ------
    IntakeError
        If there is nothing to read, or a file cannot be opened.
    """
    folder, files = files_of(source)
    tables: list[SourceTable] = []
    closed = []
    for done, file in enumerate(files):
        if progress is not None:
            progress(done, len(files), file.name)
        if len(files) > 1 and _NEVER_OPENED.search(file.stem):
            closed.append(file.name)
        else:
            tables += open_file(file, file.name)
    tables = with_dictionary(tables)
    drafts = [(table, _with_formats(recognise(table))) for table in tables if len(table.columns)]
    if not drafts:
        raise IntakeError(f"Found no table in {Path(source).name}; expected a header and rows.")
    text = _text(Path(source), drafts, closed)
    columns = pd.DataFrame(
        [
            {"file": t.file, "sheet": t.sheet, "column": g.column, "role": g.role, "why": g.why, "decide": g.asks}
            for t, guesses in drafts
            for g in guesses
        ]
    ).drop_duplicates(["file", "sheet", "column"], ignore_index=True)
    draft = MapDraft(text, columns, "")
    placed = int((columns["role"] != "drop").sum())
    where = f"{len(drafts)} table{'s' if len(drafts) != 1 else ''}"
    paragraph = (
        f"{where}, {len(columns):,} columns: {placed:,} recognised, {len(columns) - placed:,} dropped; "
        f"{draft.n_open:,} line{'s' if draft.n_open != 1 else ''} to fill in."
    )
    if _SYNCED.search(str(folder.resolve())):
        paragraph += " The export lies in a folder that is copied to a cloud service; patient files should not."
    return MapDraft(text, columns, paragraph)


def with_dictionary(tables: list[SourceTable]) -> list[SourceTable]:
    """Take the data dictionary of REDCap out of the tables, and give the others its labels."""
    dictionaries = [t for t in tables if _DICTIONARY in t.columns]
    if not dictionaries:
        return tables
    labels: dict[str, dict[str, str]] = {}
    headings: dict[str, str] = {}
    for table in dictionaries:
        choices = next((c for c in table.columns if c.startswith("Choices")), "")
        for row, name in enumerate(table.cells[_DICTIONARY]):
            said = table.cells[choices][row] if choices else ""
            pairs = [part.split(",", 1) for part in said.split("|") if "," in part]
            coded = {code.strip(): label.strip() for code, label in pairs}
            labels[name] = coded
            headings |= {f"{name}___{code.lower()}": f"(choice={label})" for code, label in coded.items()}
    return [
        SourceTable(t.file, t.sheet, t.cells, t.lines, t.reading, {**t.headings, **headings}, {**t.labels, **labels})
        for t in tables
        if _DICTIONARY not in t.columns
    ]


def _with_formats(guesses: list[Guess]) -> list[Guess]:
    """Where no column holds the format, the types of the sessions may say it."""
    if any(guess.role == "sessions.format" for guess in guesses):
        return guesses
    out = []
    for guess in guesses:
        out.append(guess)
        values = guess.said.get("values")
        if guess.role == "sessions.kind" and isinstance(values, Mapping):
            formats = {text: format_of(text) for text in values}
            asks = ""
            if not set(formats.values()) - {"same"}:
                formats = {text: "?" if kind in ("ketamine", "?") else "same" for text, kind in values.items()}
                asks = "individual or group? same: as in the patient's first ketamine session"
            out.append(Guess(guess.column, "sessions.format", "said by the type; same: as in the first",
                             {"values": formats}, asks))  # fmt: skip
    return out


def _text(source: Path, drafts: list[tuple[SourceTable, list[Guess]]], closed: list[str]) -> str:
    lines = [_HEAD.format(source=source.name, name="map.toml"), *_study_lines(drafts)]
    for table, guesses in drafts:
        lines += ["", *_table_lines(table, guesses, drafts)]
    for name in closed:
        lines += [
            "",
            "[[table]]",
            f"file = {_toml(name)}",
            "open = false  # by its name it holds free text; it was not opened",
        ]
    return "\n".join(lines) + "\n"


def _study_lines(drafts: list[tuple[SourceTable, list[Guess]]]) -> list[str]:
    guesses = [(table, guess) for table, all_of_them in drafts for guess in all_of_them]
    counts: Counter[str] = Counter()
    for table, guess in guesses:
        if guess.role in ("score", "item"):
            counts[str(guess.said.get("instrument", ""))] += 1 + (guess.role == "score")
        if guess.role == "instrument" and isinstance(values := guess.said.get("values"), Mapping):
            texts = pd.Series(table.cells[guess.column]).value_counts()
            for text, name in values.items():
                counts[str(name)] += int(texts.get(text, 0))
    known = [
        name for name, _ in counts.most_common() if name not in ("", "?") and get_instrument(name).role == "outcome"
    ]
    primary = "BDI-II" if "BDI-II" in known else known[0] if known else "?"
    codes: Counter[str] = Counter()
    for table, guess in guesses:
        if guess.role != "drop":
            texts = pd.Series(table.cells[guess.column], dtype=object)
            codes.update(
                {str(t): int(n) for t, n in texts[texts != ""].value_counts().items() if str(t).lower() in MISSING}
            )
    if not any(guess.role == "sessions.status" for _, guess in guesses):
        codes.pop("none", None)
    utc = any("UTC" in guess.why for _, guess in guesses)
    groups = any("group" in dict(g.said.get("values", {})).values() for _, g in guesses if g.role == "sessions.format")  # type: ignore[call-overload]
    cohort = any(g.role == "sessions.cohort_id" for _, g in guesses)
    rule = "column" if cohort else "slot" if groups else "none"
    told = ", ".join(f"{code} ({n:,})" for code, n in codes.most_common())
    zone = (
        '"?"  # decide: the practice\'s time zone, such as America/Denver; times are in UTC'
        if utc
        else '""  # times are local'
    )
    return [
        "[study]",
        'title = "Our study"',
        f"primary_instrument = {_toml(primary)}" + ("" if known else "  # decide: the instrument of the main question"),
        'primary_visit = "month 3"  # or month 1, month 2, month 6',
        'provenance = "real"',
        f"timezone = {zone}",
        f'cohorts = "{rule}"  # column: a column names them; slot: who sits in one group session; none',
        'duplicates = "stop"  # two scores for one patient, instrument and day: stop, first or last',
        f"missing = {_toml(list(codes))}" + (f"  # seen: {told}" if told else ""),
    ]


def _table_lines(table: SourceTable, guesses: list[Guess], drafts: list[tuple[SourceTable, list[Guess]]]) -> list[str]:
    lines = ["[[table]]", f"file = {_toml(table.file)}"]
    if table.sheet:
        lines.append(f"sheet = {_toml(table.sheet)}")
    lines += [f"{key} = {_toml(value)}" for key, value in table.reading.items()]
    if table.reading.get("delimiter") == ";" or _decimal_comma(table, guesses):
        lines.append(f"decimal = {_toml(',' if _decimal_comma(table, guesses) else '.')}")
    lines.append(f"# {len(table.lines):,} rows")
    if not any(guess.role == "patient_id" for guess in guesses):
        lines.append('# no patient id was found here: give one column is = "patient_id", or the table is left out')
    lines += ["", "[table.columns]"]
    sections: list[str] = []
    for column in dict.fromkeys(guess.column for guess in guesses):
        mine = [guess for guess in guesses if guess.column == column]
        shown = []
        for guess in mine:
            said = dict(guess.said)
            values = said.pop("values", None)
            if isinstance(values, Mapping):
                if len(values) <= _INLINE and "?" not in values.values() and len(mine) == 1:
                    said["values"] = values
                else:
                    name = _toml(column) + (f".{_toml(guess.role)}" if len(mine) > 1 else "")
                    labels = table.labels.get(column, {})
                    sections += ["", f"[table.values.{name}]"]
                    for text, value in values.items():
                        note = f"  # {labels[text]}" if text in labels else ""
                        note += f"  # decide: {guess.asks}" if value == "?" else ""
                        sections.append(f"{_toml(text)} = {_toml(value)}{note}")
            shown.append(_toml({"is": guess.role, **said}))
        entry = shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"
        why = "; ".join(filter(None, (mine[0].why, mine[0].seen)))
        asks = f"  # decide: {mine[0].asks}" if mine[0].asks and '"?"' in entry else ""
        lines.append(f"{_toml(column)} = {entry}{asks}  # {why}")
    fixed = _fixed_lines(guesses, drafts)
    return [*lines, *sections, *(["", "[table.fixed]", *fixed] if fixed else [])]


def _fixed_lines(guesses: list[Guess], drafts: list[tuple[SourceTable, list[Guess]]]) -> list[str]:
    roles = {guess.role for guess in guesses}
    dated = any(g.role == "date" and g.said.get("of", "sessions") == "sessions" for g in guesses)
    of_sessions = {"sessions.dose_mg", "sessions.route", "sessions.status", "sessions.kind"} & roles
    if not (dated and of_sessions) or "patient_id" not in roles:
        return []
    fixed = []
    if "sessions.kind" not in roles:
        fixed.append('"sessions.kind" = "ketamine"  # no column says it; check')
    if not any(guess.role == "sessions.format" for _, others in drafts for guess in others):
        fixed.append('"sessions.format" = "?"  # decide: individual or group; no column says it')
    return fixed


def _decimal_comma(table: SourceTable, guesses: list[Guess]) -> bool:
    texts = [t for g in guesses if g.role in ("score", "sessions.dose_mg", "sessions.weight_kg", "answer", "item")
             for t in pd.unique(table.cells[g.column])]  # fmt: skip
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
