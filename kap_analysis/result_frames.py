"""What a figure or a table expects of the frame of a result, checked before anything is drawn or written."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kap_analysis.errors import NothingToShowError
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.sentences import join_words


def checked_frame(
    frame: Any, columns: Sequence[str], *, name: str, caller: str, error: type[Exception], may_be_empty: bool = False
) -> pd.DataFrame:
    """The frame with a plain index, if it is one, has the columns and has rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        What the caller passed.
    columns : sequence of str
        Columns that are shown.
    name, caller : str
        The keyword and the function, for the error.
    error : type
        What is raised: a ``FigureError`` or a ``TableError``.
    may_be_empty : bool
        For figures and tables that say in words that there is nothing to show.

    Raises
    ------
    error
        If it is no frame or lacks a column.
    NothingToShowError
        If it has no rows where it must have some.
    """
    if not isinstance(frame, pd.DataFrame):
        raise error(f"{caller} expected a DataFrame for {name}=, found {type(frame).__name__}.")
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        found = ", ".join(str(column) for column in frame.columns) or "no columns"
        noun = "columns" if len(lacking) > 1 else "column"
        raise error(f"{caller} needs the {noun} {join_words(lacking)} in {name}=; found {found}.")
    if frame.empty and not may_be_empty:
        raise NothingToShowError(
            f"{caller} has nothing to show: {name}= has no rows (for a public study they may have been withheld)."
        )
    return _visible_words(frame.reset_index(drop=True))


def _visible_words(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, whose words hold nothing that cannot be seen: no escape, no change of direction."""
    changed: dict[str, Any] = {}
    for column in frame.columns:
        values = frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            names = {name: visible(name) for name in values.cat.categories if isinstance(name, str)}
            if any(name != shown for name, shown in names.items()):
                changed[column] = values.cat.rename_categories(names)
        elif not pd.api.types.is_numeric_dtype(values.dtype):
            words = values.tolist()
            shown = [visible(word) if isinstance(word, str) else word for word in words]
            if any(word is not seen for word, seen in zip(words, shown, strict=True)):
                changed[column] = shown
    return frame.assign(**changed)


def given_frame(
    frame: Any, columns: Sequence[str], *, name: str, caller: str, error: type[Exception]
) -> pd.DataFrame | None:
    """As :func:`checked_frame`, for a frame that may be left out; an empty one counts as left out."""
    if frame is None or is_empty_frame(frame):
        return None
    return checked_frame(frame, columns, name=name, caller=caller, error=error)


def is_empty_frame(frame: Any) -> bool:
    """Whether a frame was given and has no rows: for a list of events that is an answer, not a mistake."""
    return isinstance(frame, pd.DataFrame) and frame.empty


def levels_of(values: pd.Series) -> list[Any]:
    """Distinct values: in the order of the categories if there are any, else in the order of appearance."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna().unique())
        return [level for level in values.cat.categories if level in present]
    return list(values.dropna().unique())
