"""Flow of participants: patients at each step by format and practice (STROBE item 13)."""

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS, PRACTICE
from kap_analysis.result_frames import levels_of
from kap_analysis.tables.page.cells import ALL, across, assemble, checked_frame, format_heading, formats_in, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count_percent
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (PRACTICE, FORMAT, "step", N_PATIENTS, "of_patients", "n_left_out", "left_out_because")


def table_flow(*, steps: pd.DataFrame, practices: bool = True, stamp: str = "") -> Table:
    """Show how many patients reached each step, and how many were left out on the way, by format.

    Parameters
    ----------
    steps : pandas.DataFrame
        ``participant_flow(study).steps``: ``practice`` ("all" or a name), ``format`` ("all" or a format), ``step``
        (ordered), ``n_patients``, ``of_patients`` (at the step before), ``n_left_out``, ``left_out_because``.
    practices : bool
        Also show each practice under the total.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per practice and step, one column per format: patients and their share of those who were in the
        study at the start.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(steps, COLUMNS, name="steps", caller="table_flow")
    if not practices or frame[PRACTICE].nunique() == 1:
        frame = frame[frame[PRACTICE].astype(str) == ALL].reset_index(drop=True)
    ordered = [str(step) for step in levels_of(frame["step"])]
    first = frame.loc[frame["step"].astype(str) == ordered[0], [PRACTICE, FORMAT, N_PATIENTS]]
    frame = frame.merge(first.rename(columns={N_PATIENTS: "of_first"}), on=[PRACTICE, FORMAT], how="left")
    formats = formats_in(frame)
    cells = across(frame, [PRACTICE, "step"], {"n": texts(frame, count_percent, N_PATIENTS, "of_first")}, FORMAT)
    cells["label"] = [sentence_case(step) for step in cells["step"]]
    cells["where"] = ["All practices" if where == ALL else f"Practice {where}" for where in cells[PRACTICE]]
    one_place = cells["where"].nunique() == 1
    layout = Layout(
        columns=(label_column("Step"), *(Column(f"n|{name}", format_heading(name)) for name in formats)),
        groups="" if one_place else "where",
    )
    return assemble(
        "flow",
        "Participant flow by format" if one_place else "Participant flow by practice and format",
        cells,
        layout,
        raw=frame.drop(columns="of_first"),
        notes=(f"Patients, and in brackets their share of those {ordered[0]}.", _reasons(frame)),
        dash="no such patients.",
        stamp=stamp,
    )


def _reasons(frame: pd.DataFrame) -> str:
    """Why patients did not reach each step, in the words of the frame."""
    told = frame.assign(step=frame["step"].astype(str), why=frame["left_out_because"].fillna("").astype(str))
    told = told[told["why"] != ""].drop_duplicates(["step", "why"])
    reasons = [f"{step}: {'; '.join(part['why'])}" for step, part in told.groupby("step", sort=False)]
    return f"Not reached because: {'. '.join(map(sentence_case, reasons))}." if reasons else ""
