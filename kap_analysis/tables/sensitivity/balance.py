"""How far the formats differ before and after weighting."""

from functools import partial

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.tables.page.cells import across, assemble, checked_frame, given_frame, stacked, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import name_with_level
from kap_analysis.writing.numbers import count, decimals_of, number
from kap_analysis.writing.sentences import sentence_case

BALANCE = ("characteristic", "level", "weighting", "smd")
SIZES = ("weighting", FORMAT, N_PATIENTS, "effective")
WEIGHTINGS = {"unweighted": "Unweighted", "ipw": "Inverse probability", "overlap": "Overlap"}


def table_balance(
    *, balance: pd.DataFrame, effective_sample_size: pd.DataFrame | None = None, stamp: str = ""
) -> Table:
    """Show the standardised differences between the formats before and after weighting.

    Parameters
    ----------
    balance : pandas.DataFrame
        ``check_allocation(study).balance``: ``characteristic``, ``level``, ``weighting`` (unweighted,
        ipw, overlap), ``smd``.
    effective_sample_size : pandas.DataFrame, optional
        ``weighting``, ``format``, ``n_patients``, ``effective``; written as notes.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per characteristic and level, one column per weighting.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    frame = checked_frame(balance, BALANCE, name="balance", caller="table_balance")
    sizes = given_frame(effective_sample_size, SIZES, name="effective_sample_size", caller="table_balance")
    frame["level"] = frame["level"].astype(object).fillna("").astype(str)
    written = texts(frame, partial(number, decimals=decimals_of(frame["smd"])), "smd")
    cells = across(frame, ["characteristic", "level"], {"smd": written}, "weighting")
    cells["label"] = [
        name_with_level(name, level) for name, level in zip(cells["characteristic"], cells["level"], strict=True)
    ]
    columns = [label_column("Characteristic")]
    for name in dict.fromkeys(frame["weighting"].astype(str)):
        columns.append(Column(f"smd|{name}", WEIGHTINGS.get(name, sentence_case(name))))
    notes = ["Standardised differences, group minus individual; below 0.1 in size is usually called balanced."]
    if sizes is not None:
        notes += [
            f"{WEIGHTINGS.get(str(name), str(name))}, effective sample size: "
            + "; ".join(
                f"{row[FORMAT]} {number(row['effective'])} of {count(row[N_PATIENTS])}" for _, row in part.iterrows()
            )
            + "."
            for name, part in sizes.groupby("weighting", sort=False, observed=True)
        ]
    return assemble(
        "balance",
        "Balance of the formats before and after weighting",
        cells,
        Layout(tuple(columns)),
        raw=stacked(balance=frame, effective_sample_size=sizes),
        notes=notes,
        stamp=stamp,
    )
