"""Serious adverse events, one by one. Lines of patients: for those who treat them."""

import pandas as pd

from kap_analysis.columns import DAY, FORMAT, PATIENT_ID
from kap_analysis.result_frames import is_empty_frame
from kap_analysis.tables.page.cells import assemble, checked_frame, empty_list, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import DASH, count, is_missing
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (PATIENT_ID, DAY, FORMAT, "event", "severity", "relatedness")
TITLE = "Serious adverse events"
NOTHING = "No serious event is recorded. That says nothing of patients who were not asked."


def table_serious_events(*, serious: pd.DataFrame, stamp: str = "") -> Table:
    """List the serious adverse events.

    Parameters
    ----------
    serious : pandas.DataFrame
        ``review_safety(study).serious``: ``patient_id``, ``day``, ``format``, ``event``, ``severity``,
        ``relatedness``.
    stamp : str
        A word that must stay with the table, such as ``PRIVATE``.

    Returns
    -------
    Table
        One row per event; one line that says so where there is none to show.

    Raises
    ------
    TableError
        If the frame lacks a column.
    """
    if is_empty_frame(serious):
        return empty_list("serious-events", TITLE, NOTHING, raw=serious, stamp=stamp)
    frame = checked_frame(serious, COLUMNS, name="serious", caller="table_serious_events")
    words = {name: texts(frame, _word, name) for name in (FORMAT, "event", "severity", "relatedness")}
    cells = pd.DataFrame({"label": frame[PATIENT_ID].astype(str), "day": texts(frame, count, DAY), **words})
    columns = (
        label_column("Patient"),
        Column("day", "Day"),
        text_column(FORMAT, "Format"),
        text_column("event", "Event"),
        text_column("severity", "Severity"),
        text_column("relatedness", "Related to treatment"),
    )
    return assemble(
        "serious-events",
        TITLE,
        cells,
        Layout(columns),
        raw=frame,
        notes=("Day: counted from the first ketamine session.",),
        dash="not recorded.",
        stamp=stamp,
    )


def _word(value: object) -> str:
    return DASH if is_missing(value) or value == "" else sentence_case(readable(value))
