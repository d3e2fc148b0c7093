"""What a column of a table is: numbers, true and false, categories, words, or nothing that a model can use.

This is the only reader. What codes a column later, here or in formulaic, is given what it says. So a number means the
same as an 8-bit integer, a nullable, a decimal or an Arrow number, and a word means the same in every string type.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

#: Arrow types and what they are read as; integers stay exact, which ids of 17 digits need.
_PLAIN_TYPES = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_unsigned_integer, "UInt64"),
    (pa.types.is_integer, "Int64"),
    (pa.types.is_float16, "float16"),
    (pa.types.is_float32, "float32"),
    (pa.types.is_float64, "float64"),
    (pa.types.is_decimal, "float64"),
    (pa.types.is_string, object),
    (pa.types.is_large_string, object),
    (pa.types.is_null, "float64"),
)


def useless_type(column: pd.Series) -> str | None:
    """The type of a column that is neither numbers nor words: dates, durations, complex numbers, bytes."""
    if getattr(column.dtype, "kind", "O") in "mMc" or isinstance(column.dtype, pd.PeriodDtype):
        return str(column.dtype)
    if column.dtype != object:
        return None
    kind = pd.api.types.infer_dtype(column, skipna=True)
    return kind if kind in ("date", "datetime", "time", "timedelta", "period", "complex", "bytes") else None


def read_column(column: pd.Series) -> pd.Series:
    """A column in a type of NumPy or pandas: Arrow types, decimals, and true and false among missing values."""
    if isinstance(column.dtype, pd.ArrowDtype):
        column = _from_arrow(column)
    elif isinstance(column.dtype, pd.SparseDtype):
        column = pd.Series(np.asarray(column), column.index, name=column.name)
    if column.dtype != object:
        return column
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "boolean":
        return column.astype("boolean")
    return pd.to_numeric(column.astype("float64")) if kind == "decimal" else column


def _from_arrow(column: pd.Series) -> pd.Series:
    assert isinstance(column.dtype, pd.ArrowDtype)
    stored = column.dtype.pyarrow_dtype
    if pa.types.is_dictionary(stored):
        return pd.Series(column.array.__arrow_array__().to_pandas().array, column.index, name=column.name)
    for suits, plain in _PLAIN_TYPES:
        if suits(stored):
            return column.astype(plain)  # type: ignore[arg-type]
    return column


def is_factor(column: pd.Series) -> bool:
    """Whether a column is coded by its levels: words and categories are; numbers, true and false are numbers."""
    return not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype))
