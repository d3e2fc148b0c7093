"""One difference estimated in several ways, side by side."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, P_VALUE, STATISTIC, STD_ERROR
from kap_analysis.tables.page.cells import assemble, checked_frame, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, coefficient, degrees, interval, p_value

COLUMNS = ("by", ESTIMATE, STD_ERROR, DF, STATISTIC, P_VALUE, CI_LOW, CI_HIGH)


def table_estimates_compared(*, estimates: pd.DataFrame, stamp: str = "") -> Table:
    """Show one difference between the formats, estimated in several ways.

    Parameters
    ----------
    estimates : pandas.DataFrame
        ``compare_estimates(...)``: ``by`` (who or what estimated it), ``estimate``, ``std_error``, ``df`` (infinite
        for a normal test), ``statistic``, ``p_value``, ``ci_low``, ``ci_high``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per way of estimating it, with two decimals, so that small differences are seen.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(estimates, COLUMNS, name="estimates", caller="table_estimates_compared")
    cells = pd.DataFrame(
        {
            "label": frame["by"].astype(str),
            "estimate": texts(frame, coefficient, ESTIMATE),
            "interval": texts(frame, lambda low, high: interval(low, high, 2), CI_LOW, CI_HIGH),
            "error": texts(frame, coefficient, STD_ERROR),
            "df": texts(frame, degrees, DF),
            "statistic": texts(frame, coefficient, STATISTIC),
            "p": texts(frame, p_value, P_VALUE),
        }
    )
    columns = (
        label_column("Estimated by"),
        Column("estimate", "Difference"),
        Column("interval", INTERVAL),
        Column("error", "SE"),
        Column("df", "df"),
        Column("statistic", "t or z"),
        Column("p", "p"),
    )
    notes = ["Group minus individual, in points. Interval: confidence interval; SE: standard error."]
    if (frame[DF].astype("float64") == float("inf")).any():
        notes.append("df ∞: a normal (z) test and interval, which take no account of how few cohorts there are.")
    return assemble(
        "estimates-compared",
        "The same difference, estimated in several ways",
        cells,
        Layout(columns),
        raw=frame,
        notes=notes,
        dash="not estimated, or not tested.",
        stamp=stamp,
    )
