"""Columns of a table, each read once: numbers as 64-bit floats, words as codes of their levels."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.column_types import is_factor, read_column, useless_type
from kap_analysis.mixed.design.labels import Labels, Mask, compress, read_labels
from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning, listed, nearest

Floats = NDArray[np.float64]


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

    def require(self, names: Iterable[str], ids: Collection[str] = ()) -> None:
        """Raise unless every name is one column of the frame, of a kind that a model can use; `ids` name groups."""
        for name in names:
            if name not in self.data.columns:
                raise MixedModelError(f"There is no column {name!r} in the data. {nearest(name, self.data.columns)}")
            column = self.data[name]
            if isinstance(column, pd.DataFrame):
                raise MixedModelError(
                    f"The data have {column.shape[1]} columns named {name!r}, and the formula cannot tell them apart. "
                    "Rename them."
                )
            kind = useless_type(column)
            if kind is not None:
                remedy = "text of it" if name in ids else "a number of it, such as days since the first session"
                raise MixedModelError(
                    f"{name} holds values of type {kind}, which no model can use as they are. Make {remedy}."
                )

    def check_stored(self, name: str) -> None:
        """Raise where a column that is meant as it stands holds numbers as objects: neither numbers nor words."""
        if self.column(name).dtype == object and not isinstance(self.labels(name).levels[0], str | bool):
            raise MixedModelError(
                f"{name} holds numbers stored as objects, such as {self.labels(name).levels[0]!r}. Convert it with "
                f"pandas.to_numeric, or write C({name}) if they are labels."
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
    """Some rows of a table, with the levels that these rows have.

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
        if data.columns.is_unique:  # by position takes a third of the time
            places: list[Any] = [data.columns.get_loc(name) for name in self.used]
            frame = data.take(places, axis=1)
        else:
            frame = data[self.used]
        frame = frame if self.kept is None else frame[self.kept]
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
            self._labels[name] = replace(whole, codes=codes, levels=levels)
        return self._labels[name]

    def warn_of_lost_levels(self, names: Iterable[str]) -> None:
        """One warning per factor that has levels which none of these rows has."""
        for name in names:
            here = set(self.labels(name).levels)
            whole = self.columns.labels(name)
            lost = [level for level in whole.levels if level not in here]
            if lost:
                n = int(np.isin(whole.codes, [at for at, level in enumerate(whole.levels) if level not in here]).sum())
                why = (
                    f" Each of {'its' if len(lost) == 1 else 'their'} {n:,} rows lacks a value that the formula needs."
                )
                what = f"level {lost[0]!r} of {name} is" if len(lost) == 1 else f"levels {listed(lost)} of {name} are"
                warnings.warn(
                    f"The {what} never observed in the {len(self)} rows that are used, and left out of the model."
                    + (why if n else ""),
                    MixedModelWarning,
                    stacklevel=4,  # where mixedlm is called
                )
