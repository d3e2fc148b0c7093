"""Columns of a table, each read once: numbers as 64-bit floats, words as codes of their levels.

This is the only reader. What codes a column later, here or in formulaic, is given what it says. So a number means the
same as an 8-bit integer, a nullable, a decimal or an Arrow number, and a word means the same in every string type.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning, listed, nearest

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: From so many distinct values on pandas sorts them faster than Python does.
MANY = 5000
#: Floating-point numbers from here on are not all whole numbers: 2^53 + 1 is none.
EXACT = 2.0**53
#: Arrow types and what they are read as; integers stay exact, which ids of 17 digits need.
_PLAIN_TYPES = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_unsigned_integer, "UInt64"),
    (pa.types.is_integer, "Int64"),
    (pa.types.is_floating, "float64"),
    (pa.types.is_decimal, "float64"),
    (pa.types.is_string, object),
    (pa.types.is_large_string, object),
    (pa.types.is_null, "float64"),
)


@dataclass(frozen=True)
class Labels:
    """A column as codes.

    Attributes
    ----------
    codes : numpy.ndarray
        (n,) position of each value among the levels, -1 where it is missing.
    levels : tuple
        The categories in their order, or the distinct values sorted.
    """

    codes: Codes
    levels: tuple[Any, ...]


class Columns:
    """The columns of one table, read when they are asked for and kept."""

    def __init__(self, data: pd.DataFrame) -> None:
        self.data = data
        self._columns: dict[str, pd.Series] = {}
        self._labels: dict[str, Labels] = {}
        self._numbers: dict[str, Floats] = {}

    def column(self, name: str) -> pd.Series:
        """One column: numbers, true and false, categories or words."""
        if name not in self._columns:
            self._columns[name] = read_column(self.data[name])
        return self._columns[name]

    def require(self, names: Iterable[str]) -> None:
        """Raise unless every name is one column of the frame, of a kind that a model can use."""
        for name in names:
            if name not in self.data.columns:
                raise MixedModelError(f"There is no column {name!r} in the data. {nearest(name, self.data.columns)}")
            column = self.data[name]
            if isinstance(column, pd.DataFrame):
                raise MixedModelError(
                    f"The data have {column.shape[1]} columns named {name!r}, and the formula cannot tell them apart. "
                    "Rename them."
                )
            kind = _kind_of_no_use(column)
            if kind is not None:
                raise MixedModelError(
                    f"{name} holds values of type {kind}, which no model can use as they are. "
                    "Make a number of it, such as days since the first session."
                )

    def is_factor(self, name: str) -> bool:
        """Whether a column is coded by its levels."""
        return is_factor(self.column(name))

    def labels(self, name: str) -> Labels:
        """Any column as codes."""
        if name not in self._labels:
            self._labels[name] = read_labels(self.column(name))
        return self._labels[name]

    def numbers(self, name: str) -> Floats:
        """A column of numbers (n,), missing values as nan."""
        if name not in self._numbers:
            self._numbers[name] = self.column(name).to_numpy(dtype=float, na_value=np.nan)
        return self._numbers[name]

    def missing(self, name: str) -> Mask:
        """Where the column has no value (n,)."""
        if self.is_factor(name):
            return self.labels(name).codes < 0
        dtype = self.column(name).dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "iub":
            return np.zeros(len(self.data), dtype=bool)
        return np.isnan(self.numbers(name))


class Rows:
    """Some rows of a frame, with the levels that they have.

    Parameters
    ----------
    columns : Columns
        The whole frame.
    kept : numpy.ndarray, optional
        Which rows (n,); all of them where it is not given.
    used : iterable of str, optional
        The columns of `frame`; all of them where it is not given.
    """

    def __init__(self, columns: Columns, kept: Mask | None = None, used: Iterable[str] | None = None) -> None:
        self.columns = columns
        self.kept = None if kept is None or kept.all() else kept
        self.used = list(columns.data.columns if used is None else used)
        self._labels: dict[str, Labels] = {}

    @classmethod
    def of(cls, data: pd.DataFrame) -> Rows:
        """All rows of a frame."""
        return cls(Columns(data))

    def __len__(self) -> int:
        return len(self.columns.data) if self.kept is None else int(self.kept.sum())

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows with the columns in use; a categorical has the categories that are observed."""
        data = self.columns.data
        frame = data[self.used] if self.kept is None else data.loc[self.kept, self.used]
        pruned: dict[str, Any] = {}
        for name in self.used:
            dtype = self.columns.column(name).dtype
            if isinstance(dtype, pd.CategoricalDtype):
                levels = self.labels(name).levels
                if len(levels) < len(dtype.categories):
                    pruned[name] = frame[name].cat.set_categories(levels)
        return frame.assign(**pruned) if pruned else frame

    def is_factor(self, name: str) -> bool:
        """Whether a column is coded by its levels."""
        return self.columns.is_factor(name)

    def numbers(self, name: str) -> Floats:
        """A column of numbers (n,)."""
        values = self.columns.numbers(name)
        return values if self.kept is None else values[self.kept]

    def labels(self, name: str) -> Labels:
        """A column as codes of the levels that these rows have."""
        if name not in self._labels:
            whole = self.columns.labels(name)
            codes = whole.codes if self.kept is None else whole.codes[self.kept]
            codes, old = compress(codes, len(whole.levels))
            levels = whole.levels if len(old) == len(whole.levels) else tuple(whole.levels[i] for i in old)
            self._labels[name] = Labels(codes, levels)
        return self._labels[name]

    def warn_of_lost_levels(self, names: Iterable[str]) -> None:
        """One warning per factor that has levels which none of these rows has."""
        for name in names:
            here = set(self.labels(name).levels)
            lost = [level for level in self.columns.labels(name).levels if level not in here]
            if lost:
                what = f"level {lost[0]!r} of {name} is" if len(lost) == 1 else f"levels {listed(lost)} of {name} are"
                warnings.warn(
                    f"The {what} never observed in the {len(self)} rows that are used, and left out of the model.",
                    MixedModelWarning,
                    stacklevel=4,  # where mixedlm is called
                )


