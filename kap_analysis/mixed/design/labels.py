"""Labels: words and ids as codes of their levels. No label is ever made a floating-point number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.column_types import read_column
from kap_analysis.mixed.errors import MixedModelError

Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]

#: From so many distinct values on pandas sorts them faster than Python does.
MANY = 5000


@dataclass(frozen=True)
class Labels:
    """A column as codes.

    Attributes
    ----------
    codes : numpy.ndarray
        (n,) position of each value among the levels, -1 where it is missing.
    levels : tuple
        The categories in their order, or the distinct values sorted.
    exact : bool
        False where numbers are so large that their floating-point type does not tell neighbours apart.
    """

    codes: Codes
    levels: tuple[Any, ...]
    exact: bool = True


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
    column = read_column(column)
    labels = _labels(column)
    if getattr(column.dtype, "kind", "O") != "f":
        return labels
    numbers = [float(level) for level in labels.levels]
    # 52 of 64 bits hold the digits behind the first: 2^53 + 1 is no floating-point number.
    limit = 2.0 ** (np.finfo(getattr(column.dtype, "numpy_dtype", column.dtype)).nmant + 1)
    if any(abs(number) >= limit for number in numbers):
        return replace(labels, exact=False)
    whole = all(number.is_integer() for number in numbers)
    return replace(labels, levels=tuple(int(number) for number in numbers)) if whole else labels


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
