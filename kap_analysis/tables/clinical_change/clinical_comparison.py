"""Clinically significant change compared between the formats: observed counts, risks and their difference."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, DF, ESTIMATE, FORMAT, N_PATIENTS, P_VALUE
from kap_analysis.tables.page.cells import assemble, checked_frame, format_heading, formats_in, stacked, texts
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import (
    INTERVAL,
    coefficient,
    count_of,
    degrees,
    difference,
    interval,
    is_missing,
    p_value,
    percent,
    percent_interval,
    plural,
    ratio_interval,
)
from kap_analysis.writing.sentences import sentence_case

CONTRASTS = ("event", "measure", ESTIMATE, CI_LOW, CI_HIGH, DF, P_VALUE, N_PATIENTS)
RISKS = ("event", FORMAT, "risk", CI_LOW, CI_HIGH)
OBSERVED = ("event", FORMAT, "n", "n_assessed", "n_started")


def table_clinical_comparison(
    *, contrasts: pd.DataFrame, risks: pd.DataFrame, observed: pd.DataFrame, stamp: str = ""
) -> Table:
    """Compare clinically significant change between the formats: observed counts and estimated risks.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        ``compare_clinical_change(study).contrasts``: ``event``, ``measure`` (risk difference, risk ratio), the estimate
        columns, ``n_patients``, and where known ``adjusted_for`` and ``note``.
    risks : pandas.DataFrame
        Its ``risks``: ``event``, ``format``, ``risk``, ``ci_low``, ``ci_high``.
    observed : pandas.DataFrame
        Its ``observed``: ``event``, ``format``, ``n``, ``n_assessed``, ``n_started``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by event: a row per format (observed with both denominators, estimated risk), then a row each for
        the difference and the ratio.

    Raises
    ------
    TableError
        If a frame lacks a column or has no rows.
    """
    asked = {"contrasts": (contrasts, CONTRASTS), "risks": (risks, RISKS), "observed": (observed, OBSERVED)}
    frames = {
        name: checked_frame(frame, columns, name=name, caller="table_clinical_comparison")
        for name, (frame, columns) in asked.items()
    }
    by_format = _by_format(frames["observed"], frames["risks"])
    compared = _compared(frames["contrasts"])
    events = list(dict.fromkeys(frames["contrasts"]["event"]))
    blocks = [part[part["event"] == event] for event in events for part in (by_format, compared)]
    cells = pd.concat(blocks, ignore_index=True).assign(event=lambda rows: [sentence_case(e) for e in rows["event"]])
    columns = (
        label_column("Format"),
        Column("assessed", "Of assessed"),
        Column("started", "Of started"),
        Column("estimate", "Estimate"),
        Column("interval", INTERVAL),
        Column("df", "df"),
        Column("p", "p"),
    )
    spanners = (Spanner("Observed", ("assessed", "started")), Spanner("Imputed", ("estimate", "interval", "df", "p")))
    return assemble(
        "clinical-comparison",
        "Clinically significant change: group against individual format",
        cells,
        Layout(columns, spanners, groups="event"),
        raw=stacked(**frames),
        notes=_notes(frames["contrasts"]),
        stamp=stamp,
    )


def _by_format(observed: pd.DataFrame, risks: pd.DataFrame) -> pd.DataFrame:
    """Observed counts and the estimated risk, one row per event and format."""
    seen = pd.DataFrame(
        {
            "event": observed["event"],
            FORMAT: observed[FORMAT].astype(str),
            "assessed": texts(observed, count_of, "n", "n_assessed"),
            "started": texts(observed, count_of, "n", "n_started"),
        }
    )
    estimated = pd.DataFrame(
        {
            "event": risks["event"],
            FORMAT: risks[FORMAT].astype(str),
            "estimate": texts(risks, percent, "risk"),
            "interval": texts(risks, percent_interval, CI_LOW, CI_HIGH),
        }
    )
    rows = seen.merge(estimated, how="left", on=["event", FORMAT]).fillna("")
    order = {name: at for at, name in enumerate(formats_in(observed))}
    rows = rows.assign(at=rows[FORMAT].map(order)).sort_values("at", kind="stable")
    labels = [format_heading(name) for name in rows[FORMAT]]
    return rows.assign(label=labels, df="", p="").drop(columns=[FORMAT, "at"])


def _compared(contrasts: pd.DataFrame) -> pd.DataFrame:
    is_difference = contrasts["measure"] == "risk difference"
    labels = [
        "Group − individual, percentage points" if difference else "Group / individual, ratio"
        for difference in is_difference
    ]
    in_points = contrasts.assign(**{name: 100 * contrasts[name] for name in (ESTIMATE, CI_LOW, CI_HIGH)})
    written = {
        "estimate": (texts(in_points, difference, ESTIMATE), texts(contrasts, coefficient, ESTIMATE)),
        "interval": (texts(in_points, interval, CI_LOW, CI_HIGH), texts(contrasts, ratio_interval, CI_LOW, CI_HIGH)),
    }
    chosen = {
        key: [a if difference else b for a, b, difference in zip(points, ratios, is_difference, strict=True)]
        for key, (points, ratios) in written.items()
    }
    return pd.DataFrame(
        {"event": contrasts["event"], "label": labels, "assessed": "", "started": "", **chosen,
         "df": texts(contrasts, degrees, DF), "p": texts(contrasts, p_value, P_VALUE)}
    )  # fmt: skip


def _notes(contrasts: pd.DataFrame) -> list[str]:
    n = contrasts[N_PATIENTS].max()
    patients = "all patients" if is_missing(n) else plural(n, "patient")
    notes = [
        f"Imputed: scores never observed are imputed, and risks standardised over {patients}.",
        "Interval: confidence interval, not adjusted for the number of events. Unless patients "
        "were randomised, a difference is not an effect of the format.",
    ]
    for column, lead in (("adjusted_for", "adjusted for "), ("note", "")):
        if column not in contrasts.columns:
            continue
        told = contrasts[contrasts[column].fillna("").astype(str) != ""]
        told = told.drop_duplicates(["event", column])
        for words, rows in told.groupby(column, sort=False):
            notes.append(f"{sentence_case('; '.join(dict.fromkeys(rows['event'])))}: {lead}{words}.")
    return notes
