"""A Parquet file by the dictionary's types: numbers must be numbers, codes must be text."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kap_analysis.study.contract.dictionary import ColumnSpec, TableSpec
from kap_analysis.study.contract.identifiers import identifier_kinds, mask
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.reading.cells import TypedColumn, expected_in, extra_column, type_codes
from kap_analysis.study.reading.headers import Header, read_header

ParquetColumns = tuple[Header, dict[str, TypedColumn], np.ndarray]


def read_parquet_columns(
    path: Path, spec: TableSpec, wanted: Sequence[str], problems: Problems
) -> ParquetColumns | None:
    """Read the declared and wanted columns of a Parquet file; None if it is not one.

    Rows are counted from 1, the first record. A code stored as a number is a problem: 007 has become 7 in it.
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
            typed[name] = _type_wanted(path.name, values, name, problems)
        else:
            typed[name] = _type_column(path.name, values, column, problems)
    _scan_ignored(path.name, header, table, problems)
    return header, typed, np.arange(1, table.num_rows + 1)


def _type_column(file: str, values: pa.Array, column: ColumnSpec, problems: Problems) -> TypedColumn:
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_null(kind):
        return _all_missing(len(values), column)
    if column.type == "yes_no" and pa.types.is_boolean(kind):
        values = pc.if_else(values, "yes", "no")
        kind = values.type
    if column.is_number and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        return _type_numbers(plain, column)
    if not column.is_number and _is_text(kind):
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return type_codes(codes, encoded.dictionary.fill_null("").to_pylist(), column)
    found = "a column of texts" if _is_text(kind) else f"a column of type {kind}"
    problems.add(file, found, expected_in(column), column=column.name)
    return replace(_all_missing(len(values), column), unreadable=True)


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


def _type_wanted(file: str, values: pa.Array, name: str, problems: Problems) -> TypedColumn:
    """Type an extra column that study.toml asks for: numbers stay numbers, texts are looked at like any code."""
    column = extra_column(name)
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return _type_numbers(values, column)
    if pa.types.is_boolean(values.type):
        values = pc.if_else(values, "yes", "no")
    return _type_column(file, values, column, problems)


def _scan_ignored(file: str, header: Header, table: pa.Table, problems: Problems) -> None:
    for name, position in header.ignored.items():
        values = table.column(position)
        if pa.types.is_temporal(values.type):
            problems.add(file, f"a column of type {values.type}", "no dates: days are counted from day 0", column=name)
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if not _is_text(values.type):
            continue
        distinct = [str(text) for text in values.unique().drop_null().to_pylist()]
        kinds = identifier_kinds(distinct)
        suspicious = {text: kind for text, kind in zip(distinct, kinds, strict=True) if kind}
        if suspicious:
            cells = values.to_pandas()
            where = np.flatnonzero(cells.isin(list(suspicious)))
            found = [f"{mask(cells[at])}, which looks like {suspicious[cells[at]]}" for at in where]
            problems.add_rows(file, where + 1, name, found, "no identifiers of persons")
