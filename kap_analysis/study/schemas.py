"""A pandera schema per table, made from the dictionary: missing cells, ranges, closed lists, keys."""

from collections.abc import Collection
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from kap_analysis.study.cells import expected_in
from kap_analysis.study.dictionary import ColumnSpec, TableSpec
from kap_analysis.study.nearest import nearest_name, nearest_names

_PERIOD: Final = r"^(19|20)[0-9]{2}-Q[1-4]$"
_NULL: Final = "not_nullable"


def table_schema(spec: TableSpec, present: Collection[str], instruments: Collection[str]) -> pa.DataFrameSchema:
    """Make the schema of one table, for the columns that are present.

    Parameters
    ----------
    spec : TableSpec
    present : collection of str
        Declared columns that the file has.
    instruments : collection of str
        Names of the known instruments.
    """
    columns = {
        name: pa.Column(checks=_checks(column, instruments), nullable=column.empty, coerce=False)
        for name, column in spec.columns.items()
        if name in present
    }
    return pa.DataFrameSchema(columns, strict=False)


def _checks(column: ColumnSpec, instruments: Collection[str]) -> list[pa.Check]:
    if column.is_number:
        return [] if column.min is None else [pa.Check.in_range(column.min, column.max)]
    if column.type in ("level", "yes_no"):
        return [_member(column.level_names)]
    if column.type == "instrument":
        return [_member(instruments)]
    if column.type == "measure":
        return [_member({*column.level_names, *instruments})]
    if column.type == "period":
        return [pa.Check(partial(_is_period), name="period")]
    return []


def _member(names: Collection[str]) -> pa.Check:
    return pa.Check.isin(list(names))


def _is_period(values: pd.Series) -> pd.Series:
    return values.str.match(_PERIOD).astype(bool)


def schema_failures(
    frame: pd.DataFrame, spec: TableSpec, instruments: Collection[str]
) -> list[tuple[str, np.ndarray, list[str], list[str]]]:
    """Check a typed frame against its schema, all columns at once.

    Returns
    -------
    list of tuple
        (column, positions, found, expected) of the cells that break it; positions count rows from 0.
    """
    schema = table_schema(spec, [name for name in frame.columns if name in spec.columns], instruments)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    failures = []
    for (name, check), alike in cases.groupby(["column", "check"], sort=False):
        column = spec.columns[name]
        positions = alike["index"].to_numpy(dtype=np.int64)
        if check == _NULL:
            found, expected = ["an empty cell"] * len(alike), [expected_in(column)] * len(alike)
        else:
            found = [_shown(value, column) for value in alike["failure_case"]]
            expected = [_expected(str(value), column, instruments) for value in alike["failure_case"]]
        failures.append((name, positions, found, expected))
    return failures


def _shown(value: object, column: ColumnSpec) -> str:
    if not column.is_number:
        return repr(str(value))
    number = float(str(value))
    if column.unit == "day" and (20_000 <= number <= 60_000 or 19_000_000 <= number <= 21_001_231):
        return "a number that looks like a date of a spreadsheet"
    return f"{number:.15g}"


def _expected(value: str, column: ColumnSpec, instruments: Collection[str]) -> str:
    if column.type in ("instrument", "measure"):
        near = nearest_names(value, [*column.level_names, *instruments])
    else:
        near = [name for name in [nearest_name(value, column.level_names)] if name]
    return expected_in(column) + (f" (did you mean {' or '.join(near)}?)" if near else "")


def key_failures(frame: pd.DataFrame, spec: TableSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of rows whose key stood before, and the position of the first row with that key.

    Columns of the key that are absent are left out of it, but for those that it needs: without them there are no
    failures. Two missing values are equal.
    """
    key = [name for name in spec.key if name in frame.columns]
    if not key or len(frame) == 0 or not set(spec.key_needs) <= set(frame.columns):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    shared = frame.duplicated(key, keep=False).to_numpy()
    if not shared.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    positions = np.flatnonzero(shared)
    same = frame.iloc[positions].groupby(key, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    first = pd.Series(positions).groupby(same).transform("first").to_numpy()
    again = positions != first
    return positions[again], first[again]
