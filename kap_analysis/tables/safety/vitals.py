"""Vital signs and scales during ketamine sessions, by minute and format."""

import pandas as pd

from kap_analysis.columns import FORMAT
from kap_analysis.tables.page.cells import across, assemble, checked_frame, format_heading, formats_in, texts
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import measure_name
from kap_analysis.writing.numbers import count, is_missing, mean_sd, number, whole_range

COLUMNS = ("measure", "unit", "minute", FORMAT, "n", "mean", "sd")


def table_vitals(*, vitals: pd.DataFrame, stamp: str = "") -> Table:
    """Show what was measured during sessions, by minute and format.

    Parameters
    ----------
    vitals : pandas.DataFrame
        ``review_safety(study).vitals``: ``measure``, ``unit``, ``minute``, ``format``, ``n`` (measurements), ``mean``,
        ``sd``, and where known ``minimum`` and ``maximum``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by measure, one row per minute; per format n, mean (SD) and the range (or the maximum alone).

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(vitals, COLUMNS, name="vitals", caller="table_vitals")
    frame = frame.sort_values("minute", kind="stable", ignore_index=True)
    frame["where"] = [_measure(name, unit) for name, unit in zip(frame["measure"], frame["unit"], strict=True)]
    frame["label"] = ["Minute not recorded" if is_missing(at) else f"Minute {number(at, 0)}" for at in frame["minute"]]
    written = {"n": texts(frame, count, "n"), "mean": texts(frame, mean_sd, "mean", "sd")}
    headings = {"n": "n", "mean": "Mean (SD)"}
    if {"minimum", "maximum"} <= set(frame.columns):
        written["range"] = texts(frame, whole_range, "minimum", "maximum")
        headings["range"] = "Range"
    elif "maximum" in frame.columns:
        written["maximum"] = texts(frame, lambda value: number(value, 0), "maximum")
        headings["maximum"] = "Maximum"
    cells = across(frame, ["where", "label"], written, FORMAT)
    columns, spanners = [label_column("")], []
    for name in formats_in(frame):
        columns += [Column(f"{key}|{name}", heading) for key, heading in headings.items()]
        spanners.append(Spanner(format_heading(name), tuple(f"{key}|{name}" for key in headings)))
    return assemble(
        "vitals",
        "Measurements during ketamine sessions, by format",
        cells,
        Layout(tuple(columns), tuple(spanners), groups="where"),
        raw=frame.drop(columns=["where", "label"]),
        notes=("n: measurements; a patient has several sessions. SD: standard deviation; range: lowest to highest.",),
        dash="not measured, or too few for an SD.",
        stamp=stamp,
    )


def _measure(name: object, unit: object) -> str:
    words = measure_name(name)
    return words if is_missing(unit) or unit == "" else f"{words}, {unit}"
