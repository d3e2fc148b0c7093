"""The cells of a foreign table, read as its map says; a cell that cannot be read is a problem, told by its pattern."""

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.intake.identification.shown import shown_column, shown_place
from kap_analysis.intake.mapping.map_content import OWN_VALUES, ColumnUse, StudyMap, TableMap
from kap_analysis.intake.placement.placed import Placed
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import (
    is_number,
    is_per_kilogram,
    on_distinct,
    pattern,
    read_dose,
    read_number,
    read_weight,
    without_amounts,
)
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems

_WRONG: Final = "\x00wrong"
_PERIOD: Final = re.compile(r"\d{4}-Q[1-4]")
_LISTED: Final = "a text that the map gives a value; add it to the values"
_PER_KILOGRAM: Final = "a dose in mg, or one per kg in a row with a weight"
Reader = Callable[[str], Any]


class Cells:
    """A table and its map: what is missing, what a column holds, and what is wrong.

    ``pid`` holds the patient's key of each row, empty where there is none; a problem is told of rows with a patient.
    """

    def __init__(self, table: SourceTable, said: TableMap, study: StudyMap, number: int, problems: Problems) -> None:
        self.table, self.said, self.study, self.number, self.problems = table, said, study, number, problems
        self.n = len(table.lines)
        self.placed = Placed(table, reasons=np.full(self.n, "", dtype=object), wrong=np.zeros(self.n, dtype=bool))
        self.decimal = str(said.reading.get("decimal", "."))
        self.missing = {code.lower() for code in study.missing}
        self.pid = np.full(self.n, "", dtype=object)

    def problem(self, column: str, found: str, expected: str) -> None:
        """Tell a problem of a whole column."""
        self.problems.add(shown_place(self.table), found, expected, column=shown_column(self.table, column))

    def problem_at(self, rows: np.ndarray, column: str, expected: str) -> None:
        """Tell a problem of single cells, by their patterns."""
        if not len(rows):
            return
        texts = self.table.cells[column][rows]
        found = on_distinct(texts, pattern)
        shown = shown_column(self.table, column)
        self.problems.add_rows(shown_place(self.table), self.table.lines[rows], shown, found.tolist(), expected)
        self.placed.wrong[rows] = True

    def read(
        self, use: ColumnUse, read: Reader, expected: str, *, told: np.ndarray | None = None, codes: bool = True
    ) -> np.ndarray:
        """Return the values of a column (None: missing); a text that ``read`` answers with None is a problem.

        ``told`` says of which rows problems are told; by default of all. Without ``codes`` a number is missing only
        where the column's own values say so: -9 is a missing score, and nine days before the first session.
        """
        missing = self.missing if codes else {code for code in self.missing if not is_number(code)}

        def value(text: str) -> Any:
            if text not in use.values and use.role == "sessions.route":
                text = without_amounts(text) or text
            if text in use.values:
                text = use.values[text]
            elif text.lower() in missing:
                return None
            if text == "":
                return None
            found = read(text)
            return _WRONG if found is None or found != found else found

        values = on_distinct(self.table.cells[use.column], value)
        wrong = values == _WRONG
        at_fault = wrong & (self.pid != "") if told is None else wrong & (self.pid != "") & told
        self.problem_at(np.flatnonzero(at_fault), use.column, expected)
        values[wrong] = None
        return values

    def doses_of(self, use: ColumnUse, weight: np.ndarray) -> np.ndarray:
        """Return the doses of a column in mg; one told per kilogram is multiplied by the weight of its row."""
        unit = " mg/kg" if use.unit == "mg/kg" else ""
        texts = on_distinct(self.table.cells[use.column], lambda text: text + unit if is_number(text) else text)
        per_kg = on_distinct(texts, is_per_kilogram).astype(bool)
        per_kg &= ~on_distinct(self.table.cells[use.column], use.values.__contains__).astype(bool)
        doses = self.read(use, *self._reader(use), told=~per_kg)
        doses[per_kg] = None
        weighed = per_kg & pd.notna(weight)
        self.problem_at(np.flatnonzero(per_kg & ~weighed & (self.pid != "")), use.column, _PER_KILOGRAM)
        for row in np.flatnonzero(weighed):
            doses[row] = read_dose(texts[row], self.decimal, float(weight[row]))
        return doses

    def with_status(self, *statuses: str) -> np.ndarray:
        """Whether each row is an appointment with one of these statuses in the map."""
        here = np.zeros(self.n, dtype=bool)
        for use in self.said.uses:
            if use.role == "sessions.status" and not use.at:
                known = {text for text in TABLES["sessions"].columns["status"].level_names if text in statuses}
                texts = known | {text for text, value in use.values.items() if value in statuses}
                here |= on_distinct(self.table.cells[use.column], texts.__contains__).astype(bool)
        return here

    def values_of(self, use: ColumnUse) -> np.ndarray:
        """Return the values of a column that holds a column of the study, as the data dictionary wants them."""
        return self.read(use, *self._reader(use))

    def numbers_of(self, use: ColumnUse, low: float, high: float, expected: str) -> np.ndarray:
        """Return the numbers of a column; one outside of ``low`` to ``high`` is a problem."""
        return self.read(use, lambda text: within(read_number(text, self.decimal), low, high), expected)

    def fixed(self, table: str) -> dict[str, str]:
        """What the map says of all rows for one table of a study: column -> value."""
        return {r.split(".", 1)[1]: v for r, v in self.said.fixed.items() if r.startswith(f"{table}.")}

    def filled(self, value: Any) -> np.ndarray:
        """Return one value for every row."""
        return np.full(self.n, value, dtype=object)

    def _reader(self, use: ColumnUse) -> tuple[Reader, str]:
        if use.role in OWN_VALUES and "." not in use.role:
            listed = OWN_VALUES[use.role]
            return lambda text: text if text in listed else None, _LISTED
        table, column = use.role.split(".", 1)
        spec = TABLES[table].columns[column]
        if column == "dose_mg":
            return lambda text: read_dose(text, self.decimal), "a dose in mg"
        if column == "weight_kg":
            return lambda text: read_weight(text, use.unit), "a weight in kg or lb"
        if spec.level_names:
            known = {*spec.level_names, *OWN_VALUES.get(use.role, ())}
            return lambda text: text if text in known else None, _LISTED
        if spec.is_number:
            low, high = spec.min, spec.max
            if column == "age":
                return lambda text: within(min(read_number(text, self.decimal), 90), low, high), "an age in years"
            return lambda text: within(read_number(text, self.decimal), low, high), f"a number from {low} to {high}"
        if spec.type == "period":
            return lambda text: text if _PERIOD.fullmatch(text) else None, "2025-Q3"
        if use.role == "patients.practice":
            named = set(use.values.values())
            return lambda text: text if not named or text in named else None, "a practice that the map names"
        return lambda text: text, "a text"


def within(number: float, low: float | None, high: float | None) -> float | None:
    """Return the number if it lies in a range, else None."""
    if number != number or (low is not None and number < low) or (high is not None and number > high):
        return None
    return number
