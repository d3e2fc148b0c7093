"""Answers on suicidality for chart review, one by one. Lines of patients: for those who treat them."""

import pandas as pd

from kap_analysis.columns import DAY, INSTRUMENT, PATIENT_ID, PRACTICE, VISIT
from kap_analysis.result_frames import is_empty_frame
from kap_analysis.tables.page.cells import assemble, checked_frame, empty_list, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.tables.safety.suicidality import LOOKS_BACK
from kap_analysis.writing.numbers import DASH, count, exact, is_missing
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (PATIENT_ID, INSTRUMENT, PRACTICE, VISIT, DAY, "answer", "day_before", "answer_before", "change")
TITLE = "For chart review: every positive answer on suicidality after day 0, and every rise"
NOTHING = "No positive answer after day 0 and no rise is recorded. That says nothing of patients who were not asked."


def table_for_review(*, for_review: pd.DataFrame, stamp: str = "") -> Table:
    """List the answers on suicidality that a clinician should look up in the chart, the highest first.

    Parameters
    ----------
    for_review : pandas.DataFrame
        ``review_safety(study).for_review``: ``patient_id``, ``instrument``, ``practice``, ``visit``, ``day``,
        ``answer``, ``day_before``, ``answer_before``, ``change``.
    stamp : str
        A word that must stay with the table, such as ``PRIVATE``.

    Returns
    -------
    Table
        Row groups by answer, one row per answer; one line that says so where there is none to show.

    Raises
    ------
    TableError
        If the frame lacks a column.
    """
    if is_empty_frame(for_review):
        return empty_list("for-review", TITLE, NOTHING, raw=for_review, stamp=stamp)
    frame = checked_frame(for_review, COLUMNS, name="for_review", caller="table_for_review")
    names = list(dict.fromkeys(frame[INSTRUMENT].astype(str)))
    patients = frame.groupby([INSTRUMENT, "answer"], observed=True)[PATIENT_ID].transform("nunique")
    cells = pd.DataFrame(
        {
            "where": [
                f"{name + ': a' if len(names) > 1 else 'A'}nswer {exact(answer)} (patients: {count(n)})"
                for name, answer, n in zip(frame[INSTRUMENT], frame["answer"], patients, strict=True)
            ],
            "label": frame[PATIENT_ID].astype(str),
            "practice": frame[PRACTICE].astype(str),
            "day": texts(frame, count, DAY),
            "visit": [sentence_case(visit) for visit in frame[VISIT]],
            "answer": texts(frame, exact, "answer"),
            "before": texts(frame, _before, "answer_before", "day_before"),
            "change": [sentence_case(change) for change in frame["change"]],
        }
    )
    columns = (
        label_column("Patient"),
        text_column("practice", "Practice"),
        Column("day", "Day"),
        text_column("visit", "Visit"),
        Column("answer", "Answer"),
        text_column("before", "Answer before (day)"),
        text_column("change", "Change"),
    )
    of = "" if len(names) > 1 else f" ({names[0]})"
    return assemble(
        "for-review",
        f"{TITLE}{of}",
        cells,
        Layout(columns, groups="where"),
        raw=frame,
        notes=(
            "Day: counted from the first ketamine session. All assessments are read, at scheduled visits and between "
            "them. A patient with several such answers stands in several rows.",
            LOOKS_BACK,
        ),
        dash="no earlier answer.",
        stamp=stamp,
    )


def _before(answer: object, day: object) -> str:
    return DASH if is_missing(answer) else f"{exact(float(str(answer)))} ({count(day)})"
