"""How a table is laid out: its columns, what spans them, and what groups its rows."""

from dataclasses import dataclass
from typing import Final, Literal

INDENT: Final = "\u2003"
"""Set before the text of a first cell to indent it; every renderer knows it."""

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of its cells, the heading above it, its alignment.

    Attributes
    ----------
    key : str
        Name of the column in the frame of cells.
    heading : str
        What stands above it; may be empty.
    align : {"right", "left", "center"}
        Numbers stand right, text left.
    prose : bool
        True where cells hold sentences, which may break over lines.
    """

    key: str
    heading: str
    align: Align = "right"
    prose: bool = False


@dataclass(frozen=True, slots=True)
class Spanner:
    """A heading over neighbouring columns."""

    heading: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table from left to right, the spanners over them, and the key that groups the rows.

    Attributes
    ----------
    columns : tuple of Column
        The first one labels the rows.
    spanners : tuple of Spanner
        Each covers columns that stand side by side.
    groups : str
        Key of the cells that say to which group a row belongs; empty if rows are not grouped. Rows of one group
        stand together and the group is written once, above them.
    """

    columns: tuple[Column, ...]
    spanners: tuple[Spanner, ...] = ()
    groups: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the columns that are shown, from left to right."""
        return tuple(column.key for column in self.columns)

    def spanner_over(self, key: str) -> Spanner | None:
        """The spanner over a column, or None."""
        return next((spanner for spanner in self.spanners if key in spanner.keys), None)

    def spans(self) -> list[tuple[str, int]]:
        """The upper line of headings as (heading, number of columns), empty headings where nothing spans."""
        spans: list[tuple[str, int]] = []
        seen: Spanner | None = None
        for key in self.keys:
            spanner = self.spanner_over(key)
            if spanner is not None and spanner is seen:
                spans[-1] = (spanner.heading, spans[-1][1] + 1)
            else:
                spans.append((spanner.heading if spanner else "", 1))
            seen = spanner
        return spans


def label_column(heading: str = "", *, key: str = "label", prose: bool = False) -> Column:
    """The first column of a table, which names its rows."""
    return Column(key, heading, "left", prose)


def text_column(key: str, heading: str, *, prose: bool = False) -> Column:
    """A column of words."""
    return Column(key, heading, "left", prose)
