"""What a figure expects of a frame, checked before anything is drawn."""

from functools import partial

import numpy as np
import pandas as pd

from kap_analysis import result_frames
from kap_analysis.columns import FORMAT, FORMATS, NO_FORMAT
from kap_analysis.errors import FigureError
from kap_analysis.writing.sentences import join_words

_NO_FORMATS = {"all", NO_FORMAT}
"""Values of the column ``format`` that stand for everybody, or for patients without a format."""

checked_frame = partial(result_frames.checked_frame, error=FigureError)
given_frame = partial(result_frames.given_frame, error=FigureError)


def formats_in(frame: pd.DataFrame, *, caller: str, at_least: int = 1) -> list[str]:
    """The formats of the frame in the order individual, group, mixed.

    Raises
    ------
    FigureError
        If a value is no format, or fewer formats than ``at_least`` occur.
    """
    found = {str(value) for value in frame[FORMAT].dropna().unique()}
    unknown = sorted(found - set(FORMATS) - _NO_FORMATS)
    if unknown:
        raise FigureError(f"{caller} found the format {join_words(unknown)}; formats are {join_words(FORMATS)}.")
    present: list[str] = [name for name in FORMATS if name in found]
    if len(present) < at_least:
        only = f"only {join_words(present)}" if present else "none"
        raise FigureError(f"{caller} compares formats and needs {at_least} of them, found {only}.")
    return present


def check_positive(value: float | None, what: str) -> None:
    """Refuse a number that is not above 0, if one was given; ``what`` begins the sentence of the error."""
    if value is not None and not value > 0:
        raise FigureError(f"{what}, not {value!r}.")


def rows_of(frame: pd.DataFrame, care_format: str) -> pd.DataFrame:
    """The rows of one format."""
    return frame[frame[FORMAT].astype(str) == care_format]


def numbers_of(frame: pd.DataFrame, column: str) -> np.ndarray:
    """One column as floats, missing values as NaN."""
    return frame[column].to_numpy(dtype=float, na_value=np.nan)
