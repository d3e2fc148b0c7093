"""`place_table`: the rows of one foreign table by its map, and what was left out."""

import numpy as np
import pandas as pd

from kap_analysis.intake.identification.shown import shown_column, shown_place
from kap_analysis.intake.mapping.map_content import DROP, ColumnUse, StudyMap, TableMap
from kap_analysis.intake.patient_keys import Spellings
from kap_analysis.intake.placement.allowed_columns import columns_are_allowed
from kap_analysis.intake.placement.cells import Cells
from kap_analysis.intake.placement.facts import place_diagnoses, place_events, place_patients
from kap_analysis.intake.placement.measures import place_measures
from kap_analysis.intake.placement.moments import Moments
from kap_analysis.intake.placement.placed import A_FOOTER, A_TOTAL, NO_PATIENT, NOT_HELD, Placed
from kap_analysis.intake.placement.scores import is_long, place_long_scores, place_wide_scores
from kap_analysis.intake.renamed_columns import with_renamed
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import on_distinct, pattern
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.reading.spreadsheet_rows import SUMMARY


def place_table(
    table: SourceTable, said: TableMap, study: StudyMap, number: int, problems: Problems, keys: Spellings
) -> Placed:
    """Place the rows of a table as its map says; what is wrong goes to ``problems`` with file, row and column.

    No value is ever quoted: a message holds its pattern.
    """
    renamed = {use.column: use.same_as for use in said.uses if use.role == "same_as"}
    missing = {code.lower() for code in study.missing}
    table, both = with_renamed(table, renamed, missing)
    cells = Cells(table, said, study, number, problems)
    for line, found, expected in table.broken:
        problems.add(shown_place(table), found, expected, row=line)
    if not columns_are_allowed(cells):
        return cells.placed
    key = next((use for use in said.uses if use.role == "patient_id"), None)
    if key is None:
        cells.placed.reasons[:] = NO_PATIENT
        return cells.placed
    ids = pd.Series(table.cells[key.column], dtype=object)
    if said.reading.get("blank_ids") == "above":
        ids = ids.mask(ids == "").ffill().fillna("")
    pid = on_distinct(ids.to_numpy(), keys.key_of)
    # 999 can be a missing score and a patient's number: a code of digits is no missing number of a patient
    missing = {code for code in cells.missing if not code.isdecimal()}
    pid[on_distinct(pid, lambda text: text.lower() in missing).astype(bool)] = ""
    totals = on_distinct(pid, lambda text: SUMMARY.fullmatch(text.rstrip(":")) is not None).astype(bool)
    notes = on_distinct(pid, lambda text: " " in text).astype(bool)
    for name in table.columns if notes.any() else ():
        notes &= (table.cells[name] == "") | (name == key.column)
    notes &= len(table.columns) > 1
    pid[totals | notes] = ""
    cells.placed.reasons[pid == ""] = NO_PATIENT
    cells.placed.reasons[totals] = A_TOTAL
    cells.placed.reasons[notes & ~totals] = A_FOOTER
    cells.pid = pid
    _tell_doubtful(cells, key.column, keys)
    _leave_out(cells, cells.with_status(DROP), NOT_HELD)
    for use in said.uses:
        if use.role == "row":
            dropped = cells.values_of(use) == DROP
            _leave_out(cells, dropped, f"a row that the map drops by {shown_column(table, use.column)}")
    cells.placed.columns = {_thing(use): shown_column(table, use.column) for use in reversed(said.uses)}
    for column, rows in both.items():
        other = shown_column(table, renamed[column])
        cells.problem_at(rows[pid[rows] != ""], column, f"nothing where {other} is filled, or the same")
    moments = Moments(cells)
    place_patients(cells, moments)
    place_events(cells, moments)
    place_diagnoses(cells)
    place_measures(cells, moments)
    if is_long(cells):
        place_long_scores(cells, moments)
    place_wide_scores(cells, moments)
    return cells.placed


def _tell_doubtful(cells: Cells, column: str, keys: Spellings) -> None:
    """Tell the first row of each key that differs from another in capitals or zeros alone."""
    for row, key in pd.Series(cells.pid).drop_duplicates().items() if keys.doubtful else ():
        if other := keys.doubtful.get(key):
            expected = f'the spelling of other rows, {pattern(other)}; or ids = "fold" (one patient) or "keep" (two)'
            cells.problem_at(np.array([row]), column, expected)


def _leave_out(cells: Cells, rows: np.ndarray, reason: str) -> None:
    """Leave out some of the rows that have a patient."""
    cells.placed.reasons[rows & (cells.pid != "")] = reason
    cells.pid[rows] = ""


def _thing(use: ColumnUse) -> str:
    """What a column holds, in the words by which problems between rows are told."""
    return f"{use.role} {use.item or ''} {use.instrument}" if use.instrument else use.role.split(".")[-1]
