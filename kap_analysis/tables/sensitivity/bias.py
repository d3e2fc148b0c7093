"""What is left of the difference if an unmeasured confounder accounts for a part of it."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE
from kap_analysis.tables.page.cells import across, assemble, checked_frame, texts
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import exact, with_interval
from kap_analysis.writing.sentences import in_points

COLUMNS = ("effect", "prevalence_difference", ESTIMATE, CI_LOW, CI_HIGH)


def table_bias(*, bias: pd.DataFrame, stamp: str = "") -> Table:
    """Show the difference with the bias of an unmeasured confounder taken away, by its strength and prevalence.

    Parameters
    ----------
    bias : pandas.DataFrame
        ``check_unmeasured_confounding(study).bias``: ``effect`` (points), ``prevalence_difference`` (0 to 1),
        ``estimate``, ``ci_low``, ``ci_high``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per effect of the confounder on the score, one column per difference in its prevalence.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(bias, COLUMNS, name="bias", caller="table_bias")
    cells = across(
        frame, ["effect"], {"left": texts(frame, with_interval, ESTIMATE, CI_LOW, CI_HIGH)}, "prevalence_difference"
    )
    cells["label"] = [_points(effect) for effect in cells["effect"]]
    shown = [f"left|{prevalence}" for prevalence in dict.fromkeys(frame["prevalence_difference"].astype(str))]
    headings = [exact(round(100 * float(key.partition("|")[2]), 6)) for key in shown]
    columns = [label_column("It changes the score by"), *map(Column, shown, headings)]
    return assemble(
        "bias",
        "The difference without the bias of an unmeasured confounder",
        cells,
        Layout(tuple(columns), (Spanner("It is more common in one format by (percentage points)", tuple(shown)),)),
        raw=frame,
        notes=(
            "Group minus individual, points (95% interval), without the bias that makes the difference larger: "
            "the effect of the confounder on the score times the difference in its prevalence, "
            "both given the covariates.",
            "Interval: confidence interval.",
        ),
        stamp=stamp,
    )


def _points(value: object) -> str:
    """A number of points as a label."""
    return in_points(round(float(str(value)), 6))
