"""Intercurrent events: what happened after the start that changes what a later score means."""

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.tables.page.cells import across, assemble, checked_frame, format_heading, formats_in, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count_of
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (FORMAT, "event", N_PATIENTS, "of_patients")


def table_intercurrent_events(*, events: pd.DataFrame, stamp: str = "") -> Table:
    """Show how many patients of each format had each intercurrent event.

    Parameters
    ----------
    events : pandas.DataFrame
        ``count_intercurrent_events(study).events``: ``format``, ``event``, ``n_patients``, ``of_patients``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per event, one column per format: patients with the event of those treated.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(events, COLUMNS, name="events", caller="table_intercurrent_events")
    cells = across(frame, ["event"], {"n": texts(frame, count_of, N_PATIENTS, "of_patients")}, FORMAT)
    cells["label"] = [sentence_case(event) for event in cells["event"]]
    columns = (label_column("Event"), *(Column(f"n|{name}", format_heading(name)) for name in formats_in(frame)))
    return assemble(
        "intercurrent-events",
        "Intercurrent events by format",
        cells,
        Layout(columns),
        raw=frame,
        notes=(
            "Patients with the event up to the day that was asked about (if none was, the last day of the primary "
            "visit's window), of those treated. A patient can have several.",
        ),
        dash="not recorded for this format.",
        stamp=stamp,
    )
