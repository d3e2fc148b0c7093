"""How wide the columns of a printed table are, in letters: numbers never break, sentences share what is left."""

import textwrap
from dataclasses import dataclass
from typing import Final

from kap_analysis.tables.page.content import TableContent
from kap_analysis.tables.page.layout import Column

LONGEST_LABEL: Final = 34
"""A column of words that is wider than this may break over lines."""
NARROWEST_PROSE: Final = 16
SHORTEST_HEADING: Final = 9
"""A heading is not broken before it is as long as this, however narrow its cells are."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A column as it is printed.

    Attributes
    ----------
    column : Column
    heading : tuple of str
        The lines of its heading.
    width : int
        Letters of its longest line.
    breaks : bool
        Whether its cells may break over lines.
    """

    column: Column
    heading: tuple[str, ...]
    width: int
    breaks: bool

    @property
    def narrowest(self) -> int:
        """The fewest letters to which the column is narrowed."""
        return max(NARROWEST_PROSE, min(self.width, LONGEST_LABEL)) if self.breaks else self.width


def natural_columns(table: TableContent) -> list[Printed]:
    """The columns at the width of their longest cell and of the longest line of their heading."""
    return [_natural(table, column) for column in table.layout.columns]


def _natural(table: TableContent, column: Column) -> Printed:
    cells = max(len(str(cell)) for cell in table.cells[column.key])
    breaks = column.prose or (column.align == "left" and cells >= LONGEST_LABEL)
    heading = textwrap.wrap(column.heading, max(cells, SHORTEST_HEADING), break_long_words=False)
    return Printed(column, tuple(heading) or ("",), max(cells, *map(len, heading or [""])), breaks)


def letters_needed(table: TableContent) -> int:
    """Letters that a line of the table needs with its sentences as narrow as they may be, gaps left out."""
    return sum(printed.narrowest for printed in natural_columns(table))


def fitted_columns(table: TableContent, budget: int) -> list[Printed]:
    """The columns in a line of so many letters (gaps left out): columns that break share what the others leave.

    Shares go by the square root of the longest cell, so that a long column is wider, but not in proportion.
    """
    natural = natural_columns(table)
    stiff = sum(printed.width for printed in natural if not printed.breaks)
    breaking = [printed for printed in natural if printed.breaks]
    room = max(budget - stiff, NARROWEST_PROSE * len(breaking))
    asked = sum(printed.width**0.5 for printed in breaking)
    return [
        _squeezed(printed, int(room * printed.width**0.5 / asked)) if printed.breaks else printed for printed in natural
    ]


def _squeezed(printed: Printed, share: int) -> Printed:
    width = min(printed.width, share)
    lines = textwrap.wrap(printed.column.heading, max(width, SHORTEST_HEADING), break_long_words=False)
    return Printed(printed.column, tuple(lines) or ("",), width, True)
