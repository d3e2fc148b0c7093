"""The map: a TOML file that says which column of an export is what; open or wrong lines are refused one by one."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kap_analysis.errors import IntakeError, quoted
from kap_analysis.instruments.registry import registry_names
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems, problem_lines
from kap_analysis.suggestions import nearest_name

OPEN: Final = "?"
PLACED_TABLES: Final = ("patients", "sessions", "diagnoses", "adverse_events", "treatments", "assessments")
OWN_ROLES: Final = (
    "patient_id",
    "date",
    "day",
    "date_of_birth",
    "instrument",
    "score",
    "item",
    "item_number",
    "answer",
    "drop",
)
ROLES: Final = (
    *OWN_ROLES,
    *(
        f"{table}.{column}"
        for table in PLACED_TABLES
        for column in TABLES[table].columns
        if column not in ("patient_id", "day", "score", "instrument", "n_answered", "start_day", "end_day")
    ),
)
_STUDY_KEYS: Final = {
    "title": "",
    "primary_instrument": "",
    "primary_visit": "month 3",
    "provenance": "real",
    "visibility": "private",
    "timezone": "",
    "cohorts": "column",
    "duplicates": "stop",
    "missing": [],
}
_TABLE_KEYS: Final = frozenset(
    {"file", "sheet", "header_row", "encoding", "delimiter", "decimal", "columns", "values", "fixed", "open"}
)
_COLUMN_KEYS: Final = frozenset(
    {"is", "instrument", "item", "at", "day", "of", "order", "values", "unit", "when", "value", "keep"}
)
_CHOICES: Final = {
    "cohorts": ("column", "slot", "none"),
    "duplicates": ("stop", "first", "last"),
    "provenance": ("real", "simulated", "made_up"),
    "visibility": ("private", "public"),
}


@dataclass(frozen=True)
class ColumnUse:
    """What one column is for.

    Attributes
    ----------
    column, role : str
        The column's name, and one of ``ROLES``.
    instrument, item
        For scores and items.
    at : str
        Columns of one row that belong together (one visit, one session) where a row holds several.
    day : int or None
        The study day of a score whose table has no date.
    of : str
        What a date dates: a table, an instrument, ``time_zero``, or a day column such as ``treatments.end_day``.
    order : str
        ``month_first`` or ``day_first``.
    values : dict
        Text in the file -> value in the study; an empty text is a missing value.
    when, value : str
        For a checkbox: which text means yes, and what it then says.
    keep : str
        Why a column that looks like an identifier is read all the same.
    """

    column: str
    role: str
    instrument: str = ""
    item: int = 0
    at: str = ""
    day: int | None = None
    of: str = ""
    order: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    when: str = ""
    value: str = ""
    keep: str = ""


@dataclass(frozen=True)
class TableMap:
    """What one file or sheet holds, and how it is read."""

    file: str
    sheet: str
    reading: Mapping[str, Any]
    uses: tuple[ColumnUse, ...]
    fixed: Mapping[str, str]
    is_opened: bool = True

    @property
    def place(self) -> str:
        """The file, and the sheet where there is one."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


@dataclass(frozen=True)
class StudyMap:
    """A finished map."""

    study: Mapping[str, Any]
    tables: tuple[TableMap, ...]

    @property
    def missing(self) -> frozenset[str]:
        """Texts that stand for a missing value in any column."""
        return frozenset(self.study["missing"])


