"""All problems of a study folder, collected before anything is said: as a frame and as readable lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.study.contract.dictionary import TABLES

PROBLEM_COLUMNS: Final = ("file", "row", "column", "found", "expected", "message", "patient_id")
LINES_OF_ONE_KIND: Final = 5
LINES_SHOWN: Final = 100
WHOLE_FILE: Final = 0


@dataclass(slots=True)
class Problems:
    """A growing list of problems; each is added with what was found and what was expected."""

    _blocks: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, file: str, found: str, expected: str, *, row: int = WHOLE_FILE, column: str = "", patient_id: str = ""
    ) -> None:
        """Add one problem; ``row`` is the physical line (0: the whole file), ``column`` may be empty."""
        self.add_rows(file, [row], column, [found], expected, patient_ids=[patient_id])

    def add_rows(
        self,
        file: str,
        rows: Sequence[int] | np.ndarray,
        column: str,
        found: Sequence[str] | str,
        expected: Sequence[str] | str,
        *,
        patient_ids: Sequence[Any] | np.ndarray | None = None,
    ) -> None:
        """Add one problem per row; ``found`` and ``expected`` are one text for all rows, or one per row."""
        if len(rows) == 0:
            return
        n = len(rows)
        self._blocks.append(
            {
                "file": [file] * n,
                "row": np.asarray(rows, dtype=np.int64),
                "column": [column] * n,
                "found": [found] * n if isinstance(found, str) else list(found),
                "expected": [expected] * n if isinstance(expected, str) else list(expected),
                "patient_id": [""] * n if patient_ids is None else ["" if pd.isna(p) else str(p) for p in patient_ids],
            }
        )

    def extend(self, others: "Problems") -> None:
        """Add all problems of another list."""
        self._blocks.extend(others._blocks)

    def copy(self) -> "Problems":
        """Another list of the same problems."""
        return Problems(list(self._blocks))

    def __len__(self) -> int:
        return sum(len(block["row"]) for block in self._blocks)

    def frame(self) -> pd.DataFrame:
        """One row per problem: file, row, column, found, expected, message, patient_id; in the order of the dictionary.

        ``row`` is the physical line of a CSV (the header is line 1), the record of a Parquet file (the first is 1),
        and 0 where the whole file is meant.
        """
        if not self._blocks:
            empty = pd.DataFrame({name: pd.Series(dtype=object) for name in PROBLEM_COLUMNS})
            return empty.astype({"row": "int64"})
        # One frame of all blocks: a study can have as many blocks as problems, and a frame takes a millisecond.
        columns = {name: list(chain.from_iterable(b[name] for b in self._blocks)) for name in self._blocks[0]}
        frame = pd.DataFrame(columns).astype({"row": "int64"})
        frame = frame.drop_duplicates(["file", "row", "column", "found", "expected"])
        order = frame["file"].map({file: _file_order(file) for file in frame["file"].unique()})
        frame = frame.assign(_file=order).sort_values(["_file", "row"], kind="stable").reset_index(drop=True)
        frame["message"] = [
            problem_message(*values) for values in zip(frame["column"], frame["found"], frame["expected"], strict=True)
        ]
        return frame[list(PROBLEM_COLUMNS)]


def _file_order(file: str) -> int:
    """Return the position of a file: study.toml and the folder first, then the tables as in the dictionary."""
    return list(TABLES).index(stem) if (stem := file.split(".")[0]) in TABLES else -1


def problem_message(column: str, found: str, expected: str) -> str:
    """Return one sentence of what was found and what was expected."""
    where = f"{column}: " if column else ""
    return f"{where}found {found}; expected {expected}."


def place(file: str, row: int) -> str:
    """Return a place in words: ``sessions.csv, row 14``, ``study.toml, line 3``; a whole file is just its name."""
    return file if row == WHOLE_FILE else f"{file}, {'line' if file.endswith('.toml') else 'row'} {row}"


def problem_lines(
    problems: pd.DataFrame, *, of_one_kind: int = LINES_OF_ONE_KIND, at_most: int = LINES_SHOWN
) -> tuple[str, ...]:
    """Return readable lines of a frame of problems; the frame holds every one.

    Each line names file, row and column. Of problems with the same file, column and expectation the first
    ``of_one_kind`` are written out and the others counted. After ``at_most`` lines the rest is counted in one.
    """
    kinds = problems.groupby(["file", "column", "expected"], sort=False)
    counted = problems.assign(kind=kinds.ngroup(), nth=kinds.cumcount() + 1, of=kinds["file"].transform("size"))
    written = counted[counted["nth"] <= of_one_kind].sort_values("kind", kind="stable").head(at_most)
    lines: list[str] = []
    n_told = 0
    for file, row, column, message, nth, of in zip(
        *(written[name].tolist() for name in ("file", "row", "column", "message", "nth", "of")), strict=True
    ):
        if len(lines) >= at_most:
            break
        lines.append(f"{place(file, row)}: {message}")
        n_told += 1
        if nth == of_one_kind < of:
            lines.append(f"{file}{f', {column}' if column else ''}: {of - nth:,} more like it.")
            n_told += of - nth
    if n_told < len(problems):
        lines.append(f"And {len(problems) - n_told:,} more problems.")
    return tuple(lines)
