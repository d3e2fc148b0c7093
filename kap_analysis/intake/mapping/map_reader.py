"""`read_map`: a map from its file, checked; open or wrong lines are refused one by one."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from kap_analysis.errors import IntakeError, quoted
from kap_analysis.instruments.registry import get_instrument, registry_names
from kap_analysis.intake.identification.shown import shown_name
from kap_analysis.intake.mapping.column_reader import ColumnReader
from kap_analysis.intake.mapping.map_content import (
    BLANK_IDS,
    CHOICES,
    OPEN,
    ROLES,
    STUDY_KEYS,
    TABLE_KEYS,
    ColumnUse,
    StudyMap,
    TableMap,
)
from kap_analysis.intake.mapping.map_problems import MapProblems, stop
from kap_analysis.intake.mapping.needed_roles import tell_what_is_needed
from kap_analysis.study.contract.problems import Problems

_MANY_TIMES: Final = frozenset({"drop", "same_as", "row", "diagnoses.diagnosis", "extra"})
_READING: Final = {"sheet": str, "header_row": int, "encoding": str, "delimiter": str, "decimal": str, "blank_ids": str}


def read_map(path: str | Path, problems: Problems | None = None) -> StudyMap:
    """Read a map and check it.

    Parameters
    ----------
    path : str or Path
    problems : Problems, optional
        Gathers what is wrong with single columns, so that the rows can be looked at too and everything is told at once.
        Lines that are open, and a file that is no map, are refused in any case.

    Raises
    ------
    IntakeError
        With every line that is still open, and every key, role and value that is not known.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError):
        raise IntakeError(f"Found no map that can be read at {file}; kap map drafts one.") from None
    gathered = Problems()
    content = _content(text, file.name, gathered)
    n_open = len(gathered)
    found = MapReader(content, text, file.name, gathered).study_map() if content else None
    if found is None or not found.tables or n_open or problems is None:
        stop(f"{file.name} is not finished", gathered)
        if found is None:
            raise IntakeError(f"Found an empty map, {file.name}; kap map drafts one.")
    if problems is not None:
        problems.extend(gathered)
    return found


def _content(text: str, name: str, problems: Problems) -> dict[str, Any]:
    """What the TOML says; lines that are open, or are no TOML, are problems."""
    for number, line in enumerate(text.splitlines(), 1):
        if '"?"' in line.split("#")[0] or re.match(r"[^=]* = \?\s*(#|$)", line):
            asked = line.split("# decide:")[-1].strip() if "# decide:" in line else "what it is, in place of the ?"
            problems.add(name, 'a line with "?"', f"an answer ({asked})", row=number)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        if not len(problems):
            place = re.search(r"line (\d+)", str(error))
            reason = re.sub(r"'[^']*'|\"[^\"]*\"", "a name", str(error))
            row = int(place[1]) if place else 0
            problems.add(name, f"text that is not TOML ({reason})", "key = value lines", row=row)
        return {}


