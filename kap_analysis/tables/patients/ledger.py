"""The ledger of an outcome frame: what each step of its making kept and left out, and why."""

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.tables.page.cells import across, assemble, checked_frame, format_heading, formats_in, texts
from kap_analysis.tables.page.layout import INDENT, Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count
from kap_analysis.writing.sentences import sentence_case

COLUMNS = ("step", "left_out_because", FORMAT, N_PATIENTS, "n_rows")


def table_ledger(*, ledger: pd.DataFrame, stamp: str = "") -> Table:
    """Show how many patients and rows each step kept and left out, by format.

    Parameters
    ----------
    ledger : pandas.DataFrame
        ``outcomes.ledger``: ``step``, ``left_out_because`` (empty for what was kept), ``format``, ``n_patients``,
        ``n_rows``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per step, and below it one per reason of leaving out; per format patients and rows.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(ledger, COLUMNS, name="ledger", caller="table_ledger")
    frame["left_out_because"] = frame["left_out_because"].astype(object).fillna("").astype(str)
    written = {"patients": texts(frame, count, N_PATIENTS), "rows": texts(frame, count, "n_rows")}
    cells = across(frame, ["step", "left_out_because"], written, FORMAT)
    cells["label"] = [
        f"{INDENT}Left out: {row['left_out_because']}" if row["left_out_because"] else sentence_case(row["step"])
        for _, row in cells.iterrows()
    ]
    columns, spanners = [label_column("Step")], []
    for name in formats_in(frame):
        columns += [Column(f"patients|{name}", "Patients"), Column(f"rows|{name}", "Rows")]
        spanners.append(Spanner(format_heading(name), (f"patients|{name}", f"rows|{name}")))
    return assemble(
        "ledger",
        "Patients and rows, step by step",
        cells,
        Layout(tuple(columns), tuple(spanners)),
        raw=frame,
        notes=("Left-out patients may still be in the data with other rows.",),
        dash="none.",
        stamp=stamp,
    )
