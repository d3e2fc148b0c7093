"""Subjects with the same visits and the same random-effects design have one pattern, and share their matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
WIDE = 64  # columns of a key from which on whole rows are compared
FEW = 1000  # rows up to which they are


def sort_by_pattern(keys: Array) -> tuple[Index, Index, Index]:
    """Subjects sorted by pattern: (order, starts of the patterns, one subject of each pattern)."""
    code = _codes_by_row(keys) if keys.shape[1] > WIDE or len(keys) <= FEW else _codes_by_column(keys)
    order = np.argsort(code, kind="stable")
    lead = np.flatnonzero(np.r_[True, code[order][1:] != code[order][:-1]])
    return order, np.r_[lead, len(keys)], order[lead]


def _codes_by_column(keys: Array) -> Index:
    """A number for each row that equal rows share; column by column, the least work for few columns of many rows."""
    code = np.zeros(len(keys), dtype=np.int64)
    for column in keys.T:
        if len(keys) and (column == column[0]).all():
            continue
        levels, own = np.unique(column, return_inverse=True)
        code = np.unique(code * len(levels) + own, return_inverse=True)[1].astype(np.int64)
    return code


def _codes_by_row(keys: Array) -> Index:
    """The same from the bytes of each row, for many columns or few rows."""
    found: dict[bytes, int] = {}
    return np.array([found.setdefault(row.tobytes(), len(found)) for row in keys + 0.0], dtype=np.int64)  # -0 is 0
