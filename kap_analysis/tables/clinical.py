"""Who improved in a way that matters, of those assessed and of those who started."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT
from kap_analysis.tables.frames import (
    across,
    assemble,
    capitalised,
    checked_frame,
    format_heading,
    formats_in,
    given_frame,
    stacked,
    texts,
)
from kap_analysis.tables.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.numbers import INTERVAL, coefficient, count_of, is_missing, percent
from kap_analysis.tables.table import Table

SHARES = (FORMAT, "class", "n", "n_assessed", "n_started", "n_not_assessed", CI_LOW, CI_HIGH)
CUTOFFS = ("cutoff", "value", "formula", "source")


def table_clinical_change(*, shares: pd.DataFrame, cutoffs: pd.DataFrame | None = None, stamp: str = "") -> Table:
    """Show how many patients changed in a way that matters, with both denominators.

    Parameters
    ----------
    shares : pandas.DataFrame
        ``clinical_change(outcomes).shares``: ``format``, ``class``, ``n``, ``n_assessed``, ``n_started``,
        ``n_not_assessed``, ``ci_low``, ``ci_high`` (of the share of those assessed, 0 to 1).
    cutoffs : pandas.DataFrame, optional
        ``clinical_change(outcomes).cutoffs``: ``cutoff``, ``value``, ``formula``, ``source``; written as notes.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per class and one for those not assessed; per format the count of the assessed with its interval and
        of those who started.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    frame = checked_frame(shares, SHARES, name="shares", table="table_clinical_change")
    limits = given_frame(cutoffs, CUTOFFS, name="cutoffs", table="table_clinical_change")
    formats = formats_in(frame)
    written = {
        "assessed": texts(frame, count_of, "n", "n_assessed"),
        "interval": texts(frame, _share_interval, CI_LOW, CI_HIGH),
        "started": texts(frame, count_of, "n", "n_started"),
    }
    cells = across(frame, ["class"], written, FORMAT)
    lost = frame.drop_duplicates(FORMAT).assign(**{"class": "not assessed"})
    started = texts(lost, count_of, "n_not_assessed", "n_started")
    bottom = across(lost, ["class"], {"assessed": [""] * len(lost), "interval": [""] * len(lost), "started": started},
                    FORMAT)  # fmt: skip
    cells = pd.concat([cells, bottom], ignore_index=True)
    cells["label"] = [capitalised(name) for name in cells["class"]]
    columns, spanners = [label_column("")], []
    for name in formats:
        keys = tuple(f"{key}|{name}" for key in ("assessed", "interval", "started"))
        headings = ("Of assessed", INTERVAL, "Of started")
        columns += [Column(key, heading) for key, heading in zip(keys, headings, strict=True)]
        spanners.append(Spanner(format_heading(name), keys))
    return assemble(
        "clinical-change",
        "Clinically significant change by format",
        cells,
        Layout(tuple(columns), tuple(spanners)),
        raw=stacked(shares=frame, cutoffs=limits),
        notes=_notes(limits),
        stamp=stamp,
    )


def _share_interval(low: float, high: float) -> str:
    missing = is_missing(low) or is_missing(high)
    return percent(None) if missing else f"{percent(low)} to {percent(high)}"


def _notes(cutoffs: pd.DataFrame | None) -> list[str]:
    notes = [
        "Of assessed: of the patients with a score at baseline and at follow-up; of started: of all who started "
        "treatment. CI: confidence interval of the share of those assessed.",
    ]
    if cutoffs is not None:
        notes += [
            f"{capitalised(row['cutoff'])}: {coefficient(row['value'])}"
            + (f", {row['formula']}" if not is_missing(row["formula"]) and row["formula"] else "")
            + (f" ({row['source']})." if not is_missing(row["source"]) and row["source"] else ".")
            for _, row in cutoffs.iterrows()
        ]
    return [*notes, "There is no control arm: change is not an effect of treatment."]
