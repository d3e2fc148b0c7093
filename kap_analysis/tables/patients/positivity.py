"""Positivity: whether each practice treated patients in both formats."""

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS, PRACTICE
from kap_analysis.tables.page.cells import across, assemble, checked_frame, format_heading, formats_in, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count_of

COLUMNS = (PRACTICE, FORMAT, N_PATIENTS)


def table_positivity(*, patients: pd.DataFrame, sentence: str = "", stamp: str = "") -> Table:
    """Show how many patients each practice treated in each format.

    Parameters
    ----------
    patients : pandas.DataFrame
        ``describe_positivity(study).patients``: ``practice``, ``format``, ``n_patients`` (0 where nobody was).
    sentence : str
        What follows for the comparison; written as a note.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per practice, one column per format: patients of all of the practice.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(patients, COLUMNS, name="patients", caller="table_positivity")
    totals = frame.groupby(PRACTICE, observed=True)[N_PATIENTS].sum(min_count=1)
    frame["of_practice"] = frame[PRACTICE].map(totals).astype("float64")
    cells = across(frame, [PRACTICE], {"n": texts(frame, count_of, N_PATIENTS, "of_practice")}, FORMAT)
    cells["label"] = [f"Practice {name}" for name in cells[PRACTICE]]
    columns = (label_column(""), *(Column(f"n|{name}", format_heading(name)) for name in formats_in(frame)))
    return assemble(
        "positivity",
        "Patients by practice and format",
        cells,
        Layout(columns),
        raw=frame.drop(columns="of_practice"),
        notes=("Patients of all whom the practice treated.", sentence),
        dash="no such patients.",
        stamp=stamp,
    )
