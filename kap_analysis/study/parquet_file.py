"""A Parquet file by the dictionary's types: numbers must be numbers, codes must be text."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kap_analysis.study.cells import TypedColumn, expected_in, type_cells
from kap_analysis.study.dictionary import ColumnSpec, TableSpec
from kap_analysis.study.headers import Header, read_header
from kap_analysis.study.identifiers import identifier_kinds, mask
from kap_analysis.study.problems import Problems

ParquetColumns = tuple[Header, dict[str, TypedColumn], np.ndarray]


def read_parquet_columns(
    path: Path, spec: TableSpec, wanted: Sequence[str], problems: Problems
) -> ParquetColumns | None:
    """Read the declared and wanted columns of a Parquet file; None if it is not one.

    Rows are counted from 1, the first record. A code stored as a number is a problem: 007 has become 7 in it.
    """
    try:
        file = pq.ParquetFile(path)
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        problems.add(path.name, f"a file that cannot be read as Parquet ({type(error).__name__})", "a Parquet file")
        return None
    header = read_header(path.name, table.column_names, spec, wanted, problems, row=0)
    typed: dict[str, TypedColumn] = {}
    for name, position in {**header.declared, **header.wanted}.items():
        column = spec.columns.get(name)
        values = table.column(position).combine_chunks()
        typed[name] = _type_wanted(values) if column is None else _type_column(path.name, values, column, problems)
    _scan_ignored(path.name, header, table, problems)
    return header, typed, np.arange(1, table.num_rows + 1)


def _type_column(file: str, values: pa.Array, column: ColumnSpec, problems: Problems) -> TypedColumn:
    kind = values.type
    if pa.types.is_null(kind):
        return type_cells([""] * len(values), column)
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if column.type == "yes_no" and pa.types.is_boolean(kind):
        words = pd.Series(values.to_pandas()).map({True: "yes", False: "no"}).fillna("")
        return type_cells(words.to_numpy(dtype=object), column)
    if column.is_number and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return _type_numbers(values, column)
    if not column.is_number and is_text:
        return type_cells(values.fill_null("").to_numpy(zero_copy_only=False), column)
    problems.add(file, f"a column of type {kind}", expected_in(column), column=column.name)
    return type_cells([""] * len(values), ColumnSpec(column.name, column.type, False, True, ""))


def _type_numbers(values: pa.Array, column: ColumnSpec) -> TypedColumn:
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(float)
    failed = []
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        failed.append((infinite, "an infinite number", expected_in(column)))
    if column.type == "integer":
        broken = np.flatnonzero(np.isfinite(numbers) & (numbers != np.floor(numbers)))
        failed += [(np.array([at]), f"{numbers[at]:.15g}, which is not a whole number", expected_in(column))
                   for at in broken]  # fmt: skip
    for where, _, _ in failed:
        numbers[where] = np.nan
    return TypedColumn(pd.Series(numbers), failed, 0)


def _type_wanted(values: pa.Array) -> TypedColumn:
    series = pd.Series(values.to_pandas())
    return TypedColumn(series, [], 0)


def _scan_ignored(file: str, header: Header, table: pa.Table, problems: Problems) -> None:
    for name, position in header.ignored.items():
        values = table.column(position)
        if pa.types.is_temporal(values.type):
            problems.add(file, f"a column of type {values.type}", "no dates: days are counted from day 0", column=name)
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            continue
        distinct = [str(text) for text in values.unique().drop_null().to_pylist()]
        kinds = identifier_kinds(distinct)
        suspicious = {text: kind for text, kind in zip(distinct, kinds, strict=True) if kind}
        if suspicious:
            cells = values.to_pandas()
            where = np.flatnonzero(cells.isin(list(suspicious)))
            found = [f"{mask(cells[at])}, which looks like {suspicious[cells[at]]}" for at in where]
            problems.add_rows(file, where + 1, name, found, "no identifiers of persons")
