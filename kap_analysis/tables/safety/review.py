"""Answers on suicidality for chart review, one by one. Lines of patients: for those who treat them."""

import pandas as pd

from kap_analysis.columns import DAY, INSTRUMENT, PATIENT_ID
from kap_analysis.result_frames import is_empty_frame
from kap_analysis.tables.page.cells import assemble, checked_frame, nothing_to_list, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.tables.safety.suicidality import LOOKS_BACK
from kap_analysis.writing.numbers import count
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (PATIENT_ID, INSTRUMENT, DAY, "state")
TITLE = "For chart review: answers on suicidality after treatment began"
NOTHING = "None to show: none was recorded, or in a public study they are withheld."


def table_for_review(*, for_review: pd.DataFrame, stamp: str = "") -> Table:
    """List the answers on suicidality that a clinician should look up in the chart.

    Parameters
    ----------
    for_review : pandas.DataFrame
        ``review_safety(study).for_review``: ``patient_id``, ``instrument``, ``day``, ``state``.
    stamp : str
        A word that must stay with the table, such as ``PRIVATE``.

    Returns
    -------
    Table
        One row per answer; one line that says so where there is none to show.

    Raises
    ------
    TableError
        If the frame lacks a column.
    """
    if is_empty_frame(for_review):
        return nothing_to_list("for-review", TITLE, NOTHING, raw=for_review, stamp=stamp)
    frame = checked_frame(for_review, COLUMNS, name="for_review", caller="table_for_review")
    cells = pd.DataFrame(
        {
            "label": frame[PATIENT_ID].astype(str),
            "instrument": frame[INSTRUMENT].astype(str),
            "day": texts(frame, count, DAY),
            "state": [sentence_case(state) for state in frame["state"]],
        }
    )
    columns = (
        label_column("Patient"),
        text_column("instrument", "Instrument"),
        Column("day", "Day"),
        text_column("state", "Answer"),
    )
    return assemble(
        "for-review",
        TITLE,
        cells,
        Layout(columns),
        raw=frame,
        notes=("Day: counted from the first ketamine session.", LOOKS_BACK),
        stamp=stamp,
    )
