"""What a figure expects of a frame, checked before anything is drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMAT, FORMATS
from kap_analysis.errors import FigureError
from kap_analysis.writing.figure_numbers import listed

_NO_FORMATS = {"all", "not known"}
"""Values of the column ``format`` that stand for everybody, or for patients whose format nobody recorded."""


def checked_frame(
    frame: pd.DataFrame, columns: Sequence[str], *, name: str, figure: str, may_be_empty: bool = False
) -> pd.DataFrame:
    """The frame with a plain index, if it has the columns and at least one row.

    Parameters
    ----------
    frame : pandas.DataFrame
        What the caller passed.
    columns : sequence of str
        Columns that the figure draws.
    name, figure : str
        The keyword and the function, for the error.
    may_be_empty : bool
        For figures that say quietly that there is nothing to draw.

    Raises
    ------
    FigureError
        If it is no frame, lacks a column, or is empty where it may not be.
    """
    if not isinstance(frame, pd.DataFrame):
        raise FigureError(f"{figure} expected a DataFrame for {name}=, not {type(frame).__name__}.")
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        found = ", ".join(str(column) for column in frame.columns) or "no columns"
        raise FigureError(
            f"{figure} needs the column{'s' if len(missing) > 1 else ''} {listed(missing)} in {name}=, found {found}."
        )
    if frame.empty and not may_be_empty:
        raise FigureError(f"{figure} has nothing to draw: {name}= has no rows.")
    return frame.reset_index(drop=True)


def given_frame(frame: pd.DataFrame | None, columns: Sequence[str], *, name: str, figure: str) -> pd.DataFrame | None:
    """As :func:`checked_frame`, for a frame that may be left out; an empty one counts as left out."""
    if frame is None or (isinstance(frame, pd.DataFrame) and frame.empty):
        return None
    return checked_frame(frame, columns, name=name, figure=figure)


def formats_in(frame: pd.DataFrame, *, figure: str, at_least: int = 1) -> list[str]:
    """The formats of the frame in the order individual, group, mixed.

    Raises
    ------
    FigureError
        If a value is no format, or fewer formats than ``at_least`` occur.
    """
    found = {str(value) for value in frame[FORMAT].dropna().unique()}
    unknown = sorted(found - set(FORMATS) - _NO_FORMATS)
    if unknown:
        raise FigureError(f"{figure} found the format {listed(unknown)}; formats are {listed(FORMATS)}.")
    present: list[str] = [name for name in FORMATS if name in found]
    if len(present) < at_least:
        only = f"only {listed(present)}" if present else "none"
        raise FigureError(f"{figure} compares formats and needs {at_least} of them, found {only}.")
    return present


def rows_of(frame: pd.DataFrame, care_format: str) -> pd.DataFrame:
    """The rows of one format."""
    return frame[frame[FORMAT].astype(str) == care_format]


def levels_of(values: pd.Series) -> list[Any]:
    """Distinct values: in the order of the categories if there are any, else in the order of appearance."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna().unique())
        return [level for level in values.cat.categories if level in present]
    return list(values.dropna().unique())


def numbers_of(frame: pd.DataFrame, column: str) -> np.ndarray:
    """One column as floats, missing values as NaN."""
    return frame[column].to_numpy(dtype=float, na_value=np.nan)
