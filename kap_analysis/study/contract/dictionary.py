"""The data dictionary: which tables a study folder has, which columns they have, and what may stand in a cell.

One TOML file beside this module is the only place where tables and columns are declared. Reading, checks, the empty
study folder and the documentation all follow it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

TEXT_TYPES: Final = frozenset({"id", "ids", "level", "yes_no", "instrument", "measure", "period"})
NUMBER_TYPES: Final = frozenset({"integer", "number"})
YES_NO: Final = ("no", "yes")


@dataclass(frozen=True, slots=True)
class Level:
    """One value of a closed list: its name in the data, a title, an ICD-10 category, and the range of a measure."""

    name: str
    title: str
    icd10: str = ""
    unit: str = ""
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column of one table.

    Attributes
    ----------
    name, type, description, unit : str
        ``type`` is one of id, ids, level, yes_no, integer, number, instrument, measure, period.
    required : bool
        The column must be there when its table is there.
    empty : bool
        Cells may be empty (always so for a column that is not required).
    levels : tuple of Level
        The closed list of a level or measure; empty for other types.
    ordered : bool
        Whether the levels have an order.
    min, max : float or None
        Closed range of a number.
    """

    name: str
    type: str
    required: bool
    empty: bool
    description: str
    levels: tuple[Level, ...] = ()
    ordered: bool = False
    min: float | None = None
    max: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of the levels, in the dictionary's order; yes and no for a yes_no column."""
        return YES_NO if self.type == "yes_no" else tuple(level.name for level in self.levels)

    @property
    def is_number(self) -> bool:
        """Whether cells hold numbers."""
        return self.type in NUMBER_TYPES


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table: its columns by name, its key, whether the folder must have it, and two made-up rows.

    Without a column of ``key_needs`` two rows with the same key may be two things, and the key is not checked.
    """

    name: str
    title: str
    row: str
    required: bool
    key: tuple[str, ...]
    key_needs: tuple[str, ...]
    columns: Mapping[str, ColumnSpec]
    example: tuple[Mapping[str, str], ...]

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Names of the columns without which the table cannot be read."""
        return tuple(name for name, column in self.columns.items() if column.required)


def read_dictionary(path: Path) -> Mapping[str, TableSpec]:
    """Read a dictionary file; table name -> :class:`TableSpec`, in the order of the file."""
    declared = tomllib.loads(path.read_text(encoding="utf-8"))["tables"]
    return MappingProxyType({name: _table(name, entry) for name, entry in declared.items()})


def _table(name: str, entry: Mapping[str, Any]) -> TableSpec:
    columns = {column: _column(column, facts) for column, facts in entry["columns"].items()}
    required_first = sorted(columns.values(), key=lambda column: not column.required)
    return TableSpec(
        name=name,
        title=entry["title"],
        row=entry["row"],
        required=entry.get("required", False),
        key=tuple(entry["key"]),
        key_needs=tuple(entry.get("key_needs", ())),
        columns=MappingProxyType({column.name: column for column in required_first}),
        example=tuple(MappingProxyType(row) for row in entry["example"]),
    )


def _column(name: str, facts: Mapping[str, Any]) -> ColumnSpec:
    required = facts.get("required", False)
    return ColumnSpec(
        name=name,
        type=facts["type"],
        required=required,
        empty=facts.get("empty", not required),
        description=facts["description"],
        levels=tuple(_level(level) for level in facts.get("levels", ())),
        ordered=facts.get("ordered", False),
        min=facts.get("min"),
        max=facts.get("max"),
        unit=facts.get("unit", ""),
        note=facts.get("note", ""),
    )


def _level(entry: str | Mapping[str, Any]) -> Level:
    if isinstance(entry, str):
        return Level(name=entry, title=entry.replace("_", " "))
    return Level(**entry)


DICTIONARY_FILE: Final = Path(__file__).with_name("dictionary.toml")
TABLES: Final[Mapping[str, TableSpec]] = read_dictionary(DICTIONARY_FILE)
