"""Any table as a pandas frame: pandas, polars, Arrow and what else narwhals knows."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from kap_analysis.mixed.errors import MixedModelError

#: Integers and booleans keep their type beside missing values: as floats, ids of 17 digits would become one another.
_EXACT = {
    pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype(),
}  # fmt: skip


def as_table(data: Any, what: str = "The data") -> pd.DataFrame:
    """A table as a pandas frame whose columns are named by text.

    Parameters
    ----------
    data
        A pandas or polars DataFrame, an Arrow table, or another table in memory that narwhals knows.
    what : str
        How to call it in a sentence.

    Raises
    ------
    MixedModelError
        Naming the type that was found.
    """
    if not isinstance(data, pd.DataFrame):
        data = _from_other(data, what)
    if all(isinstance(name, str) for name in data.columns):
        return data
    return data.set_axis([str(name) for name in data.columns], axis=1)


def _from_other(data: Any, what: str) -> pd.DataFrame:
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        kind = type(data)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}.{kind.__name__}"
        collected = " Call collect() on it first." if hasattr(data, "collect") else ""
        raise MixedModelError(f"{what} must be a table of pandas, polars or Arrow, found {name}.{collected}") from None
    # The categories of polars stand in the order in which any program part met them, which is no order of levels.
    unordered = [name for name, kind in frame.schema.items() if kind == nw.Categorical]
    if frame.implementation.is_polars() and unordered:
        frame = frame.with_columns(nw.col(*unordered).cast(nw.String))
    return frame.to_arrow().to_pandas(types_mapper=_EXACT.get, date_as_object=False)
