"""The documentation of a study folder, generated from the dictionary: for reading and as a table."""

import csv
import io
from collections.abc import Mapping

from kap_analysis.study.contract import settings
from kap_analysis.study.contract.dictionary import TABLES, ColumnSpec, TableSpec

_INTRODUCTION = """\
# The study folder

*Generated from the data dictionary of `kap_analysis/study/`; change it there.*

A study is a folder: `study.toml` and small tables, each as CSV (UTF-8, commas, decimal points) or as Parquet. Days are
counted from the patient's first attended ketamine session, which is day 0. There are no dates, no names and no free
text; the folder is pseudonymous, not anonymous, and is private unless `study.toml` says otherwise.

- **Bold** columns are required. A study that has only these loads, and `kap validate` ends with what it can and cannot
  answer. A table without the word *required* may be absent.
- An empty cell is a missing value, and so is `NA` (counted in the notes). Other words or numbers for missing (`.`,
  `-99`, `N/A`) are problems.
- Codes are text: `007` stays `007`. In Parquet they must be stored as text.
- Column names, levels and file names are written exactly as here. A column that is not declared here is not loaded and
  is listed; `[extra_columns]` of `study.toml` names those that are wanted.
- A `plan.toml` in the folder is the analysis plan; `kap plan` drafts it.
- The order of rows and columns, quotation marks, a byte-order mark, CRLF, blank lines and a missing last newline do
  not matter.
- What looks like an identifier of a person stops the load: a column called name, e-mail, phone, date of birth or MRN;
  an e-mail address, a date, a telephone number, a record number or a name in a column that is loaded, in a text of
  `study.toml`, or in the name of the folder or of a file in it. Columns that are not loaded are searched too. What they
  hold is counted, never shown, and does not stop the load. Delete them.
- A word can look like a name and be none. `[not_names]` of `study.toml` lists the columns of which this is so, and
  under `study` the keys of `study.toml` itself.
"""


def documentation_text(tables: Mapping[str, TableSpec] = TABLES) -> str:
    """Return the documentation of the study folder in Markdown."""
    blocks = [_INTRODUCTION, _settings_block()]
    blocks += [_table_block(table) for table in tables.values()]
    return "\n".join(blocks)


def dictionary_csv(tables: Mapping[str, TableSpec] = TABLES) -> str:
    """Return the dictionary as CSV: table, column, type, required, key, levels, min, max, unit, description."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "column", "type", "required", "key", "levels", "min", "max", "unit", "description"])
    for table in tables.values():
        for column in table.columns.values():
            writer.writerow(
                [
                    table.name,
                    column.name,
                    column.type,
                    "yes" if column.required else "no",
                    "yes" if column.name in table.key else "no",
                    "; ".join(column.level_names),
                    "" if column.min is None else f"{column.min:g}",
                    "" if column.max is None else f"{column.max:g}",
                    column.unit,
                    column.description,
                ]
            )
    return text.getvalue()


def _settings_block() -> str:
    example = (settings.__doc__ or "").split("::\n\n", 1)[1]
    lines = [line.removeprefix("    ") for line in example.splitlines()]
    return "\n".join(["## study.toml", "", "```toml", *lines, "```", ""])


def _table_block(table: TableSpec) -> str:
    required = " (required)" if table.required else ""
    lines = [f"## {table.name}{required}", "", f"{table.title}: one row per {table.row}."]
    if table.key:
        lines.append(f"No two rows are alike in {', '.join(table.key)} (of these, the columns that are there).")
    lines += ["", "| Column | Type | Values | Meaning |", "|---|---|---|---|"]
    lines += [_column_row(column) for column in table.columns.values()]
    for column in table.columns.values():
        if any(level.icd10 for level in column.levels) or any(level.unit for level in column.levels):
            lines += ["", *_levels_block(column)]
    return "\n".join([*lines, ""])


def _column_row(column: ColumnSpec) -> str:
    name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
    return f"| {name} | {column.type.replace('_', '/')} | {_values(column)} | {column.description} |"


def _values(column: ColumnSpec) -> str:
    unit = "" if column.unit in ("", "day") else f" {column.unit}"
    if column.is_number:
        day = "days " if column.unit == "day" else ""
        return f"{day}{column.min:g} to {column.max:g}{unit}" if column.min is not None else column.unit
    if column.type == "yes_no":
        return "yes, no"
    if column.levels and all(level.title == level.name.replace("_", " ") for level in column.levels):
        return ", ".join(column.level_names)
    if column.levels:
        titled = [level for level in column.levels if not level.icd10 and not level.unit]
        if len(titled) == len(column.levels):
            return ", ".join(f"{level.name} ({level.title})" for level in titled)
        return "see below"
    return {"instrument": "an instrument", "period": "2025-Q3"}.get(column.type, "")


def _levels_block(column: ColumnSpec) -> list[str]:
    if any(level.icd10 for level in column.levels):
        rows = [f"| `{level.name}` | {level.title} | {level.icd10} |" for level in column.levels]
        head = [f"| {column.name} | Title | ICD-10 |", "|---|---|---|"]
    else:
        rows = [
            f"| `{level.name}` | {level.title} | {level.min:g} to {level.max:g} | {level.unit} |"
            for level in column.levels
        ]
        head = [f"| {column.name} | Title | Range | Unit |", "|---|---|---|---|"]
    return [*head, *rows, *(["", column.note] if column.note else [])]
