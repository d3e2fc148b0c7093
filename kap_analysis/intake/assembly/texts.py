"""Values of a study as texts: numbers in their shortest form, missing as empty; and which rows say the same."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kap_analysis.intake.values import on_distinct


def texts_of(values: pd.Series) -> np.ndarray:
    """Return a column as the texts of a study."""
    return on_distinct(values.to_numpy(), _plain, missing="")


def distinct_rows(columns: Iterable[pd.Series]) -> tuple[np.ndarray, np.ndarray]:
    """Number the rows of some columns, alike rows by one number.

    Returns
    -------
    numpy.ndarray, numpy.ndarray
        The number of each row, from 0 as they come; and the position of the first row of each number.
    """
    numbers: np.ndarray | None = None
    for column in columns:
        codes, distinct = pd.factorize(column)
        pairs = codes if numbers is None else numbers * (len(distinct) + 1) + codes
        numbers, _ = pd.factorize(pairs)
    if numbers is None or not len(numbers):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    first = np.empty(numbers.max() + 1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]
    return numbers, first


def _plain(value: object) -> str:
    """Return a cell of a study as text: numbers in their shortest form, missing as empty."""
    if value is None or value != value or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating | int | np.integer):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(round(number, 6))
    return str(value)
