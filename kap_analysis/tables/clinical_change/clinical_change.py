"""Who improved in a way that matters, of those assessed and of those who started."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT
from kap_analysis.tables.page.cells import (
    assemble,
    checked_frame,
    enough_notes,
    format_heading,
    formats_in,
    given_frame,
    stacked,
    texts,
    with_enough,
)
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import CLASSES, class_name
from kap_analysis.writing.numbers import INTERVAL, coefficient, count_of, is_missing, percent
from kap_analysis.writing.sentences import sentence_case

SHARES = (FORMAT, "class", "n", "n_assessed", "n_started", "n_not_assessed", CI_LOW, CI_HIGH)
ELIGIBLE = (FORMAT, "n", "n_eligible", CI_LOW, CI_HIGH)
CUTOFFS = ("cutoff", "value", "formula", "source")


def table_clinical_change(
    *,
    shares: pd.DataFrame,
    eligible: pd.DataFrame | None = None,
    cutoffs: pd.DataFrame | None = None,
    stamp: str = "",
) -> Table:
    """Show how many patients changed in a way that matters, with both denominators.

    Parameters
    ----------
    shares : pandas.DataFrame
        ``clinical_change(outcomes).shares``: ``format``, ``class``, ``n``, ``n_assessed``, ``n_started``,
        ``n_not_assessed``, ``ci_low``, ``ci_high`` (of the share of those assessed, 0 to 1).
    eligible : pandas.DataFrame, optional
        ``clinical_change(outcomes).eligible``: ``format``, ``n`` (recovered), ``n_eligible`` (on the clinical side of
        the cut-off at baseline), ``ci_low``, ``ci_high``.
    cutoffs : pandas.DataFrame, optional
        ``clinical_change(outcomes).cutoffs``: ``cutoff``, ``value``, ``formula``, ``source``, and where known
        ``is_used``; those in use are written as notes.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by class, and one of those not assessed; one row per format: the count of those assessed with its
        interval, and of those who started.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    frame = checked_frame(shares, SHARES, name="shares", caller="table_clinical_change")
    limits = given_frame(cutoffs, CUTOFFS, name="cutoffs", caller="table_clinical_change")
    could = given_frame(eligible, ELIGIBLE, name="eligible", caller="table_clinical_change")
    lost, has_cutoff = frame.drop_duplicates(FORMAT), bool((frame["class"].astype("str") == "recovered").any())
    classes = pd.DataFrame(
        {
            "class": [class_name(label, has_cutoff=has_cutoff) for label in frame["class"]],
            "label": [format_heading(name) for name in frame[FORMAT].astype(str)],
            "assessed": texts(frame, count_of, "n", "n_assessed"),
            "interval": texts(with_enough(frame, "n_assessed"), share_interval, CI_LOW, CI_HIGH),
            "started": texts(frame, count_of, "n", "n_started"),
        }
    )
    not_assessed = pd.DataFrame(
        {
            "class": "not assessed",
            "label": [format_heading(name) for name in lost[FORMAT].astype(str)],
            "assessed": "",
            "interval": "",
            "started": texts(lost, count_of, "n_not_assessed", "n_started"),
        }
    )
    place = {format_heading(name): position for position, name in enumerate(formats_in(frame))}
    cells = pd.concat([classes, _eligible(could), not_assessed], ignore_index=True)
    order = {name: position for position, name in enumerate(dict.fromkeys(cells["class"]))}
    cells = cells.assign(first=cells["class"].map(order), second=cells["label"].map(place))
    cells = cells.sort_values(["first", "second"], ignore_index=True)
    cells["class"] = [sentence_case(name) for name in cells["class"]]
    few = enough_notes(frame, counted="n_assessed")
    columns = (
        label_column("Format"),
        Column("assessed", "Of assessed"),
        Column("interval", INTERVAL),
        Column("started", "Of started"),
    )
    return assemble(
        "clinical-change",
        "Clinically significant change by format",
        cells,
        Layout(columns, groups="class"),
        raw=stacked(shares=frame, eligible=could, cutoffs=limits),
        notes=[*_notes(limits), *dict.fromkeys([*few, *enough_notes(could, counted="n_eligible")])],
        stamp=stamp,
    )


def _eligible(could: pd.DataFrame | None) -> pd.DataFrame:
    """Recovery of those who could recover: who starts below the cut-off cannot cross it."""
    if could is None:
        return pd.DataFrame()
    return pd.DataFrame(
        {
            "class": f"{CLASSES['recovered']}, of those who began on the other side",
            "label": [format_heading(name) for name in could[FORMAT].astype(str)],
            "assessed": texts(could, count_of, "n", "n_eligible"),
            "interval": texts(with_enough(could, "n_eligible"), share_interval, CI_LOW, CI_HIGH),
            "started": "",
        }
    )


def share_interval(low: float, high: float) -> str:
    """Write the interval of a share: ``21% to 46%``."""
    missing = is_missing(low) or is_missing(high)
    return percent(None) if missing else f"{percent(low)} to {percent(high)}"


def _notes(cutoffs: pd.DataFrame | None) -> list[str]:
    notes = [
        "Of assessed: of the patients with a score at baseline and at follow-up; of started: of all who started "
        "treatment. Interval: confidence interval of the share of those assessed.",
    ]
    if cutoffs is not None:
        cutoffs = cutoffs[[_is_used(row) for _, row in cutoffs.iterrows()]]
        notes += [
            f"{_cutoff_name(row['cutoff'])}: {coefficient(row['value'])}"
            + (f", {row['formula']}" if not is_missing(row["formula"]) and row["formula"] else "")
            + (f" ({row['source']})." if not is_missing(row["source"]) and row["source"] else ".")
            for _, row in cutoffs.iterrows()
            if not is_missing(row["value"])
        ]
    return [*notes, "There is no control arm: change is not an effect of treatment."]


def _cutoff_name(name: object) -> str:
    """Jacobson and Truax call their cut-offs by letters."""
    return f"Cut-off {name}" if len(str(name)) == 1 else sentence_case(name)


def _is_used(row: "pd.Series") -> bool:
    """Whether a threshold is in force; without a column that says so, all are."""
    used = row.get("is_used", True)
    return not is_missing(used) and bool(used)