def _kind_of_no_use(column: pd.Series) -> str | None:
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


def label_text(value: Any) -> str:
    """A label as text: 308 and 308.0 are the patient "308"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def positions(column: pd.Series, levels: tuple[Any, ...]) -> Codes:
    """Position of each value among `levels`, -1 where it is missing or not one of them.

    A label is compared as text where it is not equal as it stands: a table that was read afresh may hold "308" for 308.
    """
    codes, values = pd.factorize(read_column(column))
    known = {label_text(level): at for at, level in enumerate(levels)} | {level: at for at, level in enumerate(levels)}
    found = [known.get(value, known.get(label_text(value), -1)) for value in np.asarray(values).tolist()]
    return np.array([*found, -1], dtype=np.intp)[codes]


def read_labels(column: pd.Series) -> Labels:
    """A column as codes, levels in the order of its categories or sorted; whole numbers as 3, not as 3.0."""
    labels = _labels(read_column(column))
    numbers = labels.levels if labels.levels and isinstance(labels.levels[0], float) else ()
    if numbers and all(level.is_integer() and abs(level) < EXACT for level in numbers):
        return Labels(labels.codes, tuple(int(level) for level in labels.levels))
    return labels


def _labels(column: pd.Series) -> Labels:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return Labels(column.cat.codes.to_numpy().astype(np.intp), tuple(column.cat.categories.tolist()))
    numbered = _whole_numbers(column)
    if numbered is not None:
        return numbered
    plain = isinstance(column.dtype, np.dtype)
    try:
        codes, values = pd.factorize(column.to_numpy() if plain else column.array, sort=False)
    except TypeError:
        raise MixedModelError(
            f"{column.name} holds values that are neither numbers nor words, such as lists."
        ) from None
    levels = np.asarray(values).tolist()
    try:
        order = _sorted_order(levels) if len(levels) < MANY else np.asarray(pd.Index(values).argsort(), dtype=np.intp)
    except TypeError:
        kinds: dict[str, Any] = {}
        for value in levels:
            kinds.setdefault(type(value).__name__, value)
        raise MixedModelError(
            f"{column.name} mixes kinds of values that have no order: "
            f"{', '.join(f'{value!r} ({kind})' for kind, value in kinds.items())}. Make them all text or all numbers."
        ) from None
    rank = np.empty(len(order) + 1, dtype=np.intp)
    rank[order] = np.arange(len(order))
    rank[-1] = -1
    return Labels(rank[codes], tuple(levels[i] for i in order.tolist()))


def _sorted_order(levels: list[Any]) -> Codes:
    return np.array(sorted(range(len(levels)), key=levels.__getitem__), dtype=np.intp)


def _whole_numbers(column: pd.Series) -> Labels | None:
    """Numbers without fractions in a narrow range, such as the numbers of patients: no sorting, no hashing."""
    if not isinstance(column.dtype, np.dtype) or column.dtype.kind not in "iuf" or not len(column):
        return None
    if column.dtype == np.uint64:
        return None
    values = column.to_numpy()
    if column.dtype.kind in "iu":
        values = values.astype(np.int64)
    low, high = (np.nanmin(values), np.nanmax(values)) if not np.isnan(values).all() else (0, 0)
    # In Python's numbers: the width of all 64-bit integers is itself no 64-bit integer.
    if not (np.isfinite(low) and np.isfinite(high)) or int(high) - int(low) > 4 * len(values) + 1024:
        return None
    shifted = values - low
    missing = np.isnan(values) if column.dtype.kind == "f" else None
    if missing is not None:
        shifted[missing] = -1
    whole = shifted.astype(np.intp)
    if missing is not None and (whole != shifted).any():
        return None
    codes, old = compress(whole, int(high - low) + 1)
    return Labels(codes, tuple((old + low).tolist()))


def compress(codes: Codes, size: int, active: Mask | None = None) -> tuple[Codes, Codes]:
    """Codes without gaps (-1 where missing or not active), and the old code of each new one."""
    kept = codes if active is None else np.where(active, codes, -1)
    used = np.zeros(size + 1, dtype=bool)
    used[kept] = True
    old = np.flatnonzero(used[:size])
    if len(old) == size:
        return kept, old
    renumber = np.full(size + 1, -1, dtype=np.intp)
    renumber[old] = np.arange(len(old))
    return renumber[kept], old
