"""Patients who did not endorse the item on suicidality at baseline, and how many did later, by format."""

import pandas as pd

from kap_analysis.columns import FORMAT
from kap_analysis.tables.page.cells import assemble, checked_frame, format_heading, formats_in, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.tables.safety.suicidality import LOOKS_BACK
from kap_analysis.writing.numbers import count_of

COLUMNS = ("instrument", FORMAT, "n_started", "n_at_risk", "n_reassessed", "n_endorsed")
STEPS = (
    ("Answered at baseline and not endorsed, of those who started", "n_at_risk", "n_started"),
    ("Answered again at a scheduled visit, of these", "n_reassessed", "n_at_risk"),
    ("Newly endorsed at one visit or more, of those who answered again", "n_endorsed", "n_reassessed"),
)


def table_newly_endorsed(*, newly_endorsed: pd.DataFrame, stamp: str = "") -> Table:
    """Compare the formats: who did not endorse the item on suicidality at baseline, and did so later.

    Parameters
    ----------
    newly_endorsed : pandas.DataFrame
        ``review_safety(study).newly_endorsed``: ``instrument``, ``format``, ``n_started``, ``n_at_risk``,
        ``n_reassessed``, ``n_endorsed``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per step, each with its own denominator; one column per format.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(newly_endorsed, COLUMNS, name="newly_endorsed", caller="table_newly_endorsed")
    cells = pd.DataFrame({"label": [label for label, _, _ in STEPS]})
    for name in formats_in(frame):
        rows = frame[frame[FORMAT].astype(str) == name]
        cells[f"n|{name}"] = [texts(rows, count_of, n, of)[0] for _, n, of in STEPS]
    columns = (label_column(""), *(Column(f"n|{name}", format_heading(name)) for name in formats_in(frame)))
    return assemble(
        "newly-endorsed",
        f"Newly endorsed on suicidality ({frame['instrument'].iloc[0]}), by format",
        cells,
        Layout(columns),
        raw=frame,
        notes=(
            "Only the same scheduled visits are counted in each format. The list for chart review has all assessments "
            "and all patients, so it is longer.",
            LOOKS_BACK,
        ),
        dash="nobody.",
        stamp=stamp,
    )
