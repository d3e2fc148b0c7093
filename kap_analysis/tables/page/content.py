"""The content of a table, whatever file it is written to."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pandas as pd

from kap_analysis.errors import TableError
from kap_analysis.tables.page.layout import Layout

AUTHOR: Final = "kap_analysis"
WRITTEN: Final = datetime(2000, 1, 1)
"""Who wrote a file and when, for formats that say so: the date never changes, so that equal tables are equal files."""


@dataclass(frozen=True, eq=False)
class TableContent:
    """The text of a table, laid out for readers, beside the numbers it came from.

    Attributes
    ----------
    name : str
        Short name in letters, digits, ``-`` and ``_``: file name and HTML id.
    title : str
        One line above the table, without a number.
    cells : pandas.DataFrame
        Formatted text, one column per key of the layout (and the key that groups rows), one row per line.
    layout : Layout
        Columns, spanners and row groups.
    notes : tuple of str
        Sentences below the table: abbreviations, sources, what a mark means.
    raw : pandas.DataFrame
        The unrounded numbers behind the cells, for ``to_csv``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED`` or ``PRIVATE``; empty for none.
    number : str
        Its number in a manuscript, such as ``Table 2``; empty for none.
    """

    name: str
    title: str
    cells: pd.DataFrame = field(repr=False)
    layout: Layout = field(repr=False)
    notes: tuple[str, ...] = ()
    raw: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    stamp: str = ""
    number: str = ""

    def __post_init__(self) -> None:
        wanted = (*self.layout.keys, *((self.layout.groups,) if self.layout.groups else ()))
        lacking = [key for key in wanted if key not in self.cells.columns]
        if lacking:
            raise TableError(f"The table {self.name!r} has no cells for {', '.join(lacking)}.")
        if self.cells.empty:
            raise TableError(f"The table {self.name!r} would have no rows: there is nothing to show.")

    @property
    def heading(self) -> str:
        """The title behind its manuscript number: ``Table 2. Baseline by format``."""
        return f"{self.number}. {self.title}" if self.number else self.title

    def row_groups(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """The rows as (group heading, rows of text), groups in the order in which they first appear."""
        keys = list(self.layout.keys)
        groups: dict[str, list[tuple[str, ...]]] = {}
        names = self.cells[self.layout.groups] if self.layout.groups else [""] * len(self.cells)
        for name, row in zip(names, self.cells[keys].itertuples(index=False), strict=True):
            groups.setdefault(str(name), []).append(tuple(str(cell) for cell in row))
        return list(groups.items())
