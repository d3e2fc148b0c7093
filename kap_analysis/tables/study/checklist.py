"""Where each item of STROBE and RECORD stands in the results."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from kap_analysis.errors import TableError
from kap_analysis.tables.page.cells import assemble
from kap_analysis.tables.page.layout import Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.sentences import join_words

ITEMS_FILE: Final = Path(__file__).with_name("checklist.toml")
BY_AUTHORS: Final = "To be written by the authors"
ITEM_COLUMNS: Final = ("number", "section", "asks", "where")


def checklist_items() -> pd.DataFrame:
    """The items of both checklists in short words: ``number``, ``section``, ``asks``, ``where`` (in our results)."""
    return pd.DataFrame(tomllib.loads(ITEMS_FILE.read_text(encoding="utf-8"))["item"], columns=list(ITEM_COLUMNS))


def table_checklist(*, where: Mapping[str, str] | None = None, stamp: str = "") -> Table:
    """Show where each item of STROBE (cohort studies) and RECORD (routinely collected data) stands in the results.

    Parameters
    ----------
    where : mapping of str to str, optional
        Item number to place, such as ``{"13": "Table 1, Figure 1", "RECORD 13.1": "Table 1"}``; replaces the place
        that the package proposes.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per item, row groups by section of a paper.

    Raises
    ------
    TableError
        If ``where`` names an item that is on neither checklist.
    """
    items = checklist_items()
    places = dict(where or {})
    unknown = [number for number in places if number not in set(items["number"])]
    if unknown:
        raise TableError(
            f"Neither checklist has the item {join_words(unknown)}; STROBE has 1 to 22, RECORD such as 'RECORD 13.1'."
        )
    items["where"] = [places.get(number, found) for number, found in zip(items["number"], items["where"], strict=True)]
    cells = items.assign(label=items["number"], place=[found or BY_AUTHORS for found in items["where"]])
    columns = (
        label_column("Item"),
        text_column("asks", "What it asks for", prose=True),
        text_column("place", "Where it stands", prose=True),
    )
    return assemble(
        "checklist",
        "Reporting checklist: STROBE (cohort studies) with RECORD",
        cells,
        Layout(columns, groups="section"),
        raw=items,
        notes=(
            "Items in short words of our own; the wording is in von Elm et al. 2007 (doi 10.1371/journal.pmed.0040296) "
            "and Benchimol et al. 2015 (doi 10.1371/journal.pmed.1001885).",
        ),
        stamp=stamp,
    )
