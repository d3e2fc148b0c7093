"""Sensitivity analyses: the difference between the formats under other models, rules and assumptions."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, N_PATIENTS, P_VALUE
from kap_analysis.tables.page.cells import assemble, checked_frame, enough_notes, texts, with_enough
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, count, degrees, difference, interval, p_value
from kap_analysis.writing.sentences import sentence_case

COLUMNS = ("group", "label", ESTIMATE, CI_LOW, CI_HIGH, DF, P_VALUE, N_PATIENTS, "assumes", "is_primary")


def table_sensitivity(*, estimates: pd.DataFrame, p_values: bool = False, stamp: str = "") -> Table:
    """Show the difference between the formats as each analysis estimates it, with what it assumes.

    Parameters
    ----------
    estimates : pandas.DataFrame
        ``check_sensitivity(study).estimates``: ``group``, ``label``, ``estimate``, ``ci_low``, ``ci_high``, ``df``,
        ``p_value``, ``n_patients``, ``assumes``, ``is_primary``, and where known ``note`` (why it could not be
        estimated).
    p_values : bool
        Also show p. By default it is left out: the analyses are there to be compared, not to be tested one by one.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per analysis, in the groups of the frame.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(estimates, COLUMNS, name="estimates", caller="table_sensitivity")
    cells = pd.DataFrame(
        {
            "group": [sentence_case(name) for name in frame["group"]],
            "label": [sentence_case(name) for name in frame["label"]],
            "n": texts(frame, count, N_PATIENTS),
            "estimate": texts(frame, difference, ESTIMATE),
            "interval": texts(with_enough(frame), interval, CI_LOW, CI_HIGH),
            "df": texts(frame, degrees, DF),
            "p": texts(with_enough(frame), p_value, P_VALUE),
            "assumes": [sentence_case(text) for text in frame["assumes"].fillna("")],
        }
    )
    columns = [
        label_column("Analysis"),
        Column("n", "n"),
        Column("estimate", "Estimate"),
        Column("interval", INTERVAL),
        Column("df", "df"),
        *([Column("p", "p")] if p_values else []),
        text_column("assumes", "Assumes", prose=True),
    ]
    notes = ["Group minus individual, in points where a row names no other unit. Interval: confidence interval."]
    if "note" in frame.columns:
        told = frame[frame["note"].fillna("").astype(str) != ""]
        notes += [f"{sentence_case(row['label'])}: {row['note']}" for _, row in told.iterrows()]
    notes += enough_notes(frame)
    return assemble(
        "sensitivity",
        "The difference between the formats under other assumptions",
        cells,
        Layout(tuple(columns), groups="group"),
        raw=frame,
        notes=notes,
        dash="could not be estimated, or has no degrees of freedom.",
        stamp=stamp,
    )
