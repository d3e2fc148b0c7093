"""One table of the folder, typed and checked by itself: from CSV or Parquet to a frame with its places."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.study.contract.dictionary import TableSpec
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.reading.cells import (
    MISSING,
    TEXT_DTYPE,
    TypedColumn,
    expected_in,
    extra_column,
    type_codes,
    without_spaces_around_numbers,
)
from kap_analysis.study.reading.headers import Header, read_header
from kap_analysis.study.reading.left_aside import note_identifiers
from kap_analysis.study.reading.parquet_file import read_parquet_columns
from kap_analysis.study.reading.quick_check import keeps_schema, repeated_keys
from kap_analysis.study.reading.spreadsheet_rows import leave_out_spreadsheet_rows
from kap_analysis.study.reading.text_file import CodedCells, read_text_table


@dataclass(frozen=True, slots=True)
class TypedTable:
    """A table as it was read, before anything is left out.

    Attributes
    ----------
    spec : TableSpec
    file : str
        Name of the file, for messages.
    frame : pandas.DataFrame
        Declared columns that are present and wanted extra columns; numbers as float64, all else as categorical.
    rows : numpy.ndarray
        Place of each row in the file: physical line (CSV) or record (Parquet).
    notes : tuple of str
        What was not loaded, and how many cells said NA.
    faulty : dict
        Column -> positions of the cells that were reported already; they are missing in the frame.
    """

    spec: TableSpec
    file: str
    frame: pd.DataFrame
    rows: np.ndarray
    notes: tuple[str, ...]
    faulty: dict[str, np.ndarray] = field(default_factory=dict)

    def has(self, *columns: str) -> bool:
        """Whether all these columns are present."""
        return set(columns) <= set(self.frame.columns)

    def report(self, problems: Problems, where: np.ndarray, column: str, found: Any, expected: Any) -> None:
        """Add one problem for each position (or True of a mask); texts are for all, or one for each.

        A cell that was reported before is passed over: later checks of it would only repeat the first fault.
        """
        positions = np.flatnonzero(where) if where.dtype == bool else where
        fresh = ~np.isin(positions, self.faulty.get(column, ()))
        if not fresh.all():
            positions = positions[fresh]
            found = found if isinstance(found, str) else _only(found, fresh)
            expected = expected if isinstance(expected, str) else _only(expected, fresh)
        if len(positions) == 0:
            return
        patients = self.frame["patient_id"].to_numpy()[positions] if self.has("patient_id") else None
        problems.add_rows(self.file, self.rows[positions], column, found, expected, patient_ids=patients)

    def without(self, positions: np.ndarray) -> "TypedTable":
        """Return the table without the rows at these positions."""
        kept = np.setdiff1d(np.arange(len(self.frame)), positions)
        faulty = {name: np.flatnonzero(np.isin(kept, where)) for name, where in self.faulty.items()}
        frame = self.frame.iloc[kept].reset_index(drop=True)
        return TypedTable(self.spec, self.file, frame, self.rows[kept], self.notes, faulty)


def read_table(
    path: Path,
    spec: TableSpec,
    wanted: Sequence[str],
    instruments: Collection[str],
    problems: Problems,
    *,
    not_names: Collection[str] = (),
) -> TypedTable | None:
    """Read and check one table; None if the file cannot be read at all.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.parquet`` file.
    spec : TableSpec
    wanted : sequence of str
        Extra columns that study.toml asks for.
    instruments : collection of str
        Names of the known instruments.
    problems : Problems
        Everything wrong goes here.
    not_names : collection of str
        Columns whose values are no names of persons, even where they look like some.
    """
    local = Problems()
    if path.suffix == ".parquet":
        parquet = read_parquet_columns(path, spec, wanted, local, not_names=not_names)
        if parquet is None:
            problems.extend(local)
            return None
        header, typed, rows, notes = parquet
        uneven = np.zeros(len(rows), dtype=bool)
    else:
        text = read_text_table(path, spec, local)
        if text is None:
            problems.extend(local)
            return None
        text, notes = leave_out_spreadsheet_rows(text, spec, path.name, local)
        text.report_widths(path.name, local)
        header = read_header(path.name, text.header, spec, wanted, local)
        ignored = {name: text.columns[at] for name, at in header.ignored.items()}
        notes += note_identifiers(path.name, {name: (cells.codes, cells.texts) for name, cells in ignored.items()})
        typed = _type_columns(header, text.columns, spec, not_names)
        rows, uneven = text.lines, text.uneven
    table = _assemble(path.name, header, typed, rows, spec, notes)
    _check_table(table, typed, uneven, instruments, local)
    problems.extend(local)
    return table


def _type_columns(
    header: Header, cells: list[CodedCells], spec: TableSpec, not_names: Collection[str]
) -> dict[str, TypedColumn]:
    columns = {name: (position, spec.columns[name]) for name, position in header.declared.items()}
    typed = {
        name: type_codes(cells[at].codes, cells[at].texts, column, no_names=name in not_names)
        for name, (at, column) in columns.items()
    }
    for name, at in header.wanted.items():
        codes, texts = without_spaces_around_numbers(cells[at].codes, cells[at].texts)
        typed[name] = type_codes(codes, texts, extra_column(name), no_names=name in not_names)
    return typed


def _assemble(
    file: str,
    header: Header,
    typed: dict[str, TypedColumn],
    rows: np.ndarray,
    spec: TableSpec,
    more_notes: Sequence[str],
) -> TypedTable:
    order = [*(name for name in spec.columns if name in typed), *(name for name in header.wanted if name in typed)]
    frame = pd.DataFrame({name: typed[name].values for name in order}, index=pd.RangeIndex(len(rows)))
    for name in header.wanted:
        frame[name] = _numbers_if_all(frame[name])
    n_na = {name: column.n_na for name, column in typed.items() if column.n_na}
    notes = [*header.notes, *more_notes]
    if n_na:
        shown = ", ".join(f"{name} ({n:,})" for name, n in n_na.items())
        notes.append(f"{file}: cells that say {MISSING} are read as missing: {shown}.")
    return TypedTable(spec, file, frame, rows, tuple(notes))


def _numbers_if_all(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values
    numbers = pd.to_numeric(values.astype(object), errors="coerce")
    return numbers.astype(float) if numbers.notna().equals(values.notna()) else values


def _check_table(
    table: TypedTable, typed: dict[str, TypedColumn], uneven: np.ndarray, instruments: Collection[str], local: Problems
) -> None:
    """Report cells that could not be read, then what breaks the schema, then keys that stand twice."""
    blind = np.flatnonzero(uneven)  # These cells may stand in the wrong columns; the width was reported.
    faulty = dict.fromkeys(table.frame.columns, blind)
    for name, column in typed.items():
        where, found = column.failed
        readable = ~np.isin(where, blind)
        expected = expected_in(table.spec.columns.get(name) or extra_column(name))
        table.report(local, where[readable], name, _only(found, readable), expected)
        faulty[name] = np.concatenate([faulty[name], where])
        if column.unreadable:
            faulty[name] = np.arange(len(table.frame))
    for name, where, founds, expecteds in _schema_failures(table, instruments):
        fresh = ~np.isin(where, faulty[name])
        table.report(local, where[fresh], name, _only(founds, fresh), _only(expecteds, fresh))
        faulty[name] = np.concatenate([faulty[name], where])
    again, first = repeated_keys(table.frame, table.spec)
    key = [name for name in table.spec.key if table.has(name)]
    trusted = ~np.isin(again, np.concatenate([blind, *(faulty[name] for name in key)]))
    again, first = again[trusted], first[trusted]
    found_again = [f"the same {', '.join(key)} as in row {row}" for row in table.rows[first]]
    table.report(local, again, table.spec.key[0], found_again, f"one row per {table.spec.row}")
    for name, where in faulty.items():
        # A code in a row of the wrong width may still be right: without it, all that names it would be at fault.
        lost = np.setdiff1d(where, blind) if name in table.spec.key else where
        if len(lost):
            table.frame.loc[lost, name] = np.nan
    table.faulty.update(faulty)


def _schema_failures(
    table: TypedTable, instruments: Collection[str]
) -> list[tuple[str, np.ndarray, list[str], list[str]]]:
    """What breaks the schema. Only pandera says where, and its import costs half of that of pandas."""
    if keeps_schema(table.frame, table.spec, instruments):
        return []
    from kap_analysis.study.reading.schemas import schema_failures

    return schema_failures(table.frame, table.spec, instruments)


def _only(texts: list[str], kept: np.ndarray) -> list[str]:
    return [text for text, keep in zip(texts, kept, strict=True) if keep]


def finish_types(frame: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Give a checked frame its final types, and the declared columns that it lacks (all missing).

    Levels and yes_no become categorical, required whole numbers int64, other numbers float64, everything else text.
    """
    finished: dict[str, pd.Series] = {}
    for name, column in spec.columns.items():
        values = frame[name] if name in frame.columns else pd.Series(np.nan, index=frame.index)
        if column.type in ("level", "yes_no"):
            finished[name] = values.astype(pd.CategoricalDtype(list(column.level_names), ordered=column.ordered))
        elif column.type == "integer" and not column.empty:
            finished[name] = values.astype("int64")
        elif column.is_number:
            finished[name] = values.astype("float64")
        elif name in frame.columns:
            finished[name] = _text(values)
        else:
            finished[name] = pd.Series([None] * len(frame), index=frame.index, dtype=TEXT_DTYPE)
    extra = {name: frame[name] for name in frame.columns if name not in spec.columns}
    for name, values in extra.items():
        extra[name] = _text(values) if isinstance(values.dtype, pd.CategoricalDtype) else values
    return pd.DataFrame({**finished, **extra}, index=frame.index)


def _text(values: pd.Series) -> pd.Series:
    """Return a categorical as text, without a detour through Python objects."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype(TEXT_DTYPE)
    texts = values.cat.categories.array.take(values.cat.codes.to_numpy(), allow_fill=True)
    return pd.Series(texts, index=values.index, dtype=TEXT_DTYPE)


def empty_table(spec: TableSpec) -> pd.DataFrame:
    """Return the typed frame of an absent table: all declared columns, no rows."""
    return finish_types(pd.DataFrame(index=pd.RangeIndex(0)), spec)
