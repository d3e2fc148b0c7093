"""Differences from pooled sums, what was exchanged for them, and the meta-analysis beside."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, N_PATIENTS, P_VALUE, STD_ERROR, VISIT
from kap_analysis.tables.page.cells import assemble, checked_frame, enough_notes, texts, with_enough
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, coefficient, count, degrees, interval, p_value, percent

STEPS = {"keys": "who takes part", "counts": "counts", "first": "cross-products", "sums": "sums at given parameters"}
SUMS = "From sums over the patients of all practices; no row left a practice."


def table_pooled(*, contrasts: pd.DataFrame, stamp: str = "") -> Table:
    """Show the differences of the formats from pooled sums.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        The ``contrasts`` of ``pool_practices``.
    stamp : str
        A word that must stay with the table.

    Returns
    -------
    Table
        One row per visit, or per phase of the growth model, and contrast.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    at = VISIT if VISIT in contrasts else "phase"
    columns = (at, "contrast", N_PATIENTS, ESTIMATE, STD_ERROR, DF, P_VALUE, CI_LOW, CI_HIGH)
    frame = checked_frame(contrasts, columns, name="contrasts", caller="table_pooled")
    cells = pd.DataFrame(
        {
            "label": [f"{where}: {what}" for where, what in zip(frame[at], frame["contrast"], strict=True)],
            "n": texts(frame, count, N_PATIENTS),
            "estimate": texts(frame, coefficient, ESTIMATE),
            "interval": texts(with_enough(frame), lambda low, high: interval(low, high, 2), CI_LOW, CI_HIGH),
            "error": texts(frame, coefficient, STD_ERROR),
            "df": texts(frame, degrees, DF),
            "p": texts(with_enough(frame), p_value, P_VALUE),
        }
    )
    layout = Layout(
        (
            label_column("Visit" if at == VISIT else "Phase"),
            Column("n", "Patients"),
            Column("estimate", "Points" if at == VISIT else "Points per month"),
            Column("interval", INTERVAL),
            Column("error", "SE"),
            Column("df", "df"),
            Column("p", "p"),
        )
    )
    notes = (f"{SUMS} Each practice has its own intercept. df: Kenward and Roger.", *enough_notes(frame))
    title = "The formats compared, from pooled sums" if at == VISIT else "Slopes, from pooled sums"
    return assemble(
        "pooled" if at == VISIT else "pooled-slopes", title, cells, layout, raw=frame, notes=notes, dash="not tested.",
        stamp=stamp,
    )  # fmt: skip


def table_pooling_rounds(*, rounds: pd.DataFrame, stamp: str = "") -> Table:
    """Show what practices exchanged.

    Parameters
    ----------
    rounds : pandas.DataFrame
        The ``rounds`` of ``pool_practices``: ``round``, ``step``, ``answer_bytes``.
    stamp : str
        A word that must stay with the table.

    Returns
    -------
    Table
        One row per round.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(rounds, ("round", "step", "answer_bytes"), name="rounds", caller="table_pooling_rounds")
    cells = pd.DataFrame(
        {
            "label": texts(frame, count, "round"),
            "step": [STEPS.get(step, str(step)) for step in frame["step"]],
            "bytes": texts(frame, count, "answer_bytes"),
        }
    )
    layout = Layout((label_column("Round"), text_column("step", "Asked for"), Column("bytes", "Largest answer, bytes")))
    return assemble(
        "pooling-rounds", "What the practices exchanged", cells, layout, raw=frame, notes=(SUMS,), stamp=stamp
    )


def table_two_stage(*, two_stage: pd.DataFrame, stamp: str = "") -> Table:
    """Show the practices' own estimates and their averages.

    Parameters
    ----------
    two_stage : pandas.DataFrame
        The ``two_stage`` of ``pool_practices``.
    stamp : str
        A word that must stay with the table.

    Returns
    -------
    Table
        One row per practice, then the averages with a fixed effect and with random effects.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    columns = ("practice", ESTIMATE, STD_ERROR, CI_LOW, CI_HIGH, "weight", "tau", "note")
    frame = checked_frame(two_stage, columns, name="two_stage", caller="table_two_stage")
    cells = pd.DataFrame(
        {
            "label": frame["practice"].astype(str),
            "estimate": texts(frame, coefficient, ESTIMATE),
            "interval": texts(frame, lambda low, high: interval(low, high, 2), CI_LOW, CI_HIGH),
            "error": texts(frame, coefficient, STD_ERROR),
            "weight": texts(frame, percent, "weight"),
            "note": frame["note"].astype(str),
        }
    )
    layout = Layout(
        (
            label_column("Practice"),
            Column("estimate", "Difference"),
            Column("interval", INTERVAL),
            Column("error", "SE"),
            Column("weight", "Weight"),
            text_column("note", "Note"),
        )
    )
    tau = frame["tau"].dropna()
    notes = ["Group minus individual. Intervals by the normal distribution, the standard errors taken for known."]
    if len(tau):
        notes.append(f"SD of the true differences between practices: {coefficient(tau.max())} (DerSimonian and Laird).")
    return assemble(
        "two-stage", "A meta-analysis of the practices' own estimates", cells, layout, raw=frame, notes=tuple(notes),
        dash="none.", stamp=stamp,
    )  # fmt: skip
