"""The item on suicidality at the scheduled visits, in four states; never "no risk"."""

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS, VISIT
from kap_analysis.tables.page.cells import across, assemble, checked_frame, format_heading, formats_in, in_order, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import count, count_of, percent
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (FORMAT, VISIT, "state", N_PATIENTS, "share")
STATES = ("endorsed", "not endorsed", "not answered", "not in the data")
LOOKS_BACK = (
    "This list looks back over data that may be weeks old; it is not an alarm; every positive answer must be seen by a "
    "clinician when it is given."
)


def table_suicidality(*, suicidality: pd.DataFrame, stamp: str = "") -> Table:
    """Show the item on suicidality at each visit by format, in four states.

    Parameters
    ----------
    suicidality : pandas.DataFrame
        ``review_safety(study).suicidality``: ``format``, ``visit``, ``state`` (endorsed, not endorsed, not answered,
        not in the data), ``n_patients``, ``share``, and where known ``of_patients`` and ``instrument``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by visit (and instrument), one row per state, one column per format.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = in_order(checked_frame(suicidality, COLUMNS, name="suicidality", caller="table_suicidality"), VISIT)
    place = {name: position for position, name in enumerate(STATES)}
    frame = frame.sort_values("state", key=lambda states: states.astype(str).map(place), kind="stable")
    frame = in_order(frame.reset_index(drop=True), VISIT)
    several = "instrument" in frame.columns and frame["instrument"].nunique() > 1
    visits = [sentence_case(visit) for visit in frame[VISIT].astype(str)]
    frame["where"] = (
        [f"{name}, {at.lower()}" for name, at in zip(frame["instrument"], visits, strict=True)] if several else visits
    )
    if "of_patients" in frame.columns:
        value = texts(frame, count_of, N_PATIENTS, "of_patients")
    else:
        value = texts(frame, lambda n, share: f"{count(n)} ({percent(share)})", N_PATIENTS, "share")
    cells = across(frame, ["where", "state"], {"n": value}, FORMAT)
    cells["label"] = [sentence_case(state) for state in cells["state"]]
    columns = (label_column(""), *(Column(f"n|{name}", format_heading(name)) for name in formats_in(frame)))
    names = list(dict.fromkeys(frame["instrument"].astype(str))) if "instrument" in frame.columns else []
    of_instrument = f" ({names[0]})" if len(names) == 1 else ""
    return assemble(
        "suicidality",
        f"The item on suicidality{of_instrument} by visit and format",
        cells,
        Layout(columns, groups="where"),
        raw=frame.drop(columns="where"),
        notes=("Not endorsed does not mean that there is no risk.", LOOKS_BACK),
        dash="no such patients.",
        stamp=stamp,
    )
