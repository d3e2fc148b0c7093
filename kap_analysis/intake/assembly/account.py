"""The rows that were placed, and what becomes of them on the way to a study: problems told, rows left out."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.identification.shown import shown_place
from kap_analysis.intake.placement.placed import Placed
from kap_analysis.study.contract.problems import Problems

WHERE: Final = ["source", "row"]


def of_patients(pid: pd.Series, values: pd.Series) -> pd.Series:
    """Return for each row the value of its patient; ``values`` has the patients as its index."""
    return pd.Series(values.reindex(pid).to_numpy(), index=pid.index, dtype=values.dtype)


class Account:
    """All placed rows by target, with the file and row that each came from.

    ``pid`` of a row is the place of its patient in ``keys``, the sorted keys of the export. ``left_out`` is a list of
    frames with ``source``, ``row``, ``reason``.
    """

    def __init__(self, placed: list[Placed], problems: Problems) -> None:
        self.placed, self.problems = placed, problems
        self.left_out: list[pd.DataFrame] = []
        names = {name for one in placed for name in one.frames}
        parts = {name: [part for one in placed for part in one.frames.get(name, [])] for name in sorted(names)}
        self.keys = pd.Index(sorted({key for of in parts.values() for part in of for key in part["pid"].unique()}))
        self.frames = {
            name: pd.concat([part.assign(pid=self.keys.get_indexer(part["pid"])) for part in of], ignore_index=True)
            for name, of in parts.items()
        }

    def frame(self, name: str) -> pd.DataFrame:
        """Return the rows of one target; without rows, a frame that says where rows come from."""
        empty = pd.DataFrame({"source": [], "row": [], "pid": []}).astype({"pid": np.int64})
        return self.frames.get(name, empty).copy()

    def report(self, rows: pd.DataFrame, column: str, found: str, expected: str) -> None:
        """Tell a problem of each of the rows, at its file and row, and at the column that holds the thing there."""
        for source, part in rows.dropna(subset=WHERE).groupby("source", sort=True):
            placed = self.placed[int(float(str(source)))]
            named, lines = placed.columns.get(column, column), placed.table.lines[part["row"].astype(int)]
            self.problems.add_rows(shown_place(placed.table), lines, named, found, expected)

    def leave_out(self, rows: pd.DataFrame, reason: str) -> None:
        """Note why rows give nothing to the study."""
        if len(rows):
            self.left_out.append(rows[WHERE].assign(reason=reason))

    def one_per_patient(self, frame: pd.DataFrame, column: str) -> None:
        """A fact of a patient is told once, or alike each time."""
        first = frame.groupby("pid", sort=False)[column].transform("first")
        other = frame[(frame[column] != first) & first.notna()]
        self.report(other, column.split(":")[-1], "a second value for one patient", "one value per patient")
