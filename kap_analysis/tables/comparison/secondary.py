"""The difference between the formats on the other instruments, tested together."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, INSTRUMENT, N_PATIENTS, VISIT
from kap_analysis.tables.page.cells import assemble, checked_frame, enough_notes, texts, with_enough
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, count, degrees, difference, interval, p_value
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (INSTRUMENT, VISIT, ESTIMATE, CI_LOW, CI_HIGH, DF, N_PATIENTS, "p_holm")


def table_secondary(*, secondary: pd.DataFrame, stamp: str = "") -> Table:
    """Show the difference between the formats on each secondary instrument.

    Parameters
    ----------
    secondary : pandas.DataFrame
        ``compare_formats(...).secondary``: ``instrument``, ``visit``, ``estimate``, ``ci_low``, ``ci_high``, ``df``,
        ``n_patients``, ``p_holm``, and where known ``note``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per instrument.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(secondary, COLUMNS, name="secondary", caller="table_secondary")
    cells = pd.DataFrame(
        {
            "label": frame[INSTRUMENT].astype(str),
            "visit": [sentence_case(visit) for visit in frame[VISIT].astype(str)],
            "n": texts(frame, count, N_PATIENTS),
            "estimate": texts(frame, difference, ESTIMATE),
            "interval": texts(with_enough(frame), interval, CI_LOW, CI_HIGH),
            "df": texts(frame, degrees, DF),
            "p": texts(with_enough(frame), p_value, "p_holm"),
        }
    )
    columns = (
        label_column("Instrument"),
        text_column("visit", "Visit"),
        Column("n", "n"),
        Column("estimate", "Difference"),
        Column("interval", INTERVAL),
        Column("df", "df"),
        Column("p", "p (Holm)"),
    )
    notes = ["Group minus individual, in points of each instrument. Interval: confidence interval, not adjusted.",
             "p (Holm): adjusted for the number of instruments."]  # fmt: skip
    if "note" in frame.columns:
        told = frame[frame["note"].fillna("").astype(str) != ""]
        notes += [f"{row[INSTRUMENT]}: {row['note']}" for _, row in told.iterrows()]
    notes += enough_notes(frame)
    return assemble(
        "secondary",
        "Group minus individual on the secondary instruments",
        cells,
        Layout(columns),
        raw=frame,
        notes=notes,
        dash="not estimated, or not tested.",
        stamp=stamp,
    )
