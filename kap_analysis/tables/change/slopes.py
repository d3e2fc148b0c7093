"""How fast scores changed in each part of the course, by format, and the difference of the slopes."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, FORMAT, FORMATS, N_PATIENTS, STD_ERROR
from kap_analysis.tables.page.cells import assemble, checked_frame, enough_notes, format_heading, texts, with_enough
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, coefficient, count, degrees, interval
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (FORMAT, "phase", N_PATIENTS, ESTIMATE, STD_ERROR, DF, CI_LOW, CI_HIGH)


def table_slopes(*, slopes: pd.DataFrame, stamp: str = "") -> Table:
    """Show how fast scores changed in each format, and how far the formats differ in it.

    Parameters
    ----------
    slopes : pandas.DataFrame
        ``model_trajectories(outcomes).slopes``: ``format`` (or "group - individual"), ``phase``, ``n_patients``,
        ``estimate`` (points per month), ``std_error``, ``df``, ``ci_low``, ``ci_high``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by phase, a row per format and one for the difference.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(slopes, COLUMNS, name="slopes", caller="table_slopes")
    cells = pd.DataFrame(
        {
            "phase": [sentence_case(phase) for phase in frame["phase"]],
            "label": [format_heading(str(name)).replace(" - ", " − ") for name in frame[FORMAT]],
            "n": texts(frame, count, N_PATIENTS),
            "estimate": texts(frame, coefficient, ESTIMATE),
            "interval": texts(with_enough(frame), lambda low, high: interval(low, high, 2), CI_LOW, CI_HIGH),
            "error": texts(frame, coefficient, STD_ERROR),
            "df": texts(frame, degrees, DF),
        }
    )
    columns = (
        label_column("Format"),
        Column("n", "Patients"),
        Column("estimate", "Points per month"),
        Column("interval", INTERVAL),
        Column("error", "SE"),
        Column("df", "df"),
    )
    notes = ["Estimated slopes of the score, from one growth model. Interval: confidence interval; SE: standard error."]
    if not set(frame[FORMAT].astype(str)) <= set(FORMATS):
        notes.append("These slopes are descriptive: each format starts where it started, and nothing is tested.")
    notes.append("There is no control arm: change is not an effect of treatment.")
    notes += enough_notes(frame)
    return assemble(
        "slopes",
        "Change of the score per month, by format",
        cells,
        Layout(columns, groups="phase"),
        raw=frame,
        notes=notes,
        stamp=stamp,
    )
