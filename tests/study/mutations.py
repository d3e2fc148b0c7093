"""Seeded mutations of the small study: one change each, and where the check must find it (or that it must not)."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kap_analysis.study.contract.dictionary import TABLES, ColumnSpec

Files = dict[str, bytes]


@dataclass(frozen=True)
class Mutation:
    """A changed folder; ``place`` is (file, row, column) where a problem must stand, None for a harmless change.

    A row or column of None may be anything.
    """

    what: str
    files: Files
    place: tuple[str, int | None, str | None] | None


@dataclass
class Table:
    """A table as cells, to be changed and written again."""

    name: str
    header: list[str]
    rows: list[list[str]]

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    def columns(self, wanted: Callable[[ColumnSpec], bool]) -> list[int]:
        spec = TABLES[self.name].columns
        return [at for at, name in enumerate(self.header) if name in spec and wanted(spec[name])]

    def text(self, *, delimiter: str = ",", quote: bool = False, ending: str = "\n") -> str:
        out = io.StringIO()
        quoting = csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL
        writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=ending)
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return out.getvalue()


def read(files: Files, name: str) -> Table:
    rows = list(csv.reader(io.StringIO(files[f"{name}.csv"].decode("utf-8"))))
    return Table(name, rows[0], rows[1:])


def mutate(files: Files, seed: int) -> Mutation:
    """Return the mutation of this seed: the kinds take turns, their places are drawn."""
    rng = np.random.default_rng(seed)
    kinds = (*BREAKING, *HARMLESS)
    kind = kinds[seed % len(kinds)]
    tables = [name for name in TABLES if f"{name}.csv" in files]
    return kind(dict(files), read(files, str(rng.choice(tables))), rng)


def _with(files: Files, table: Table, **how: str | bool) -> Files:
    return {**files, table.file: table.text(**how).encode("utf-8")}  # type: ignore[arg-type]


def _cell(
    what: str, files: Files, table: Table, rng: np.random.Generator, columns: list[int], values: list[str]
) -> Mutation:
    at, column = int(rng.integers(len(table.rows))), int(rng.choice(columns))
    table.rows[at][column] = str(rng.choice(values))
    place = (table.file, at + 2, table.header[column])
    return Mutation(f"{what} {table.rows[at][column]!r}", _with(files, table), place)


def text_in_number(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table = table if table.columns(lambda c: c.is_number) else read(files, "sessions")
    values = ["x", "12a", "1,5", "1984-03-02", "3/2/84", "-99999", "1e9", "12 mg", " 3", "inf", "N/A", "#REF!", "."]
    return _cell(
        "number becomes", files, table, rng, table.columns(lambda c: c.is_number and c.name != "answer"), values
    )


def unknown_level(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table = table if table.columns(lambda c: bool(c.level_names)) else read(files, "sessions")
    columns = table.columns(lambda c: bool(c.level_names) or c.type == "instrument")
    return _cell("level becomes", files, table, rng, columns, ["Group", "zzz", "yes ", "0", "BDI-3", "femal"])


def required_cell_empty(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    columns = table.columns(lambda c: not c.empty)
    return _cell("required cell becomes", files, table, rng, columns, ["", "NA"])


def identifier(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    columns = list(range(len(table.header)))
    return _cell("identifier", files, table, rng, columns, ["jo@example.org", "1961-02-03", "+1 415 555 0134"])


def unknown_patient(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table = table if table.name not in ("patients", "cohorts") else read(files, "assessments")
    return _cell("patient becomes", files, table, rng, [table.header.index("patient_id")], ["7", "P99", "p02"])


def score_out_of_range(files: Files, _: Table, rng: np.random.Generator) -> Mutation:
    table = read(files, "assessments")
    return _cell("score becomes", files, table, rng, [table.header.index("score")], ["64", "-1", "100"])


def after_follow_up(files: Files, _: Table, rng: np.random.Generator) -> Mutation:
    table = read(files, "assessments")
    return _cell("day becomes", files, table, rng, [table.header.index("day")], ["221", "300", "45000"])


def row_twice(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    at = int(rng.integers(len(table.rows)))
    table.rows.append(list(table.rows[at]))
    return Mutation(f"row {at + 2} twice", _with(files, table), (table.file, len(table.rows) + 1, None))


def uneven_row(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    at = int(rng.integers(len(table.rows)))
    if len(table.header) > 1 and rng.random() < 0.5:
        table.rows[at].pop()
    else:
        table.rows[at].insert(int(rng.integers(len(table.header))), "1")
    return Mutation(f"row {at + 2} uneven", _with(files, table), (table.file, at + 2, None))


def required_column_gone(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    column = int(rng.choice(table.columns(lambda c: c.required)))
    name = table.header.pop(column)
    for row in table.rows:
        row.pop(column)
    return Mutation(f"without {name}", _with(files, table), (table.file, 1, name))


def column_misspelt(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    column = int(rng.choice(table.columns(lambda c: c.required)))
    name = table.header[column]
    table.header[column] = str(rng.choice([name.upper(), name + "s", name.replace("_", " ") + " ", "col", ""]))
    return Mutation(f"{name} renamed {table.header[column]!r}", _with(files, table), (table.file, 1, name))


def column_twice(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    column = int(rng.integers(len(table.header)))
    table.header.append(table.header[column])
    for row in table.rows:
        row.append(row[column])
    return Mutation(f"{table.header[column]} twice", _with(files, table), (table.file, 1, table.header[column]))


def identifying_column(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table.header.append(str(rng.choice(["email", "Last Name", "DOB", "mrn", "phone", "patient_name"])))
    for row in table.rows:
        row.append("")
    return Mutation(f"column {table.header[-1]}", _with(files, table), (table.file, 1, None))


def identifiers_not_loaded(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table.header.append("contact")
    at = int(rng.integers(len(table.rows)))
    for position, row in enumerate(table.rows):
        row.append("jo@example.org" if position == at else "")
    return Mutation("an e-mail address in a column that is not loaded", _with(files, table), None)


def required_file_gone(files: Files, _: Table, rng: np.random.Generator) -> Mutation:
    file = str(rng.choice(["study.toml", "patients.csv", "sessions.csv", "assessments.csv"]))
    return Mutation(f"without {file}", {name: text for name, text in files.items() if name != file}, (file, 0, None))


def file_without_content(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    content = [b"", b"\n\n", b"\xef\xbb\xbf"][int(rng.integers(3))]
    return Mutation("an empty file", {**files, table.file: content}, (table.file, None, None))


def other_encoding(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    encoding = str(rng.choice(["latin-1", "utf-16", "utf-16-le", "utf-32", "cp1252"]))
    column = int(rng.choice(table.columns(lambda c: c.type in ("id", "ids", "level", "yes_no", "measure"))))
    table.rows[int(rng.integers(len(table.rows)))][column] = "ä7"
    content = table.text().encode(encoding)
    return Mutation(encoding, {**files, table.file: content}, (table.file, None, None))


def other_delimiter(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    delimiter = str(rng.choice([";", "\t", "|"]))
    return Mutation(f"delimiter {delimiter!r}", _with(files, table, delimiter=delimiter), (table.file, 0, None))


def also_as_parquet(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    return Mutation("also Parquet", {**files, f"{table.name}.parquet": b"PAR1"}, (table.file, 0, None))


def open_quotation(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    text = table.text().rstrip("\n") + ',"open\n'
    return Mutation("an open quotation mark", {**files, table.file: text.encode()}, (table.file, None, None))


def broken_settings(files: Files, _: Table, rng: np.random.Generator) -> Mutation:
    lines = files["study.toml"].decode().splitlines()
    at = int(rng.choice([0, 2, 3]))  # title, primary_instrument, primary_visit
    lines[at] = str(rng.choice(["title = 3", "primary", "x = ", ""])) if at == 0 else ""
    return Mutation(
        f"study.toml line {at + 1}", {**files, "study.toml": "\n".join(lines).encode()}, ("study.toml", None, None)
    )


def rows_in_other_order(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table.rows = [table.rows[at] for at in rng.permutation(len(table.rows))]
    return Mutation("rows in another order", _with(files, table), None)


def columns_in_other_order(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    order = rng.permutation(len(table.header))
    table.header = [table.header[at] for at in order]
    table.rows = [[row[at] for at in order] for row in table.rows]
    return Mutation("columns in another order", _with(files, table), None)


def extra_column(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table.header.insert(0, str(rng.choice(["remark", "x", "Q1", "weather", "ward"])))
    table.rows = [[str(rng.choice(["", "fine", "3.5", "Ünïcode"])), *row] for row in table.rows]
    return Mutation("an extra column", _with(files, table), None)


def byte_order_mark(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    return Mutation("a byte-order mark", {**files, table.file: table.text().encode("utf-8-sig")}, None)


def line_ends(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    return Mutation("other line ends", _with(files, table, ending=str(rng.choice(["\r\n", "\r"]))), None)


def quotation_marks(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    return Mutation("all cells quoted", _with(files, table, quote=True), None)


def no_last_newline(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    return Mutation("no last newline", {**files, table.file: table.text().rstrip("\n").encode()}, None)


def blank_last_lines(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    tail = str(rng.choice(["\n", "\n\n\r\n", "," * (len(table.header) - 1) + "\n"]))
    return Mutation("blank last lines", {**files, table.file: (table.text() + tail).encode()}, None)


def optional_table_gone(files: Files, _: Table, rng: np.random.Generator) -> Mutation:
    file = str(rng.choice([f"{name}.csv" for name, spec in TABLES.items() if not spec.required]))
    return Mutation(f"without {file}", {name: text for name, text in files.items() if name != file}, None)


def optional_column_gone(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    # timing and hour tell two assessments of one day apart, status tells a no-show: without them it is another study
    kept = {"timing", "hour", "status", "rater"}
    columns = table.columns(lambda c: not c.required and c.name not in kept)
    if columns:
        column = int(rng.choice(columns))
        table.header.pop(column)
        for row in table.rows:
            row.pop(column)
    return Mutation("without an optional column", _with(files, table), None)


def missing_written_na(files: Files, table: Table, rng: np.random.Generator) -> Mutation:
    table.rows = [[cell or "NA" for cell in row] for row in table.rows]
    return Mutation("NA for missing", _with(files, table), None)


def row_gone(files: Files, _: Table, rng: np.random.Generator) -> Mutation:
    leaves = ("diagnoses", "assessments", "items", "session_measures", "treatments", "adverse_events")
    table = read(files, str(rng.choice(leaves)))
    del table.rows[int(rng.integers(len(table.rows)))]
    return Mutation("a row less", _with(files, table), None)


def integers_with_point(files: Files, _: Table, rng: np.random.Generator) -> Mutation:
    table = read(files, str(rng.choice(["patients", "sessions", "assessments", "items"])))
    for column in table.columns(lambda c: c.type == "integer"):
        for row in table.rows:
            row[column] = f"{row[column]}.0" if row[column] else ""
    return Mutation("28.0 for 28", _with(files, table), None)


Kind = Callable[[Files, Table, np.random.Generator], Mutation]
BREAKING: tuple[Kind, ...] = (
    text_in_number,
    unknown_level,
    required_cell_empty,
    identifier,
    unknown_patient,
    score_out_of_range,
    after_follow_up,
    row_twice,
    uneven_row,
    required_column_gone,
    column_misspelt,
    column_twice,
    identifying_column,
    required_file_gone,
    file_without_content,
    other_encoding,
    other_delimiter,
    also_as_parquet,
    open_quotation,
    broken_settings,
)
HARMLESS: tuple[Kind, ...] = (
    rows_in_other_order,
    columns_in_other_order,
    extra_column,
    identifiers_not_loaded,
    byte_order_mark,
    line_ends,
    quotation_marks,
    no_last_newline,
    blank_last_lines,
    optional_table_gone,
    optional_column_gone,
    missing_written_na,
    row_gone,
    integers_with_point,
)