class MapReader:
    """Reads what a TOML file says, block by block."""

    def __init__(self, content: Mapping[str, Any], text: str, name: str, problems: Problems) -> None:
        self.content = content
        self.told = MapProblems(text.splitlines(), name, problems)
        self.column = ColumnReader(self.told)

    def study_map(self) -> StudyMap:
        """Read the whole map."""
        for key in self.content:
            self.told.known(key, ("study", "table"), "key")
        tables = self.content.get("table", [])
        if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
            self.told.wrong("table", "no [[table]]", "one [[table]] block per file or sheet")
            tables = []
        self.told.enter("[study]")
        study = self.study()
        read = []
        for number, entry in enumerate(tables):
            self.told.enter("[[table]]", number)
            read.append(self.table(entry))
            if read[-1].is_opened and any(one.is_opened and one.place == read[-1].place for one in read[:-1]):
                self.told.wrong("file", "a second [[table]] of one file and sheet", "one block for each")
        return StudyMap(study, tuple(self.like(number, one, read) for number, one in enumerate(read)))

    def like(self, number: int, table: TableMap, tables: list[TableMap]) -> TableMap:
        """Let a table say what another of the same columns says; what is fixed in it may differ."""
        if not table.like:
            return table
        self.told.enter("[[table]]", number)
        other = next((one for one in tables if one.place == table.like and not one.like), None)
        if other is None or table.uses:
            found = "like beside columns" if table.uses else "like, which names no other table"
            self.told.wrong("like", found, 'like = "FILE [SHEET]", as another [[table]] has it, or columns')
            return table
        decimal = {key: value for key, value in other.reading.items() if key == "decimal"}
        return replace(
            table, uses=other.uses, reading={**decimal, **table.reading}, fixed={**other.fixed, **table.fixed},
            lowest=other.lowest,
        )  # fmt: skip

    def study(self) -> dict[str, Any]:
        """Read [study]."""
        study = self.content.get("study", {})
        study = study if isinstance(study, dict) else {}
        for key in study:
            self.told.known(key, tuple(STUDY_KEYS), "key")
        merged = {**STUDY_KEYS, **{key: value for key, value in study.items() if key in STUDY_KEYS}}
        for key, choices in CHOICES.items():
            self.told.known(merged[key], choices, key)
        if not isinstance(merged["missing"], list):
            self.told.wrong("missing", "missing that is no list", 'a list of texts, such as ["-99", "N/A"]')
            merged["missing"] = []
        merged["missing"] = [str(code) for code in merged["missing"]]
        for key in ("title", "primary_instrument", "primary_visit", "timezone"):
            if not isinstance(merged[key], str) or not (merged[key] or key == "timezone"):
                self.told.wrong(key, f"no {key}", "a text")
                merged[key] = str(merged[key])
        self.told.known(merged["primary_instrument"], registry_names(), "instrument")
        if merged["timezone"] and not _is_zone(merged["timezone"]):
            self.told.wrong("timezone", f"the time zone {quoted(merged['timezone'])}", "a name such as America/Denver")
            merged["timezone"] = ""
        return merged

    def table(self, entry: Mapping[str, Any]) -> TableMap:
        """Read one [[table]]."""
        for key in entry:
            self.told.known(key, tuple(sorted(TABLE_KEYS)), "key")
        columns, lists = entry.get("columns", {}), entry.get("values", {})
        for key in ("columns", "values", "fixed", "lowest"):
            if not isinstance(entry.get(key, {}), dict):
                self.told.wrong(key, f"{key} that is no block", f"[table.{key}]")
        lists = lists if isinstance(lists, dict) else {}
        uses = []
        for column, said in columns.items() if isinstance(columns, dict) else ():
            self.told.column = column
            for one in said if isinstance(said, list) else [said]:
                if isinstance(one, dict) and "values" not in one and isinstance(listed := lists.get(column), dict):
                    by_role = listed.get(str(one.get("is", "")), listed)
                    by_role = by_role if isinstance(by_role, dict) else listed
                    one = {**one, "values": {k: v for k, v in by_role.items() if not isinstance(v, dict)}}
                if (use := self.column.use(column, one)) is not None:
                    uses.append(use)
        self.told.column = ""
        self.doubles(uses)
        fixed = self.fixed(entry.get("fixed", {}))
        tell_what_is_needed(uses, fixed, self.told)
        self.renamed(uses)
        file, sheet = str(entry.get("file", "")), str(entry.get("sheet", ""))
        is_opened = entry.get("open", True) is not False
        lowest = self.lowest(entry.get("lowest", {}))
        like = str(entry.get("like", ""))
        return TableMap(file, sheet, self.reading(entry), tuple(uses), fixed, is_opened, like, lowest)

    def reading(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Read how a file is read."""
        out = {}
        for key, kind in _READING.items():
            if key not in entry:
                continue
            value = entry[key]
            if type(value) is not kind or (key == "delimiter" and len(str(value)) != 1) or (
                key == "decimal" and value not in (".", ",")
            ) or (key == "blank_ids" and value not in BLANK_IDS):  # fmt: skip
                self.told.wrong(key, f"the {key} {quoted(value)}", "what kap map wrote, or no such line")
            else:
                out[key] = value
        return out

    def fixed(self, block: Any) -> dict[str, str]:
        """Read what is true of all rows."""
        fixed = {str(role): str(value) for role, value in block.items()} if isinstance(block, dict) else {}
        right = {}
        for role, value in fixed.items():
            if self.told.known(role, (*ROLES, "instrument"), "role") and self.told.level(role, value):
                right[role] = value
        return right

    def lowest(self, block: Any) -> dict[str, int]:
        """Read which number stands for the lowest answer of an instrument."""
        right = {}
        for name, number in block.items() if isinstance(block, dict) else ():
            if not self.told.known(name, registry_names(), "instrument") or number == OPEN:
                continue
            if re.fullmatch(r"\d{1,2}", str(number)) and get_instrument(name).item_ranges:
                right[name] = int(number)
            else:
                self.told.wrong(name, "a lowest answer that is no number", "the number that stands for it, 0 or 1")
        return right

    def renamed(self, uses: list[ColumnUse]) -> None:
        """A column that stands for another names one that is placed."""
        placed = {use.column for use in uses if use.role not in ("drop", "same_as")}
        for use in uses:
            if use.role == "same_as" and use.same_as not in placed:
                expected = 'column = "...", the name of a column of this table that is placed'
                self.told.wrong(use.column, "a column that is the same as none", expected)

    def doubles(self, uses: list[ColumnUse]) -> None:
        """Two columns for one thing are a problem."""
        seen: dict[tuple[Any, ...], str] = {}
        for use in uses:
            key = (use.role, use.instrument, use.item, use.at, use.of, use.day, use.measure, use.minute)
            if use.role not in _MANY_TIMES and seen.setdefault(key, use.column) != use.column:
                both = f"{shown_name(seen[key])} and {shown_name(use.column)}"
                what = f"two columns for one thing, {use.role}: {both}"
                self.told.wrong(use.column, what, "one of them, and drop for the other")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
