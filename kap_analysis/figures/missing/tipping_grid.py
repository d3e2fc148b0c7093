"""The grid of a tipping-point analysis: its cells, what each interval says, and the lines between the answers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE

X: Final = "delta_individual"
Y: Final = "delta_group"
Segment = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows are ``delta_group`` upwards, columns ``delta_individual`` to the right; missing cells are NaN."""

    x: np.ndarray
    y: np.ndarray
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def at_random(self) -> tuple[int, int] | None:
        """Row and column of the cell where nothing is changed, if the grid has it."""
        row, column = np.flatnonzero(self.y == 0), np.flatnonzero(self.x == 0)
        return (int(row[0]), int(column[0])) if len(row) and len(column) else None

    def excludes_zero(self) -> np.ndarray:
        """1 where the interval excludes 0, 0 where it includes it, NaN where it is not known."""
        return self._answer((self.low > 0) | (self.high < 0))

    def reaches(self, margin: float) -> np.ndarray:
        """1 where the interval reaches a margin (signed: positive on the upper side), 0 where not, NaN if not known."""
        return self._answer(self.high >= margin if margin > 0 else self.low <= margin)

    def _answer(self, is_so: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(self.low) | np.isnan(self.high), np.nan, is_so.astype(float))


def grid_of(tipping: pd.DataFrame) -> Grid:
    """The frame as a grid."""
    wide = {
        column: tipping.pivot_table(index=Y, columns=X, values=column, dropna=False, aggfunc="first")
        for column in (ESTIMATE, CI_LOW, CI_HIGH)
    }
    first = wide[ESTIMATE]
    estimate, low, high = (one.to_numpy(dtype=float, na_value=np.nan) for one in wide.values())
    return Grid(first.columns.to_numpy(float), first.index.to_numpy(float), estimate, low, high)


def one_way(tipping: pd.DataFrame) -> str | None:
    """The column that varies if only one does, ``"both"`` if the same is added in both formats, else None."""
    x, y = tipping[X].to_numpy(float), tipping[Y].to_numpy(float)
    if len(np.unique(x)) == 1:
        return Y
    if len(np.unique(y)) == 1:
        return X
    return "both" if bool(np.all(x == y)) else None


def boundary(answers: np.ndarray) -> list[Segment]:
    """Edges between neighbouring cells whose answers differ; a cell is one wide and centred on its place.

    Parameters
    ----------
    answers : array, rows by columns
        As of :meth:`Grid.excludes_zero`; there is no edge beside NaN.
    """
    edges: list[Segment] = []
    rows, columns = answers.shape
    for row in range(rows):
        for column in range(columns):
            here = answers[row, column]
            if column + 1 < columns and abs(here - answers[row, column + 1]) == 1:
                edges.append(((column + 0.5, row - 0.5), (column + 0.5, row + 0.5)))
            if row + 1 < rows and abs(here - answers[row + 1, column]) == 1:
                edges.append(((column - 0.5, row + 0.5), (column + 0.5, row + 0.5)))
    return edges


def side_of(answers: np.ndarray) -> str:
    """The side of the line on which every answer is 1: above, below, right or left; empty if there is none."""
    if not ((answers == 1).any() and (answers == 0).any()):
        return ""
    for name, turned in (("above", answers), ("below", answers[::-1]), ("right", answers.T), ("left", answers.T[::-1])):
        filled = pd.DataFrame(turned).ffill().to_numpy()
        steps = np.diff(filled, axis=0)
        if np.any(steps > 0) and not np.any(steps < 0):
            return name
    return ""
