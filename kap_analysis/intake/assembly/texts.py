"""Values of a study as texts: numbers in their shortest form, missing as empty."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kap_analysis.intake.values import on_distinct


def texts_of(values: pd.Series) -> np.ndarray:
    """Return a column as the texts of a study."""
    return on_distinct(values.to_numpy(dtype=object), _plain, missing="")


def joined(columns: Iterable[np.ndarray]) -> np.ndarray:
    """Return one text per row, made of the texts of several columns."""
    first, *others = columns
    whole = first
    for column in others:
        whole = whole + "\x1f" + column
    return whole


def _plain(value: object) -> str:
    """Return a cell of a study as text: numbers in their shortest form, missing as empty."""
    if value is None or value != value or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating | int | np.integer):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(round(number, 6))
    return str(value)
