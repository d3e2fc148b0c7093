"""Adverse events by format, each with the ketamine sessions at which patients were asked about events."""

from typing import Final

import pandas as pd

from kap_analysis.analysis.formats import formats_present, recorded_words
from kap_analysis.columns import DAY, FORMAT, N_PATIENTS, PATIENT_ID
from kap_analysis.disclosure.policy import is_small
from kap_analysis.study.study import Study

NOT_IN_A_SESSION: Final = "not in a session"
ANY_SEVERITY: Final = "any severity"
OTHER_EVENTS: Final = "other events"
KEYS: Final = ("event", FORMAT, "route", "severity")
COUNTS: Final = ("n_events", "n_events_asked", N_PATIENTS)

SERIOUS_COUNTS: Final = ("n_events", N_PATIENTS, "of_patients")


def count_sessions_asked(ketamine: pd.DataFrame, arms: pd.Series) -> pd.DataFrame:
    """Ketamine sessions at which events were asked about, and all of them, by format and route.

    Returns
    -------
    DataFrame
        ``format``, ``route``, ``n_sessions_asked``, ``n_sessions``. Where no session of a format and route says
        whether anybody asked, ``n_sessions_asked`` is NaN: unknown, not zero.
    """
    held = ketamine.reindex(columns=[PATIENT_ID, "route", "ae_asked"])
    asked = held["ae_asked"].astype("object")
    frame = pd.DataFrame(
        {
            FORMAT: held[PATIENT_ID].map(arms),
            "route": recorded_words(held["route"]),
            "n_sessions_asked": (asked == "yes").astype(float).where(asked.notna()),
        }
    )
    grouped = frame.groupby([FORMAT, "route"])
    counts = grouped["n_sessions_asked"].agg(lambda known: known.sum(min_count=1)).to_frame()
    return counts.assign(n_sessions=grouped.size()).reset_index()


def count_events(study: Study, ketamine: pd.DataFrame, arms: pd.Series, *, pooled: bool) -> pd.DataFrame:
    """Events and patients by event, format, route and severity, and events per session asked.

    Parameters
    ----------
    ketamine : DataFrame
        Ketamine sessions that were held.
    arms : Series
        patient_id -> format.
    pooled : bool
        Whether small counts may not be shown: severities, and then events, are pooled where a count would be
        withheld, so that a number stands in the place of several gaps.

    Returns
    -------
    DataFrame, as `Safety.events`
    """
    asked = count_sessions_asked(ketamine, arms)
    names = [*KEYS, *COUNTS, "n_sessions_asked", "n_sessions", "per_session"]
    events = study.adverse_events
    events = events[events[PATIENT_ID].isin(arms.index)]
    if events.empty:
        return pd.DataFrame(columns=names)
    lines = _with_their_session(events, ketamine, arms)
    counts = _counted(_pool(lines) if pooled else lines)
    counts = counts.merge(asked, on=[FORMAT, "route"], how="left")
    counts["per_session"] = counts["n_events_asked"] / counts["n_sessions_asked"].where(counts["n_sessions_asked"] > 0)
    return counts[names]


def list_serious(study: Study, formats: pd.Series) -> pd.DataFrame:
    """Serious events of all patients, treated or not, one by one."""
    names = [PATIENT_ID, DAY, FORMAT, "event", "severity", "relatedness"]
    events = study.adverse_events
    if events.empty or "serious" not in events:
        return pd.DataFrame(columns=names)
    serious = events[events["serious"].astype("object") == "yes"]
    serious = serious.assign(**{FORMAT: recorded_words(serious[PATIENT_ID].map(formats))})
    return serious.reindex(columns=names).sort_values([PATIENT_ID, DAY], ignore_index=True)


def count_serious(study: Study, ketamine: pd.DataFrame, arms: pd.Series) -> pd.DataFrame:
    """Serious events and patients with one, of the patients of each format; no rows where it was not recorded.

    Parameters
    ----------
    ketamine : DataFrame
        Ketamine sessions that were held: who was asked about events at one or more is counted once more.
    arms : Series
        patient_id -> format.

    Returns
    -------
    DataFrame, as `Safety.serious_counts`
    """
    names = [FORMAT, *SERIOUS_COUNTS, *(f"{name}_asked" for name in SERIOUS_COUNTS)]
    events = study.adverse_events
    if events.empty or "serious" not in events or events["serious"].isna().all():
        return pd.DataFrame(columns=names)
    serious = events[(events["serious"].astype("object") == "yes") & events[PATIENT_ID].isin(arms.index)]
    held = ketamine.reindex(columns=[PATIENT_ID, "ae_asked"]).astype("object")
    known = held[held["ae_asked"].notna()]
    asked = set(known.loc[known["ae_asked"] == "yes", PATIENT_ID])
    rows = []
    for arm in formats_present(arms):
        patients = arms.index[arms == arm]
        told = _events_of(serious, patients)
        is_known = known[PATIENT_ID].isin(patients).any()
        told_asked = _events_of(serious, patients[patients.isin(asked)]) if is_known else (float("nan"),) * len(told)
        rows.append((arm, *told, *told_asked))
    return pd.DataFrame(rows, columns=names)


def _events_of(events: pd.DataFrame, patients: pd.Index) -> tuple[int, int, int]:
    """Events of these patients, those of them with one, and how many they are."""
    theirs = events[events[PATIENT_ID].isin(patients)]
    return len(theirs), theirs[PATIENT_ID].nunique(), len(patients)


def _with_their_session(events: pd.DataFrame, ketamine: pd.DataFrame, arms: pd.Series) -> pd.DataFrame:
    """Events with format, and with the route of their session and whether patients were asked there."""
    held = ketamine.reindex(columns=["session_id", "route", "ae_asked"]).dropna(subset=["session_id"])
    held = held.drop_duplicates("session_id").set_index("session_id").astype("object")
    lines = events.reindex(columns=[PATIENT_ID, "event", "session_id", "severity"])
    in_session = lines["session_id"].isin(held.index)
    route = recorded_words(lines["session_id"].map(held["route"]))
    return lines.assign(
        **{FORMAT: lines[PATIENT_ID].map(arms)},
        event=lines["event"].astype("str"),
        route=route.where(in_session, NOT_IN_A_SESSION),
        severity=recorded_words(lines["severity"]),
        n_events_asked=in_session & (lines["session_id"].map(held["ae_asked"]) == "yes"),
    )


def _counted(lines: pd.DataFrame) -> pd.DataFrame:
    grouped = lines.astype(dict.fromkeys(KEYS, "str")).groupby(list(KEYS))
    counts = pd.DataFrame(
        {
            "n_events": grouped.size(),
            "n_events_asked": grouped["n_events_asked"].sum(),
            N_PATIENTS: grouped[PATIENT_ID].nunique(),
        }
    )
    return counts.reset_index()


def _pool(lines: pd.DataFrame) -> pd.DataFrame:
    """Events with severities pooled where one of their counts is small, and then events pooled where it still is."""
    lines = lines.copy()
    lines.loc[lines["event"].isin(_with_small_counts(lines)), "severity"] = ANY_SEVERITY
    lines.loc[lines["event"].isin(_with_small_counts(lines)), ["event", "severity"]] = [OTHER_EVENTS, ANY_SEVERITY]
    return lines


def _with_small_counts(lines: pd.DataFrame) -> set[str]:
    counts = _counted(lines)
    small = counts[list(COUNTS)].map(is_small).any(axis=1)
    return set(counts.loc[small, "event"])
