"""What the patients received, in the order of TIDieR: sessions, doses by route, integration, cohorts, time."""

from collections.abc import Mapping
from functools import partial

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.tables.page.cells import (
    across,
    assemble,
    checked_frame,
    format_heading,
    formats_in,
    given_frame,
    stacked,
    texts,
)
from kap_analysis.tables.page.layout import Column, Layout, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import (
    WITHHELD,
    count_of,
    decimals_of,
    is_missing,
    mean_sd,
    number,
    plural,
    whole_range,
)
from kap_analysis.writing.sentences import sentence_case

SESSIONS = (FORMAT, "kind", "setting", "phase", "mean_per_patient", "sd")
DOSES = (FORMAT, "route", "unit", "mean", "sd", "n_sessions")
INTEGRATION = (FORMAT, "within", "n_sessions", "share")
MINUTES = (FORMAT, "mean", "sd")
COHORTS = ("cohort_id", N_PATIENTS)
DOSE_DECIMALS = {"mg": 0, "mg/kg": 2}


def table_exposure(
    *,
    sessions: pd.DataFrame,
    doses: pd.DataFrame | None = None,
    integration: pd.DataFrame | None = None,
    clinician_minutes: pd.DataFrame | None = None,
    cohort_sizes: pd.DataFrame | None = None,
    stamp: str = "",
) -> Table:
    """Show what the patients of each format received.

    Parameters
    ----------
    sessions : pandas.DataFrame
        ``describe_exposure(study).sessions``: ``format``, ``kind``, ``setting``, ``phase``, ``mean_per_patient``,
        ``sd``.
    doses : pandas.DataFrame, optional
        ``describe_exposure(study).doses``: ``format``, ``route``, ``unit`` (mg, mg/kg), ``mean``, ``sd``,
        ``n_sessions``.
    integration : pandas.DataFrame, optional
        ``describe_exposure(study).integration``: ``format``, ``within``, ``n_sessions``, ``share``, and where known
        ``n_followed``.
    clinician_minutes : pandas.DataFrame, optional
        ``describe_exposure(study).clinician_minutes``: ``format``, ``mean``, ``sd``.
    cohort_sizes : pandas.DataFrame, optional
        ``describe_exposure(study).cohort_sizes``: ``cohort_id``, ``n_patients``; written as a note.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups: sessions per patient, dose by route, integration in time, clinicians' time; one column per format.

    Raises
    ------
    TableError
        If a frame lacks a column, or there are no sessions.
    """
    name = "table_exposure"
    held = checked_frame(sessions, SESSIONS, name="sessions", caller=name)
    given = given_frame(doses, DOSES, name="doses", caller=name)
    followed = given_frame(integration, INTEGRATION, name="integration", caller=name)
    minutes = given_frame(clinician_minutes, MINUTES, name="clinician_minutes", caller=name)
    cohorts = given_frame(cohort_sizes, COHORTS, name="cohort_sizes", caller=name)
    is_public = any(part is not None and WITHHELD in part for part in (held, given, followed, minutes))
    long = pd.concat([_sessions(held), _doses(given), _integration(followed), _minutes(minutes)], ignore_index=True)
    cells = across(long, ["part", "label"], {"value": long["value"]}, FORMAT)
    columns = (label_column(""), *(Column(f"value|{care}", format_heading(care)) for care in formats_in(long)))
    return assemble(
        "exposure",
        "What the patients received, by format",
        cells,
        Layout(columns, groups="part"),
        raw=stacked(sessions=held, doses=given, integration=followed, clinician_minutes=minutes, cohort_sizes=cohorts),
        notes=_notes(given, cohorts),
        dash="none of this kind, or too few for an SD." if not is_public else "none, or too few patients to be shown.",
        stamp=stamp,
    )


def _sessions(held: pd.DataFrame) -> pd.DataFrame:
    labels = []
    for _, row in held.iterrows():
        known = [row[column] for column in ("setting", "phase") if not is_missing(row[column]) and row[column]]
        labels.append(sentence_case(", ".join(map(readable, [row["kind"], *known]))))
    value = texts(held, mean_sd, "mean_per_patient", "sd")
    return pd.DataFrame(
        {FORMAT: held[FORMAT].astype(str), "part": "Sessions per patient, mean (SD)", "label": labels, "value": value}
    )


def _doses(doses: pd.DataFrame | None) -> pd.DataFrame:
    if doses is None:
        return pd.DataFrame()
    labels = [f"{row['route']}, {row['unit']}" for _, row in doses.iterrows()]
    fewest = {str(unit): decimals_of([*part["mean"], *part["sd"]]) for unit, part in doses.groupby("unit")}
    value = texts(doses, partial(_dose, fewest), "mean", "sd", "unit")
    return pd.DataFrame(
        {FORMAT: doses[FORMAT].astype(str), "part": "Dose by route, mean (SD)", "label": labels, "value": value}
    )


def _dose(fewest: Mapping[str, int], mean: float, sd: float, unit: str) -> str:
    """A dose with the decimals of its unit, and no more than the doses of the table have."""
    return mean_sd(mean, sd, min(DOSE_DECIMALS.get(unit, 1), fewest[unit]))


def _integration(followed: pd.DataFrame | None) -> pd.DataFrame:
    if followed is None:
        return pd.DataFrame()
    counted = followed.assign(
        n_followed=followed["n_followed"] if "n_followed" in followed else followed["share"] * followed["n_sessions"]
    )
    return pd.DataFrame(
        {
            FORMAT: counted[FORMAT].astype(str),
            "part": "Ketamine sessions followed by integration, n/N (%)",
            "label": [sentence_case(rule) for rule in counted["within"]],
            "value": texts(counted, count_of, "n_followed", "n_sessions"),
        }
    )


def _minutes(minutes: pd.DataFrame | None) -> pd.DataFrame:
    if minutes is None:
        return pd.DataFrame()
    return pd.DataFrame(
        {
            FORMAT: minutes[FORMAT].astype(str),
            "part": "Clinicians' time",
            "label": "Minutes per patient, mean (SD)",
            "value": texts(minutes, lambda mean, sd: mean_sd(mean, sd, 0), "mean", "sd"),
        }
    )


def _notes(doses: pd.DataFrame | None, cohorts: pd.DataFrame | None) -> list[str]:
    notes = ["SD: standard deviation. Patients without a session of a kind count as 0."]
    if doses is not None:
        notes.append("Doses are never pooled over routes: their bioavailability differs.")
    if cohorts is not None:
        sizes = cohorts[N_PATIENTS].dropna()
        if len(sizes):
            smallest, largest = sizes.min(), sizes.max()
            spread = f"{whole_range(smallest, largest)} patients, {number(sizes.mean())} on average"
            told = plural(smallest, "patient") if smallest == largest else spread
            notes.append(f"{plural(len(sizes), 'cohort')} of {told}.")
    return notes
