"""Facts of a model: its formula, why it was chosen, the data it was fitted to, and what was done to them."""

from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from kap_analysis.columns import INSTRUMENT, N_PATIENTS, VISIT
from kap_analysis.tables.model_check.model import METHODS
from kap_analysis.tables.page.cells import assemble, checked_frame, given_frame, stacked, withheld_rows
from kap_analysis.tables.page.layout import Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import WITHHELD, count, is_missing, number
from kap_analysis.writing.sentences import sentence_case

NO_MARGIN: Final = "None was stated"
ORIGINS: Final = {"drafted": "Drafted from the study's settings", "registered": "As stated in plan.toml"}


def _method(value: Any) -> str:
    return sentence_case(METHODS.get(str(value), value))


def _yes_or_no(value: Any) -> str:
    return "Yes" if value else "No"


def _origin(value: Any) -> str:
    return ORIGINS.get(str(value), sentence_case(value))


def _margin(value: Any) -> str:
    return f"{number(value)} points"


FACTS: Final[tuple[tuple[str, str, Callable[[Any], str]], ...]] = (
    (INSTRUMENT, "Instrument", str),
    (VISIT, "Visit", sentence_case),
    ("rung", "Model", sentence_case),
    ("label", "Fitted by", str),
    ("why", "Chosen because", sentence_case),
    ("formula", "Formula", str),
    (N_PATIENTS, "Patients", count),
    ("n_observations", "Observations", count),
    ("n_cohorts", "Cohorts of two or more patients", count),
    ("ddf", "Degrees of freedom", _method),
    ("standardised_by", "Standardised difference", sentence_case),
    ("is_planned", "Planned as primary", _yes_or_no),
    ("plan_origin", "Plan", _origin),
    ("margin", "Margin", _margin),
    ("converged", "Converged", _yes_or_no),
)
"""Column, the words for it, and how it is written, in the order of the table."""


def table_model_facts(*, model: pd.DataFrame, notes: pd.DataFrame | None = None, stamp: str = "") -> Table:
    """Show the facts of a model: its formula, why it was chosen, how many patients and observations it has.

    Parameters
    ----------
    model : pandas.DataFrame
        ``compare_formats(...).model``, or that of another result with a fit: one row with ``formula``,
        ``n_patients``, ``n_observations``, and where known ``instrument``, ``visit``, ``rung``, ``label``, ``why``,
        ``n_cohorts``, ``ddf``, ``standardised_by``, ``is_planned``, ``plan_origin``, ``margin``, ``converged``.
        Other columns are passed over.
    notes : pandas.DataFrame, optional
        ``compare_formats(...).notes``: ``note``, what was done to the data and the model on the way.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per fact.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    needed = ("formula", N_PATIENTS, "n_observations")
    frame = checked_frame(model, needed, name="model", caller="table_model_facts")
    remarks = given_frame(notes, ("note",), name="notes", caller="table_model_facts")
    row, (is_withheld, *_) = frame.iloc[0], withheld_rows(frame)
    known = [(name, words, write) for name, words, write in FACTS if name in frame.columns]
    told = [(words, _fact(row[name], write, name, is_withheld=is_withheld)) for name, words, write in known]
    cells = pd.DataFrame([pair for pair in told if pair[1]], columns=["label", "text"])
    return assemble(
        "model-facts",
        "The model that was fitted",
        cells,
        Layout((label_column("Fact"), text_column("text", "Of this model", prose=True))),
        raw=stacked(model=frame, notes=remarks),
        notes=[] if remarks is None else [str(note) for note in remarks["note"]],
        stamp=stamp,
    )


def _fact(value: Any, write: Callable[[Any], str], name: str, *, is_withheld: bool) -> str:
    """A fact in words; unknown facts are left out, except a margin: none was stated."""
    if is_missing(value) and is_withheld:
        return WITHHELD if write is count else ""
    if is_missing(value) or value == "":
        return NO_MARGIN if name == "margin" else ""
    return write(value)
