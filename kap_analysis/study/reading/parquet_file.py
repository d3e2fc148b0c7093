"""A Parquet file by the dictionary's types: numbers must be numbers, codes must be text."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kap_analysis.study.contract.dictionary import ColumnSpec, TableSpec
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.reading.cells import TypedColumn, expected_in, extra_column, type_codes
from kap_analysis.study.reading.headers import Header, read_header
from kap_analysis.study.reading.left_aside import note_identifiers

ParquetColumns = tuple[Header, dict[str, TypedColumn], np.ndarray, list[str]]


def read_parquet_columns(
    path: Path, spec: TableSpec, wanted: Sequence[str], problems: Problems, *, not_names: Collection[str] = ()
) -> ParquetColumns | None:
    """Read the declared and wanted columns of a Parquet file; None if it is not one.

    Rows are counted from 1, the first record. A code stored as a number is a problem: 007 has become 7 in it. Numbers
    stored as text are read as numbers, with a note.
    """
    try:
        texts = [field.name for field in pq.read_schema(path) if _is_text(field.type)]
        table = pq.ParquetFile(path, read_dictionary=texts).read()
    except (pa.ArrowException, OSError) as error:
        problems.add(path.name, f"a file that cannot be read as Parquet ({type(error).__name__})", "a Parquet file")
        return None
    header = read_header(path.name, table.column_names, spec, wanted, problems, row=0)
    typed: dict[str, TypedColumn] = {}
    for name, position in {**header.declared, **header.wanted}.items():
        column = spec.columns.get(name)
        values = table.column(position).combine_chunks()
        if column is None:
            typed[name] = _type_wanted(path.name, values, name, problems, no_names=name in not_names)
        else:
            typed[name] = _type_column(path.name, values, column, problems, no_names=name in not_names)
    notes = _notes_of_ignored(path.name, header, table)
    as_text = [name for name in header.declared if spec.columns[name].is_number and name in texts
               and not typed[name].unreadable]  # fmt: skip
    if as_text:
        notes.append(f"{path.name}: numbers that are stored as text are read as numbers: {', '.join(as_text)}.")
    return header, typed, np.arange(1, table.num_rows + 1), notes


def _type_column(
    file: str, values: pa.Array, column: ColumnSpec, problems: Problems, *, no_names: bool = False
) -> TypedColumn:
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_null(kind):
        return _all_missing(len(values), column)
    if column.type == "yes_no" and pa.types.is_boolean(kind):
        values = pc.if_else(values, "yes", "no")
        kind = values.type
    if column.is_number and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        return _type_numbers(plain, column)
    if _is_text(kind):
        typed = type_codes(*_coded(values), column, no_names=no_names)
        if not column.is_number or len(typed.failed[0]) == 0:
            return typed
    found = "a column of texts" if _is_text(kind) else f"a column of type {kind}"
    problems.add(file, found, expected_in(column), column=column.name)
    return replace(_all_missing(len(values), column), unreadable=True)


def _coded(values: pa.Array) -> tuple[np.ndarray, list[str]]:
    """The position of each cell's text (-1: none), and the distinct texts."""
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.fill_null("").to_pylist()


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _all_missing(n: int, column: ColumnSpec) -> TypedColumn:
    return type_codes(np.full(n, -1), [], column)


def _type_numbers(values: pa.Array, column: ColumnSpec) -> TypedColumn:
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(float)
    broken = np.isinf(numbers)
    if column.type == "integer":
        broken |= ~np.isnan(numbers) & (numbers != np.floor(numbers))
    where = np.flatnonzero(broken)
    found = [
        "an infinite number" if np.isinf(number) else f"{number:.15g}, which is not a whole number"
        for number in numbers[where].tolist()
    ]
    numbers[where] = np.nan
    return TypedColumn(pd.Series(numbers), (where, found), 0)


def _type_wanted(file: str, values: pa.Array, name: str, problems: Problems, *, no_names: bool = False) -> TypedColumn:
    """Type an extra column that study.toml asks for: numbers stay numbers, texts are looked at like any code."""
    column = extra_column(name)
    if pa.types.is_integer(values.type):
        typed = type_codes(*_coded(values.cast(pa.string())), column)
        return replace(_type_numbers(values, column), failed=typed.failed)
    if pa.types.is_floating(values.type):
        return _type_numbers(values, column)
    if pa.types.is_boolean(values.type):
        values = pc.if_else(values, "yes", "no")
    return _type_column(file, values, column, problems, no_names=no_names)


def _notes_of_ignored(file: str, header: Header, table: pa.Table) -> list[str]:
    """Count what looks like identifiers in columns that are not loaded: texts, numbers, bytes, lists and structs."""
    columns = {}
    dated = []
    for name, position in header.ignored.items():
        values = table.column(position).combine_chunks()
        if pa.types.is_temporal(values.type):
            dated.append(f"{name} ({len(values) - values.null_count:,})")
        elif not pa.types.is_floating(values.type) and not pa.types.is_boolean(values.type):
            columns[name] = _coded(_as_texts(values))
    notes = note_identifiers(file, columns)
    if dated:
        notes.append(f"{file}: columns of dates or times that are not loaded: {', '.join(dated)}. Delete them.")
    return notes


def _as_texts(values: pa.Array) -> pa.Array:
    """Return the cells of any column as texts; of nested ones, all that they hold in one text."""
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if _is_text(kind):
        return values.cast(pa.string())
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return values.cast(pa.string())
    return pa.array([None if cell is None else _flat(cell) for cell in values.to_pylist()], type=pa.string())


def _flat(cell: object) -> str:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace")
    if isinstance(cell, dict):
        return " ".join(_flat(part) for part in cell.values() if part is not None)
    if isinstance(cell, list | tuple):
        return " ".join(_flat(part) for part in cell if part is not None)
    return str(cell)
