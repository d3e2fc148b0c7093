"""What a study can answer and what it cannot, and why."""

import re
from typing import Final

import pandas as pd

from kap_analysis.tables.page.cells import assemble, checked_frame
from kap_analysis.tables.page.layout import Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import sentence_case

COLUMNS = ("question", "can_answer", "why")
_NAME: Final = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b|\b[a-z]+\.toml\b")
_HOLD: Final = {
    "study.toml": "the study",
    "dose_mg": "dose",
    "cohort_id": "cohort",
    "facilitator_ids": "facilitators",
    "ae_asked": "record of being asked about events",
    "observed_until_day": "last day of observation",
}
"""What a name of the study folder stands for, where the name alone does not say it."""


def table_answers(*, answers: pd.DataFrame, stamp: str = "") -> Table:
    """Show which questions a study can answer.

    Parameters
    ----------
    answers : pandas.DataFrame
        ``study.answers()``: ``question``, ``can_answer``, ``why``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per question, those that can be answered first.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(answers, COLUMNS, name="answers", caller="table_answers")
    frame = frame.sort_values("can_answer", ascending=False, kind="stable", ignore_index=True)
    cells = pd.DataFrame(
        {
            "part": ["Can answer" if value else "Cannot answer" for value in frame["can_answer"].astype(bool)],
            "label": [sentence_case(question) for question in frame["question"]],
            "why": [_reason(why) for why in frame["why"].fillna("")],
        }
    )
    return assemble(
        "answers",
        "What these data can answer",
        cells,
        Layout((label_column("Question", prose=True), text_column("why", "Why", prose=True)), groups="part"),
        raw=frame,
        stamp=stamp,
    )


def _reason(text: str) -> str:
    """A reason as a sentence of a paper: columns and files of a study folder by what they hold."""
    return sentence_case(_NAME.sub(lambda name: _HOLD.get(name[0], readable(name[0])), text))
