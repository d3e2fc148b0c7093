"""Who the patients were at the start, by format, and how far the formats differ (STROBE item 14)."""

from collections.abc import Collection
from typing import Final

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.tables.page.cells import (
    across,
    assemble,
    checked_frame,
    format_heading,
    formats_in,
    patients_of,
    texts,
    withheld_rows,
)
from kap_analysis.tables.page.layout import INDENT, Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import WITHHELD, count, count_percent, decimals_of, mean_sd, median_quartiles, number
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (
    "characteristic", "label", "kind", "unit", "level", FORMAT, N_PATIENTS, "n_missing", "mean", "sd", "median", "q1",
    "q3", "n", "share", "smd",
)  # fmt: skip
YES_NO: Final = {"yes", "no"}
COUNTS: Final = ("ace_score", "failed_treatments")
"""Characteristics that count something and lean to one side: shown as median and quartiles."""


def table_baseline(*, characteristics: pd.DataFrame, medians: Collection[str] = COUNTS, stamp: str = "") -> Table:
    """Show the patients' characteristics at the start by format, what is missing, and the standardised differences.

    Parameters
    ----------
    characteristics : pandas.DataFrame
        ``baseline_characteristics(...).characteristics``: ``characteristic``, ``label``, ``kind`` (continuous,
        categorical), ``unit``, ``level`` (empty for a number), ``format``, ``n_patients``, ``n_missing``, ``mean``,
        ``sd``, ``median``, ``q1``, ``q3``, ``n``, ``share`` (of those known), ``smd``.
    medians : collection of str
        Characteristics shown as median [quartiles] instead of mean (SD).
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per number; for categories a heading row and one row per level, of a
        yes-or-no characteristic only those with a yes. Per format the value and how many
        patients it is missing for; at the end the standardised mean difference, group minus individual.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(characteristics, COLUMNS, name="characteristics", caller="table_baseline")
    frame["level"] = frame["level"].fillna("").astype(str)
    frame["known"] = frame[N_PATIENTS] - frame["n_missing"]
    frame["value"] = _values(frame, medians)
    frame["missing"] = texts(frame, count, "n_missing")
    formats = formats_in(frame)
    cells = across(frame, ["characteristic", "level"], {"value": frame["value"], "missing": frame["missing"]}, FORMAT)
    cells = _with_headings(frame, cells, formats, medians)
    has_smd = frame["smd"].notna().any()
    columns = [label_column("Characteristic")]
    spanners = []
    for name in formats:
        n_patients, is_withheld = patients_of(frame, name, N_PATIENTS)
        columns += [Column(f"value|{name}", "Value"), Column(f"missing|{name}", "Missing")]
        heading = format_heading(name, n_patients, withheld=is_withheld)
        spanners.append(Spanner(heading, (f"value|{name}", f"missing|{name}")))
    if has_smd:
        columns.append(Column("smd", "SMD"))
    return assemble(
        "baseline",
        "Patients at the start, by format",
        cells,
        Layout(tuple(columns), tuple(spanners)),
        raw=frame.drop(columns=["known", "value", "missing"]),
        notes=_notes(frame, medians, has_smd=bool(has_smd)),
        dash="cannot be calculated, or no such patients.",
        stamp=stamp,
    )


def _values(frame: pd.DataFrame, medians: Collection[str]) -> list[str]:
    means = texts(frame, mean_sd, "mean", "sd")
    middles = texts(frame, median_quartiles, "median", "q1", "q3")
    shares = texts(frame, count_percent, "n", "known")
    written = []
    for row, mean, middle, share in zip(frame.itertuples(), means, middles, shares, strict=True):
        number = middle if row.characteristic in medians else mean
        written.append(number if row.kind == "continuous" else share)
    return written


def _with_headings(
    frame: pd.DataFrame, cells: pd.DataFrame, formats: list[str], medians: Collection[str]
) -> pd.DataFrame:
    """Add a heading row over the levels of each category, which carries what the levels share: missing and SMD."""
    lines, decimals = [], decimals_of(frame["smd"])
    for name, part in cells.groupby("characteristic", sort=False):
        about = frame[frame["characteristic"].astype(str) == name]
        label, unit, kind = about.iloc[0][["label", "unit", "kind"]]
        smd = _difference(about, decimals)
        named = f"{label}, {unit}" if isinstance(unit, str) and unit else str(label)
        if kind == "continuous":
            statistic = "median [quartiles]" if name in medians else "mean (SD)"
            lines.append({**part.iloc[0], "label": f"{named}, {statistic}", "smd": smd})
            continue
        if set(part["level"]) == YES_NO:
            lines.append({**part[part["level"] == "yes"].iloc[0], "label": f"{named}, n (%)", "smd": smd})
            continue
        shared = {f"missing|{care}": part.iloc[0][f"missing|{care}"] for care in formats}
        blank = {f"value|{care}": "" for care in formats}
        lines.append({**blank, **shared, "label": f"{named}, n (%)", "smd": smd})
        for _, row in part.iterrows():
            empty = {f"missing|{care}": "" for care in formats}
            lines.append({**row, **empty, "label": f"{INDENT}{sentence_case(readable(row['level']))}", "smd": ""})
    return pd.DataFrame(lines)


def _difference(about: pd.DataFrame, decimals: int) -> str:
    """The SMD of a characteristic, which its rows share."""
    known = about["smd"].dropna()
    if len(known):
        return number(known.iloc[0], decimals)
    return WITHHELD if any(withheld_rows(about)) else number(None)


def _notes(frame: pd.DataFrame, medians: Collection[str], *, has_smd: bool) -> list[str]:
    notes = ["SD: standard deviation. Percentages are of the patients whose value is known; Missing: the others."]
    if any(name in medians for name in frame["characteristic"].astype(str)):
        notes.append("[ ]: first to third quartile.")
    if has_smd:
        notes.append(
            "SMD: standardised mean difference, group minus individual; with more than two levels it has no sign. "
            "Below 0.1 in size the formats are usually called balanced (Austin 2009, doi 10.1002/sim.3697)."
        )
    return notes
