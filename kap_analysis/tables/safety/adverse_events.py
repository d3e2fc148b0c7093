"""Adverse events by format, with how often they were asked about."""

import pandas as pd

from kap_analysis.columns import FORMAT, N_PATIENTS
from kap_analysis.tables.page.cells import (
    across,
    assemble,
    checked_frame,
    format_heading,
    formats_in,
    texts,
    withheld_rows,
)
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import DASH, WITHHELD, count, count_of, is_missing, rate
from kap_analysis.writing.sentences import sentence_case

COLUMNS = ("event", FORMAT, "severity", "n_events", N_PATIENTS, "per_session", "n_sessions_asked", "n_sessions")
NO_SESSION = "not in a session"
"""Route of an event between sessions: it has no session at which patients could have been asked."""
OTHER_EVENTS = "other events"
"""Several rare events, pooled because their counts are withheld."""
SEVERITIES = ("mild", "moderate", "severe")


def table_adverse_events(*, events: pd.DataFrame, stamp: str = "") -> Table:
    """Show adverse events by format and severity: events, patients, events per session at which they were asked about.

    Parameters
    ----------
    events : pandas.DataFrame
        ``review_safety(study).events``: ``event``, ``format``, ``severity``, ``n_events``, ``n_patients``,
        ``per_session`` (of events at sessions where patients were asked), ``n_sessions_asked``, ``n_sessions``, and
        where known ``route``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        Row groups by event, one row per severity (and route); per format events, patients, events per session asked.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = checked_frame(events, COLUMNS, name="events", caller="table_adverse_events")
    keys = ["event", "severity", *(["route"] if "route" in frame.columns else [])]
    written = {
        "n": texts(frame, count, "n_events"),
        "patients": texts(frame, count, N_PATIENTS),
        "rate": texts(frame, rate, "per_session"),
    }
    cells = _in_order(across(frame, keys, written, FORMAT))
    cells["event"] = [sentence_case(readable(event)) for event in cells["event"]]
    cells["label"] = [sentence_case(", ".join(str(row[key]) for key in keys[1:])) for _, row in cells.iterrows()]
    columns, spanners = [label_column("Event")], []
    for name in formats_in(frame):
        shown = tuple(f"{key}|{name}" for key in written)
        headings = ("Events", "Patients", "Per session")
        columns += [Column(key, heading) for key, heading in zip(shown, headings, strict=True)]
        spanners.append(Spanner(format_heading(name), shown))
    return assemble(
        "adverse-events",
        "Adverse events by format",
        cells,
        Layout(tuple(columns), tuple(spanners), groups="event"),
        raw=frame,
        notes=(
            "Events, patients: all that were recorded. Per session: events at ketamine sessions where patients were "
            "asked about events, divided by these sessions; an event of another session has no denominator.",
            f"Ketamine sessions at which they were asked about: {_asked(frame)}.",
            "Rare events are pooled." if (frame["event"].astype(str) == OTHER_EVENTS).any() else "",
        ),
        dash="no such event, or no session at which patients were known to be asked.",
        stamp=stamp,
    )


def _in_order(cells: pd.DataFrame) -> pd.DataFrame:
    """Events as they come; within an event by route, and mild before severe."""
    event = {name: place for place, name in enumerate(dict.fromkeys(cells["event"]))}
    severity = {name: place for place, name in enumerate(SEVERITIES)}
    by = {"event": cells["event"].map(event), "severity": cells["severity"].map(severity).fillna(len(SEVERITIES))}
    by |= {"route": cells["route"]} if "route" in cells.columns else {}
    order = [name for name in ("event", "route", "severity") if name in by]
    places = pd.DataFrame(by).sort_values(order, kind="stable")
    return cells.loc[places.index].reset_index(drop=True)


def _asked(frame: pd.DataFrame) -> str:
    """How many of the sessions of each format (and route) had the question."""
    keys = [FORMAT, *(["route"] if "route" in frame.columns else [])]
    first = frame["n_sessions"].isna().sort_values(kind="stable").index  # rows that show their sessions before others
    known = frame.loc[first].drop_duplicates(keys).sort_index()
    told = []
    for (_, row), hidden in zip(known.iterrows(), withheld_rows(known), strict=True):
        if row.get("route") == NO_SESSION or (is_missing(row["n_sessions"]) and not hidden):
            continue
        unknown = f"not recorded at {count(row['n_sessions'])}"
        sessions = count_of(row["n_sessions_asked"], row["n_sessions"], DASH if hidden else unknown)
        told.append(f"{', '.join(str(row[key]) for key in keys)} {WITHHELD if sessions == DASH else sessions}")
    return "; ".join(told) or "no session"
