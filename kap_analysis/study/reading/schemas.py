"""A pandera schema per table, made from the dictionary: missing cells, ranges, closed lists."""

from collections.abc import Collection
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from kap_analysis.study.contract.dictionary import ColumnSpec, TableSpec
from kap_analysis.study.reading.cells import ANOTHER_INSTRUMENT, expected_in
from kap_analysis.study.reading.quick_check import PERIOD, closed_list
from kap_analysis.suggestions import nearest_name

_NULL: Final = "not_nullable"
#: A longer number may be that of a telephone or a record, and is not quoted.
_DIGITS_OF_AN_ID: Final = 8
#: A column with more wrong names than this was not mistyped: it holds something else, and nothing nearer is offered.
_MOST_MISTYPED: Final = 100


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
    if column.type == "period":
        return [pa.Check(partial(_is_period), name="period")]
    names = closed_list(column, instruments)
    return [] if names is None else [pa.Check.isin(sorted(names))]


def _is_period(values: pd.Series) -> pd.Series:
    return values.str.match(PERIOD).astype(bool)


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
            wrong = [str(value) for value in alike["failure_case"]]
            meant = _meant(set(wrong), column, instruments)
            otherwise = ANOTHER_INSTRUMENT if column.type in ("instrument", "measure") else ""
            expected = [expected_in(column) + meant.get(value, otherwise) for value in wrong]
        failures.append((name, positions, found, expected))
    return failures


def _shown(value: object, column: ColumnSpec) -> str:
    if not column.is_number:
        return repr(str(value))
    number = float(str(value))
    if column.unit == "day" and (20_000 <= number <= 60_000 or 19_000_000 <= number <= 21_001_231):
        return "a number that looks like a date of a spreadsheet"
    digits = f"{abs(number):.0f}"
    return f"a number of {len(digits)} digits" if len(digits) >= _DIGITS_OF_AN_ID else f"{number:.15g}"


def _meant(wrong: set[str], column: ColumnSpec, instruments: Collection[str]) -> dict[str, str]:
    """For each wrong name the known one that it is a misspelling of, in the words of a message."""
    if column.is_number or len(wrong) > _MOST_MISTYPED:
        return {}
    known = [*column.level_names, *(instruments if column.type in ("instrument", "measure") else ())]
    near = {value: nearest_name(value, known) for value in wrong}
    return {value: f" (did you mean {name}?)" for value, name in near.items() if name}
