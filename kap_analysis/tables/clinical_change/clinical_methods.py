"""Clinically significant change by several methods: how far the classes depend on the method."""

import pandas as pd

from kap_analysis.columns import FORMAT
from kap_analysis.tables.page.cells import across, assemble, checked_frame, format_heading, formats_in, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import class_name
from kap_analysis.writing.numbers import count, percent
from kap_analysis.writing.sentences import sentence_case

COLUMNS = ("method", "class", "n", "share")


def table_clinical_methods(*, methods: pd.DataFrame, stamp: str = "") -> Table:
    """Show the classes of change that each method finds.

    Parameters
    ----------
    methods : pandas.DataFrame
        ``clinical_change(outcomes).methods``: ``method``, ``class``, ``n``, ``share`` (0 to 1, of those assessed), and
        where known ``format``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per method, one column per class; row groups by format where the frame has it.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(methods, COLUMNS, name="methods", caller="table_clinical_methods")
    by_format = FORMAT in frame.columns and frame[FORMAT].nunique() > 1
    rows = [*([FORMAT] if by_format else []), "method"]
    cells = across(frame, rows, {"n": texts(frame, _count_share, "n", "share")}, "class")
    cells["label"] = [sentence_case(name) for name in cells["method"]]
    if by_format:
        order = {name: place for place, name in enumerate(formats_in(frame))}
        cells = cells.sort_values(FORMAT, key=lambda names: names.map(order), kind="stable")
        cells["where"] = [format_heading(name) for name in cells[FORMAT]]
    classes = list(dict.fromkeys(frame["class"].astype(str)))
    words = {name: class_name(name, has_cutoff="recovered" in classes) for name in classes}
    columns = (label_column("Method"), *(Column(f"n|{name}", sentence_case(words[name])) for name in classes))
    return assemble(
        "clinical-methods",
        "Clinically significant change by method",
        cells,
        Layout(columns, groups="where" if by_format else ""),
        raw=frame,
        notes=("Patients, and in brackets their share of those assessed.",),
        dash="the method does not have this class.",
        stamp=stamp,
    )


def _count_share(n: float, share: float) -> str:
    return f"{count(n)} ({percent(share)})"
