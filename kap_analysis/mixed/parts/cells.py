"""Which combinations of levels the parts hold: all that marginal means need of the rows, but for means of numbers.

A cell has the level of each factor of the fixed part, and the value of each number that has no more than two; where a
number has more, its place is empty, and its mean over all rows counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Columns

Cell = tuple[Any, ...]


def cells_of(columns: Columns, names: Iterable[str]) -> frozenset[Cell]:
    """The cells that some rows hold."""
    found = [_values(columns, name) for name in names]
    if not found:
        return frozenset()
    values, codes = zip(*found, strict=True)
    distinct = pd.DataFrame(dict(enumerate(codes)), index=range(len(columns.data))).drop_duplicates()
    places = distinct.to_numpy(dtype=np.intp)
    return frozenset(tuple(own[at] for own, at in zip(values, row, strict=True)) for row in places.tolist())


def _values(columns: Columns, name: str) -> tuple[tuple[Any, ...], NDArray[np.intp]]:
    """What stands in a column, and which of it in each row (n,)."""
    if columns.is_factor(name):
        labels = columns.labels(name)
        return labels.levels, np.asarray(labels.codes)
    numbers = columns.numbers(name)
    other = numbers[numbers != numbers[0]]
    codes = (numbers != numbers[0]).astype(np.intp)
    if len(other) and (other != other[0]).any():
        return (None,), np.zeros(len(numbers), dtype=np.intp)
    return tuple(_as_held(value, columns.column(name).dtype) for value in (numbers[0], *other[:1])), codes


def _as_held(value: float, dtype: Any) -> Any:
    """True and false as such, a whole number as one."""
    if pd.api.types.is_bool_dtype(dtype):
        return bool(value)
    return int(value) if pd.api.types.is_integer_dtype(dtype) else float(value)


def frame_of_cells(
    cells: frozenset[Cell], names: tuple[str, ...], factors: Mapping[str, tuple[Any, ...]], means: Mapping[str, float]
) -> pd.DataFrame:
    """One row per cell of all parts; a number that has more than two values stands at its mean."""
    columns: dict[str, list[Any]] = dict(zip(names, map(list, zip(*cells, strict=True)), strict=True))
    for name, mean in means.items():
        if len(set(columns[name])) > 2 or None in columns[name]:
            columns[name] = [mean] * len(cells)
    frame = pd.DataFrame(columns).drop_duplicates(ignore_index=True)
    for name, levels in factors.items():
        frame[name] = pd.Categorical(frame[name], categories=list(levels))
    return frame