def read_map(path: str | Path) -> StudyMap:
    """Read a map and check it.

    Raises
    ------
    IntakeError
        With every line that is still open, and every key, role and value that is not known.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise IntakeError(f"Found no map that can be read at {file}; kap map drafts one.") from None
    problems = Problems()
    for number, line in enumerate(text.splitlines(), 1):
        if '"?"' in line.split("#")[0] or re.match(r"[^=]* = \?\s*(#|$)", line):
            asked = line.split("# decide:")[-1].strip() if "# decide:" in line else "an answer in place of the ?"
            problems.add(file.name, "a line that is not filled in", asked, row=number)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        if not len(problems):
            place = re.search(r"line (\d+)", str(error))
            problems.add(file.name, f"text that is not TOML ({error})", "key = value lines",
                         row=int(place[1]) if place else 0)  # fmt: skip
        content = {}
    found = _MapReader(content, text, file.name, problems).study_map() if content else None
    if len(problems) or found is None:
        stop(f"{file.name} is not finished", problems)
        raise IntakeError(f"Found an empty map, {file.name}; kap map drafts one.")
    return found


def stop(heading: str, problems: Problems) -> None:
    """Raise with all problems, if there are any."""
    if len(problems):
        frame = problems.frame()
        lines = problem_lines(frame)
        count = f"{len(frame):,} problem{'s' if len(frame) != 1 else ''}"
        raise IntakeError("\n".join((f"{heading}: {count}.", *lines)), frame)


class _MapReader:
    def __init__(self, content: Mapping[str, Any], text: str, name: str, problems: Problems) -> None:
        self.content, self.lines, self.name, self.problems = content, text.splitlines(), name, problems

    def wrong(self, word: str, found: str, expected: str) -> None:
        row = next((n for n, line in enumerate(self.lines, 1) if word and word in line.split("#")[0]), 0)
        self.problems.add(self.name, found, expected, row=row)

    def known(self, given: str, known: Any, what: str) -> bool:
        if isinstance(given, str) and (given in known or given == OPEN):
            return True
        near = nearest_name(str(given), list(known))
        names = (
            f"{near}, written exactly so"
            if near
            else f"one of {', '.join(known)}"
            if len(known) < 25
            else "docs/import.md"
        )
        self.wrong(str(given), f"the {what} {quoted(given)}", names)
        return False

    def study_map(self) -> StudyMap:
        for key in self.content:
            self.known(key, ("study", "table"), "key")
        study = self.content.get("study", {})
        study = study if isinstance(study, dict) else {}
        for key in study:
            self.known(key, tuple(_STUDY_KEYS), "key")
        merged = {**_STUDY_KEYS, **{key: value for key, value in study.items() if key in _STUDY_KEYS}}
        for key, choices in _CHOICES.items():
            self.known(merged[key], choices, key)
        if not isinstance(merged["missing"], list):
            self.wrong("missing", "missing that is no list", 'a list of texts, such as ["-99", "N/A"]')
            merged["missing"] = []
        merged["missing"] = [str(code) for code in merged["missing"]]
        for key in ("title", "primary_instrument", "primary_visit", "timezone"):
            if not isinstance(merged[key], str) or not (merged[key] or key == "timezone"):
                self.wrong(key, f"no {key}", "a text")
        self.known(merged["primary_instrument"], registry_names(), "instrument")
        tables = self.content.get("table", [])
        if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
            self.wrong("table", "no [[table]]", "one [[table]] block per file or sheet")
            tables = []
        return StudyMap(merged, tuple(self.table(entry) for entry in tables))

    def table(self, entry: Mapping[str, Any]) -> TableMap:
        for key in entry:
            self.known(key, tuple(sorted(_TABLE_KEYS)), "key")
        uses = []
        columns, lists = entry.get("columns", {}), entry.get("values", {})
        lists = lists if isinstance(lists, dict) else {}
        for column, said in columns.items() if isinstance(columns, dict) else ():
            for one in said if isinstance(said, list) else [said]:
                if isinstance(one, dict) and "values" not in one and isinstance(listed := lists.get(column), dict):
                    by_role = listed.get(str(one.get("is", "")), listed)
                    one = {**one, "values": {k: v for k, v in by_role.items() if not isinstance(v, dict)}}
                if (use := self.use(column, one)) is not None:
                    uses.append(use)
        fixed = entry.get("fixed", {})
        fixed = {str(role): str(value) for role, value in fixed.items()} if isinstance(fixed, dict) else {}
        for role, value in fixed.items():
            if self.known(role, (*ROLES, "instrument"), "role"):
                self.level(role, value)
        reading = {
            key: entry[key] for key in ("sheet", "header_row", "encoding", "delimiter", "decimal") if key in entry
        }
        self.doubles(uses)
        return TableMap(
            str(entry.get("file", "")),
            str(entry.get("sheet", "")),
            reading,
            tuple(uses),
            fixed,
            entry.get("open", True) is not False,
        )

    def doubles(self, uses: list[ColumnUse]) -> None:
        seen: dict[tuple[Any, ...], str] = {}
        for use in uses:
            if use.role in ("drop", "diagnoses.diagnosis"):
                continue
            key = (use.role, use.instrument, use.item, use.at, use.of, use.day)
            if key in seen and seen[key] != use.column:
                self.wrong(use.column, f"two columns for one thing, {use.role}", "one of them, and drop for the other")
            seen[key] = use.column

    def use(self, column: str, said: Any) -> ColumnUse | None:
        if isinstance(said, str):
            said = {"is": said}
        if not isinstance(said, dict):
            self.wrong(column, "a column that is no { is = ... }", '{ is = "role" }')
            return None
        for key in said:
            self.known(key, tuple(sorted(_COLUMN_KEYS)), "key")
        role = str(said.get("is", ""))
        if not self.known(role, ROLES, "role") or role == OPEN:
            return None
        instrument = str(said.get("instrument", ""))
        if instrument or (role in ("score", "item") and "instrument" in said):
            self.known(instrument, registry_names(), "instrument")
        if role == "item" and (type(said.get("item")) is not int or not instrument):
            self.wrong(
                column, "an item without instrument and number", '{ is = "item", instrument = "PHQ-9", item = 1 }'
            )
            return None
        values = said.get("values", {})
        if not isinstance(values, dict):
            self.wrong(column, "values that are no pairs", '{ "in the file" = "in the study" }')
            values = {}
        values = {str(text): str(value) for text, value in values.items()}
        for value in values.values():
            self.level(role, value)
        if said.get("value"):
            self.level(role, str(said["value"]))
        day = said.get("day")
        if day is not None and type(day) is not int:
            self.wrong(column, "a day that is no whole number", "a study day such as 30")
            day = None
        order = str(said.get("order", ""))
        if order and not self.known(order, ("month_first", "day_first"), "order"):
            order = ""
        return ColumnUse(
            column, role, instrument, said.get("item", 0) if type(said.get("item", 0)) is int else 0,
            str(said.get("at", "")), day, str(said.get("of", "")), order, values, str(said.get("unit", "")),
            str(said.get("when", "")), str(said.get("value", "")), str(said.get("keep", "")),
        )  # fmt: skip

    def level(self, role: str, value: str) -> None:
        """A value of a closed list is one of the list."""
        if value in ("", OPEN) or (role == "sessions.format" and value == "same"):
            return
        if role == "instrument":
            self.known(value, registry_names(), "instrument")
        elif "." in role:
            table, column = role.split(".", 1)
            spec = TABLES[table].columns[column]
            if spec.level_names:
                self.known(value, spec.level_names, "value")
