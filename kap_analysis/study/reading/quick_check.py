"""Quick checks of a typed table: whether it keeps its schema, and which rows repeat a key.

Where the schema is not kept, `schemas` asks pandera for the cells.
"""

import re
from collections.abc import Collection
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.study.contract.dictionary import ColumnSpec, TableSpec

PERIOD: Final = r"^(19|20)[0-9]{2}-Q[1-4]$"


def closed_list(column: ColumnSpec, instruments: Collection[str]) -> frozenset[str] | None:
    """The names that may stand in a column; None where other texts may."""
    if column.type in ("level", "yes_no"):
        return frozenset(column.level_names)
    if column.type == "instrument":
        return frozenset(instruments)
    if column.type == "measure":
        return frozenset(column.level_names) | frozenset(instruments)
    return None


def keeps_schema(frame: pd.DataFrame, spec: TableSpec, instruments: Collection[str]) -> bool:
    """Whether no cell of a typed frame breaks the schema of its table."""
    declared = (spec.columns[name] for name in frame.columns if name in spec.columns)
    return all(_column_keeps(frame[column.name], column, instruments) for column in declared)


def _column_keeps(values: pd.Series, column: ColumnSpec, instruments: Collection[str]) -> bool:
    present = values.dropna()
    if not column.empty and len(present) < len(values):
        return False
    if len(present) == 0:
        return True
    if column.is_number:
        return column.min is None or column.max is None or bool(present.between(column.min, column.max).all())
    names = closed_list(column, instruments)
    if names is None and column.type != "period":
        return True
    texts = present.unique()
    return all(text in names for text in texts) if names is not None else all(re.match(PERIOD, t) for t in texts)


def repeated_keys(frame: pd.DataFrame, spec: TableSpec) -> tuple[np.ndarray, np.ndarray]:
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
