"""Patients by format: which formats occur, in which order they stand, and words for what was not recorded."""

from typing import Final

import pandas as pd

from kap_analysis.columns import FORMAT, FORMATS, NO_FORMAT

NOT_RECORDED: Final = "not recorded"


def formats_present(formats: pd.Series) -> tuple[str, ...]:
    """The formats that occur in a column: individual, group, mixed, and those without one where they are named."""
    found = set(formats.dropna().astype("str"))
    return tuple(name for name in (*FORMATS, NO_FORMAT) if name in found)


def in_format(name: object) -> str:
    """ "in group format", "without a format"."""
    return NO_FORMAT if name == NO_FORMAT else f"in {name} format"


def in_format_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order "all", individual, group, mixed, without a format; rows of one format keep theirs."""
    order = ("all", *FORMATS, NO_FORMAT)
    return frame.sort_values(FORMAT, key=lambda formats: formats.astype("str").map(order.index), kind="stable")


def parts_by_format(frame: pd.DataFrame, formats: pd.Series) -> list[tuple[str, pd.DataFrame]]:
    """All rows under the name "all", then the rows of each format that occurs."""
    words = formats.astype("object").astype("str")
    return [("all", frame), *((name, frame[words == name]) for name in formats_present(formats))]


def recorded_words(values: pd.Series) -> pd.Series:
    """A column as text, with "not recorded" where it is missing."""
    return values.astype("object").fillna(NOT_RECORDED).astype("str")
