"""What is missing: assessments due, done, late and missing by visit and format."""

import pandas as pd

from kap_analysis.columns import FORMAT, PRACTICE, VISIT
from kap_analysis.tables.page.cells import (
    ALL,
    across,
    assemble,
    checked_frame,
    format_heading,
    formats_in,
    in_order,
    texts,
)
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count, count_percent
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (FORMAT, PRACTICE, VISIT, "n_due", "n_done", "n_late", "n_missing")


def table_completeness(*, completeness: pd.DataFrame, practices: bool = False, stamp: str = "") -> Table:
    """Show how many assessments were due, done, late and missing at each visit, by format.

    Parameters
    ----------
    completeness : pandas.DataFrame
        ``describe_completeness(study).completeness``: ``format``, ``practice`` ("all" or a name), ``visit``,
        ``n_due``, ``n_done``, ``n_late``, ``n_missing``.
    practices : bool
        Also show each practice.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per visit (and practice); per format due, done (share of due), late and missing (share of due).

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(completeness, COLUMNS, name="completeness", caller="table_completeness")
    places = frame[PRACTICE].astype(str)
    if not practices and (places == ALL).any():
        frame = frame[places == ALL].reset_index(drop=True)
    frame = in_order(frame, VISIT)
    formats = formats_in(frame)
    written = {
        "due": texts(frame, count, "n_due"),
        "done": texts(frame, count_percent, "n_done", "n_due"),
        "late": texts(frame, count, "n_late"),
        "missing": texts(frame, count_percent, "n_missing", "n_due"),
    }
    cells = across(frame, [PRACTICE, VISIT], written, FORMAT)
    cells["label"] = [sentence_case(visit) for visit in cells[VISIT]]
    cells["where"] = ["All practices" if name == ALL else f"Practice {name}" for name in cells[PRACTICE]]
    columns, spanners = [label_column("Visit")], []
    for name in formats:
        keys = tuple(f"{key}|{name}" for key in written)
        columns += [Column(key, sentence_case(key.split("|")[0])) for key in keys]
        spanners.append(Spanner(format_heading(name), keys))
    grouped = cells["where"].nunique() > 1
    return assemble(
        "completeness",
        "Assessments due, done, late and missing by visit and format",
        cells,
        Layout(tuple(columns), tuple(spanners), groups="where" if grouped else ""),
        raw=frame,
        notes=(
            "Due: treated patients who were observed long enough. Late: scored after the window of the visit. "
            "Percentages are of those due.",
        ),
        dash="no such patients.",
        stamp=stamp,
    )
