"""Columns that a form renamed from one version to the next: one thing, of which each row fills one name at most."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import on_distinct


def filled(table: SourceTable, column: str, missing: Collection[str]) -> np.ndarray:
    """Whether each row has a value in a column, which is neither empty nor a code for missing."""
    return on_distinct(table.cells[column], lambda text: text != "" and text.lower() not in missing).astype(bool)


def with_renamed(
    table: SourceTable, renamed: Mapping[str, str], missing: Collection[str]
) -> tuple[SourceTable, dict[str, np.ndarray]]:
    """Fill a column where it is empty from those that stand for it.

    Parameters
    ----------
    renamed : mapping of str to str
        Column -> the column that it stands for; columns that are not in the table are passed over.
    missing : collection of str
        Texts, in small letters, that stand for a missing value.

    Returns
    -------
    SourceTable, dict of str to numpy.ndarray
        The table; and column -> positions of the rows in which it and the other are filled, and differ.
    """
    cells = dict(table.cells)
    both: dict[str, np.ndarray] = {}
    for column, other in renamed.items():
        if column in cells and other in cells:
            now = replace(table, cells=cells)
            here, there = filled(now, column, missing), filled(now, other, missing)
            both[column] = np.flatnonzero(here & there & (cells[column] != cells[other]))
            cells[other] = np.where(here & ~there, cells[column], cells[other])
    return replace(table, cells=cells), both
