"""The response and the weights of a design."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Columns, Rows
from kap_analysis.mixed.errors import MixedModelError, numbers_of
from kap_analysis.mixed.formula.formula import Factor, Part

Array = NDArray[np.float64]


def read_response(response: Factor, columns: Columns, rows: Rows) -> Array:
    """The response (n,): a column of numbers, or an expression such as `log(score)` or `score - baseline`.

    Raises
    ------
    MixedModelError
        When it is not a number, infinite, or the same in all rows.
    """
    text = response.text
    if response.kind == "column":
        check_is_number(text, columns, f"The response {text}")
        y = rows.numbers(text).copy()
    else:
        _, matrix = make_coding(Part(text, ((response,),)), rows)
        if matrix.shape[1] != 1:
            raise MixedModelError(f"The response {text} gives {matrix.shape[1]} columns; one is expected.")
        y = matrix[:, 0].copy()
    strange = np.flatnonzero(~np.isfinite(y))
    if len(strange):
        raise MixedModelError(
            f"The response {text} is {y[strange[0]]:g} in {_rows(len(strange))} (first at row "
            f"{rows.frame.index[strange[0]]!r}). Correct these values or make them missing."
        )
    if np.ptp(y) == 0:
        where = "the only row that is used" if len(y) == 1 else f"all {len(y)} rows that are used"
        raise MixedModelError(f"The response {text} is {y[0]:g} in {where}: there is nothing to explain.")
    return y


def check_is_number(name: str, columns: Columns, what: str) -> None:
    """Raise when a column that should be numbers is not."""
    if not columns.is_factor(name):
        return
    column = columns.column(name).dropna()
    numbers = pd.to_numeric(column.astype(object), errors="coerce")
    odd = column[numbers.isna().to_numpy()]
    if len(odd):
        found = (
            f"{odd.iloc[0]!r} in {len(odd)} of {_rows(len(column))}" if len(odd) < len(column) else repr(odd.iloc[0])
        )
        raise MixedModelError(f"{what} must be a number, found {found} (type {column.dtype}).")
    raise MixedModelError(
        f"{what} must be a number, found numbers stored as {column.dtype}. Convert it with pandas.to_numeric."
    )


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def read_weights(weights: str | ArrayLike | None, columns: Columns, rows: Rows) -> Array | None:
    """The precision weights of the rows (n,), or None.

    Raises
    ------
    MixedModelError
        When there is not one for each row of the data, or one of the rows that are used has none above 0.
    """
    if weights is None:
        return None
    if isinstance(weights, str):
        check_is_number(weights, columns, f"The weight {weights}")
        values = columns.numbers(weights)
    else:
        values = _as_weights(weights, columns.data)
    values = values.copy() if rows.kept is None else values[rows.kept]
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(wrong):
        shown = "missing" if np.isnan(values[wrong[0]]) else f"{values[wrong[0]]:g}"
        raise MixedModelError(
            f"Weights must be finite and above 0; found others in {_rows(len(wrong))} (first: {shown} at row "
            f"{rows.frame.index[wrong[0]]!r}). Leave these rows out, or give them a weight."
        )
    return values


def _as_weights(weights: Any, data: pd.DataFrame) -> Array:
    if isinstance(weights, pd.Series) and len(weights) == len(data) and not weights.index.equals(data.index):
        raise MixedModelError(
            "The weights are a Series with another index than the data. Give them the index of the data."
        )
    values = numbers_of(weights, "Weights by row")
    if values.shape != (len(data),):
        shape = " by ".join(map(str, values.shape)) or "one number"
        raise MixedModelError(f"The weights must be one per row of the data ({len(data)}), found {shape}.")
    return values
