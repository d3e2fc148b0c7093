"""What a planned study is expected to show, by ICC and by method."""

import pandas as pd

from kap_analysis.columns import DF, STD_ERROR
from kap_analysis.tables.page.cells import assemble, checked_frame, texts
from kap_analysis.tables.page.layout import Column, Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import DASH, coefficient, count, degrees, exact, is_missing, number
from kap_analysis.writing.sentences import join_words, sentence_case

COLUMNS = (
    "icc", "method", "rung", "n_draws", STD_ERROR, DF, "power", "power_mc_error", "type_1_error", "type_1_mc_error",
    "coverage", "width", "width_mc_error", "width_80",
)  # fmt: skip


def table_planned_study(*, precision: pd.DataFrame, stamp: str = "") -> Table:
    """Show power, type I error and width of the interval of a planned study.

    Parameters
    ----------
    precision : pandas.DataFrame
        The ``precision`` of ``plan_next_study``.
    stamp : str
        A word that must stay with the table.

    Returns
    -------
    Table
        One row per ICC and method.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(precision, COLUMNS, name="precision", caller="table_planned_study")
    cells = pd.DataFrame(
        {
            "label": [f"{_icc(icc)}, {method}" for icc, method in zip(frame["icc"], frame["method"], strict=True)],
            "std_error": texts(frame, coefficient, STD_ERROR),
            "df": texts(frame, degrees, DF),
            "power": texts(frame, _share, "power", "power_mc_error"),
            "type_1_error": texts(frame, _share, "type_1_error", "type_1_mc_error"),
            "coverage": texts(frame, _share, "coverage"),
            "width": texts(frame, _points, "width", "width_mc_error"),
            "width_80": texts(frame, number, "width_80"),
        }
    )
    columns = (
        label_column("ICC, method"),
        Column("std_error", "SE"),
        Column("df", "df"),
        Column("power", "Power"),
        Column("type_1_error", "Type I"),
        Column("coverage", "Coverage"),
        Column("width", "Width"),
        Column("width_80", "80%"),
    )
    drawn = int(frame["n_draws"].max())
    models = join_words(dict.fromkeys(frame["rung"]))
    level = f"{exact(100 * frame['level'].iloc[0])}% " if "level" in frame else ""
    notes = [
        f"Model that the counts allow: {models}. Width: of the {level}interval of the difference, in points; 80% of "
        "studies stay below the last column. Power: share of studies that show the claim with the difference that is "
        "assumed. Type I: share that show it where it is false."
    ]
    if drawn:
        notes.append(
            f"Simulated: {count(drawn)} studies, each analysed as the real one will be; in brackets Monte Carlo errors."
        )
    return assemble(
        "planned_study",
        "What the planned study is expected to show",
        cells,
        Layout(columns),
        raw=frame,
        notes=tuple(notes),
        stamp=stamp,
    )


def table_planning_assumptions(*, assumptions: pd.DataFrame, stamp: str = "") -> Table:
    """Show what a planned study assumes, and of each number whether it was published or assumed.

    Parameters
    ----------
    assumptions : pandas.DataFrame
        The ``assumptions`` of ``plan_next_study``: ``assumption``, ``value``, ``source``.
    stamp : str
        A word that must stay with the table.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    columns = ("assumption", "value", "source")
    frame = checked_frame(assumptions, columns, name="assumptions", caller="table_planning_assumptions")
    cells = pd.DataFrame(
        {
            "label": [sentence_case(one) for one in frame["assumption"]],
            **{name: frame[name].map(sentence_case) for name in columns[1:]},
        }
    )
    layout = Layout((label_column("Assumption"), text_column("value", "Value"), text_column("source", "Source")))
    return assemble("planning_assumptions", "What the planned study assumes", cells, layout, raw=frame, stamp=stamp)


def _icc(icc: float) -> str:
    return DASH if is_missing(icc) else exact(icc)


def _share(share: float, error: float = float("nan")) -> str:
    """A share of studies with one decimal, its Monte Carlo error in brackets."""
    text = DASH if is_missing(share) else f"{number(100 * share)}%"
    return text if is_missing(error) else f"{text} ({number(100 * error)})"


def _points(points: float, error: float) -> str:
    return number(points) if is_missing(error) else f"{number(points)} ({number(error, 2)})"
