"""Moderators: how the difference between the formats varies with a characteristic of the patients."""

import re
from typing import Final

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, N_PATIENTS, P_VALUE
from kap_analysis.tables.page.cells import (
    assemble,
    checked_frame,
    enough_notes,
    given_frame,
    stacked,
    texts,
    with_enough,
)
from kap_analysis.tables.page.layout import INDENT, Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, count, degrees, difference, interval, is_missing, p_value
from kap_analysis.writing.sentences import sentence_case

INTERACTIONS = ("moderator", "unit", ESTIMATE, DF, P_VALUE, CI_LOW, CI_HIGH, N_PATIENTS, "exploratory")
DIFFERENCES = ("moderator", "level", ESTIMATE, CI_LOW, CI_HIGH)
UNIT: Final = re.compile(r"[\d.]+ (?P<words>\D+)")
BARE_NUMBER: Final = re.compile(r"[−-]?[\d.,]+")


def table_moderators(*, interactions: pd.DataFrame, differences: pd.DataFrame | None = None, stamp: str = "") -> Table:
    """Show how much group minus individual changes with each moderator, and the difference at its values.

    Parameters
    ----------
    interactions : pandas.DataFrame
        ``moderate(outcomes).interactions``: ``moderator``, ``unit`` (what the interaction is per), ``estimate``,
        ``df``, ``p_value``, ``ci_low``, ``ci_high``, ``n_patients``, ``exploratory``, and where known ``p_holm``,
        ``warning``, ``note``.
    differences : pandas.DataFrame, optional
        ``moderate(outcomes).differences``: ``moderator``, ``level`` (the value in words), ``estimate``, ``ci_low``,
        ``ci_high``, and where known ``n_patients``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per moderator with the interaction, and below it the differences at its values. Exploratory moderators
        have no p.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    frame = checked_frame(interactions, INTERACTIONS, name="interactions", caller="table_moderators")
    values = given_frame(differences, DIFFERENCES, name="differences", caller="table_moderators")
    has_holm = "p_holm" in frame.columns and frame["p_holm"].notna().any()
    rows = pd.DataFrame(
        {
            "moderator": frame["moderator"].astype(str),
            "unit": frame["unit"],
            "label": [_named(row) for _, row in frame.iterrows()],
            "n": texts(frame, count, N_PATIENTS),
            "estimate": texts(frame, difference, ESTIMATE),
            "interval": texts(with_enough(frame), interval, CI_LOW, CI_HIGH),
            "df": texts(frame, degrees, DF),
            "p": texts(with_enough(frame), p_value, P_VALUE),
            "holm": texts(with_enough(frame), p_value, "p_holm") if has_holm else "",
            "kind": ["Exploratory" if _is_true(value) else "Planned" for value in frame["exploratory"]],
        }
    )
    cells = _with_differences(rows, values)
    columns = [
        label_column("Moderator"),
        Column("n", "n"),
        Column("estimate", "Estimate"),
        Column("interval", INTERVAL),
        Column("df", "df"),
        Column("p", "p"),
    ] + ([Column("holm", "p (Holm)")] if has_holm else [])
    return assemble(
        "moderators",
        "The difference between the formats by characteristics of the patients",
        cells,
        Layout(tuple(columns), groups="kind"),
        raw=stacked(interactions=frame, differences=values),
        notes=[*_notes(frame, values), *enough_notes(frame, values)],
        dash="not tested (exploratory), or not estimated.",
        stamp=stamp,
    )


def _is_true(value: object) -> bool:
    return not is_missing(value) and bool(value)


def _named(row: "pd.Series") -> str:
    unit = row["unit"]
    per = "" if is_missing(unit) or not str(unit) else f", {unit}" if " against " in str(unit) else f", per {unit}"
    return f"{sentence_case(row['moderator'])}: interaction{per}"


def _with_differences(rows: pd.DataFrame, values: pd.DataFrame | None) -> pd.DataFrame:
    if values is None:
        return rows
    has_n = N_PATIENTS in values.columns
    levels = _levels(rows, values)
    below = pd.DataFrame(
        {
            "moderator": values["moderator"].astype(str),
            "label": [f"{INDENT}Difference, {level}" for level in levels],
            "n": texts(values, count, N_PATIENTS) if has_n else "",
            "estimate": texts(values, difference, ESTIMATE),
            "interval": texts(with_enough(values), interval, CI_LOW, CI_HIGH),
        }
    )
    parts = []
    for _, row in rows.iterrows():
        own = below[below["moderator"] == row["moderator"]].assign(kind=row["kind"])
        parts += [row.to_frame().T, own]
    return pd.concat(parts, ignore_index=True).fillna("")


def _levels(rows: pd.DataFrame, values: pd.DataFrame) -> list[str]:
    """The values of each moderator, a bare number with its unit: "30 years" where the interaction is per 10 years."""
    counted = {name: UNIT.fullmatch(str(unit)) for name, unit in zip(rows["moderator"], rows["unit"], strict=True)}
    told = []
    for name, level in zip(values["moderator"].astype(str), values["level"].astype(str), strict=True):
        unit = counted.get(name)
        told.append(f"{level} {unit['words']}" if unit and BARE_NUMBER.fullmatch(level) else level)
    return told


def _notes(frame: pd.DataFrame, values: pd.DataFrame | None) -> list[str]:
    notes = ["Interaction: how much group minus individual changes per unit. Interval: confidence interval."]
    if values is not None:
        notes.append("Intervals of the differences are adjusted for the number of values of a moderator.")
    for column in ("warning", "note"):
        if column in frame.columns:
            told = frame[frame[column].fillna("").astype(str) != ""]
            notes += [f"{sentence_case(row['moderator'])}: {row[column]}" for _, row in told.iterrows()]
    return notes
