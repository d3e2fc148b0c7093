"""Non-inferiority and equivalence for a range of margins around the stated one."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, P_VALUE
from kap_analysis.tables.page.cells import assemble, checked_frame, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import interval, number, p_value, percent
from kap_analysis.writing.sentences import sentence_case

COLUMNS = ("kind", "margin", "is_stated", "ci_level", CI_LOW, CI_HIGH, P_VALUE, "holds")


def table_margins(*, margins: pd.DataFrame, stamp: str = "") -> Table:
    """Show whether non-inferiority and equivalence hold over a range of margins.

    Parameters
    ----------
    margins : pandas.DataFrame
        ``compare_formats(...).margins``: ``kind`` (non-inferiority, equivalence), ``margin`` (points), ``is_stated``,
        ``ci_level`` (0.95, 0.90), ``ci_low``, ``ci_high``, ``p_value`` (one-sided), ``holds``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by kind, one row per margin.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows (no margin was stated).
    """
    frame = checked_frame(margins, COLUMNS, name="margins", caller="table_margins")
    stated = frame["is_stated"].astype(bool)
    cells = pd.DataFrame(
        {
            "kind": [sentence_case(kind) for kind in frame["kind"]],
            "label": [
                f"{number(points, 2)}{' (stated)' if is_stated else ''}"
                for points, is_stated in zip(frame["margin"], stated, strict=True)
            ],
            "level": texts(frame, percent, "ci_level"),
            "interval": texts(frame, _beside_margin, CI_LOW, CI_HIGH, "margin"),
            "p": texts(frame, p_value, P_VALUE),
            "holds": ["Shown" if holds else "Not shown" for holds in frame["holds"].astype(bool)],
        }
    )
    columns = (
        label_column("Margin, points"),
        Column("level", "Level"),
        Column("interval", "Interval"),
        Column("p", "p (one-sided)"),
        text_column("holds", "Conclusion"),
    )
    return assemble(
        "margins",
        "Non-inferiority and equivalence over a range of margins",
        cells,
        Layout(columns, groups="kind"),
        raw=frame,
        notes=("Only the stated margin is a test; the others show how far the conclusion depends on it.",),
        stamp=stamp,
    )


def _beside_margin(low: float, high: float, margin: float) -> str:
    """The interval, with the decimals that show on which side of 0 and of the margin each limit lies."""
    return interval(low, high, marks=(0.0, margin, -margin))
