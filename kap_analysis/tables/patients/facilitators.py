"""Who worked in which format: patients per facilitator."""

import pandas as pd

from kap_analysis.columns import PRACTICE
from kap_analysis.tables.page.cells import assemble, checked_frame, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count, percent

COLUMNS = ("facilitator_id", PRACTICE, "n_individual", "n_group")


def table_facilitators(*, facilitators: pd.DataFrame, sentence: str = "", stamp: str = "") -> Table:
    """Show whom each facilitator saw in which format.

    Parameters
    ----------
    facilitators : pandas.DataFrame
        ``describe_positivity(study).facilitators``: ``facilitator_id``, ``practice``, ``n_individual``, ``n_group``.
    sentence : str
        What follows for the comparison; written as a note.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per facilitator, row groups by practice: patients in either format and the share in groups.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(facilitators, COLUMNS, name="facilitators", caller="table_facilitators")
    frame["share"] = frame["n_group"] / (frame["n_individual"] + frame["n_group"]).replace(0, float("nan"))
    cells = pd.DataFrame(
        {
            "label": frame["facilitator_id"].astype(str),
            "where": [f"Practice {name}" for name in frame[PRACTICE]],
            "individual": texts(frame, count, "n_individual"),
            "group": texts(frame, count, "n_group"),
            "share": texts(frame, percent, "share"),
        }
    )
    columns = (
        label_column("Facilitator"),
        Column("individual", "Individual"),
        Column("group", "Group"),
        Column("share", "In groups"),
    )
    return assemble(
        "facilitators",
        "Patients per facilitator and format",
        cells,
        Layout(columns, groups="where" if cells["where"].nunique() > 1 else ""),
        raw=frame.drop(columns="share"),
        notes=("A patient who saw two facilitators is counted with both.", sentence),
        stamp=stamp,
    )
