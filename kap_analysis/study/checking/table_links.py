"""The tables against each other: each rule is one function, and ``TABLE_CHECKS`` lists them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.instruments.instrument import Instrument
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.reading.typed_table import TypedTable
from kap_analysis.study.timing.attendance import attended
from kap_analysis.study.timing.look_up import is_among, value_at


@dataclass(frozen=True, slots=True)
class TypedFolder:
    """All tables of a folder that could be read, the settings, and the instruments that the study knows."""

    tables: Mapping[str, TypedTable]
    settings: Settings
    instruments: Mapping[str, Instrument]

    def table(self, name: str, *columns: str) -> TypedTable | None:
        """Return a table if it was read and has these columns."""
        table = self.tables.get(name)
        return table if table is not None and table.has(*columns) else None


def check_patients_known(folder: TypedFolder, problems: Problems) -> None:
    """Every patient of every table stands in patients.csv."""
    patients = folder.table("patients", "patient_id")
    if patients is None:
        return
    known = pd.Series(1.0, index=patients.frame["patient_id"].dropna().unique())
    if len(known) == 0 and len(patients.frame):
        return  # The column could not be read at all, and was reported.
    for name, table in folder.tables.items():
        if name == "patients" or not table.has("patient_id"):
            continue
        ids = table.frame["patient_id"]
        unknown = np.flatnonzero(ids.notna().to_numpy() & np.isnan(value_at(ids, known)))
        rows = ids.iloc[unknown].value_counts(sort=False)
        first = unknown[~ids.iloc[unknown].duplicated().to_numpy()]
        found = [f"the patient {one}{_more_rows(rows[one])}" for one in ids.iloc[first]]
        table.report(problems, first, "patient_id", found, f"a patient of {patients.file}")


def _more_rows(n: int) -> str:
    return f" (and in {n - 1:,} more row{'s' if n > 2 else ''})" if n > 1 else ""


def check_practices(folder: TypedFolder, problems: Problems) -> None:
    """Practices are those that study.toml lists, if it lists any."""
    listed = folder.settings.practices
    if not listed:
        return
    for name in ("patients", "cohorts"):
        table = folder.table(name, "practice")
        if table is None:
            continue
        practices = table.frame["practice"]
        other = np.flatnonzero(practices.notna().to_numpy() & ~practices.isin(listed).to_numpy())
        found = [f"the practice {practice}" for practice in practices.to_numpy()[other]]
        table.report(problems, other, "practice", found, f"a practice of study.toml: {', '.join(listed)}")


def check_cohorts_known(folder: TypedFolder, problems: Problems) -> None:
    """Every cohort of the sessions stands in cohorts.csv, where there is one."""
    sessions, cohorts = folder.table("sessions", "cohort_id"), folder.table("cohorts", "cohort_id")
    if sessions is None or cohorts is None:
        return
    ids = sessions.frame["cohort_id"]
    unknown = np.flatnonzero(ids.notna().to_numpy() & ~is_among(ids, cohorts.frame["cohort_id"]))
    found = [f"the cohort {cohort}" for cohort in ids.to_numpy()[unknown]]
    sessions.report(problems, unknown, "cohort_id", found, f"a cohort of {cohorts.file}")


def check_cohort_of_group_sessions(folder: TypedFolder, problems: Problems) -> None:
    """A group session names its cohort; an individual session names none."""
    sessions = folder.table("sessions", "format", "cohort_id")
    if sessions is None:
        return
    frame = sessions.frame
    lost = (frame["format"] == "group") & frame["cohort_id"].isna()
    sessions.report(problems, lost.to_numpy(), "cohort_id", "a group session without a cohort", "its cohort_id")
    alone = np.flatnonzero(((frame["format"] == "individual") & frame["cohort_id"].notna()).to_numpy())
    found = [f"an individual session in the cohort {cohort}" for cohort in frame["cohort_id"].to_numpy()[alone]]
    sessions.report(problems, alone, "cohort_id", found, "an empty cell, or the format group")


def check_cohort_in_one_practice(folder: TypedFolder, problems: Problems) -> None:
    """All patients of a cohort are of one practice, the cohort's own."""
    sessions = folder.table("sessions", "patient_id", "cohort_id")
    patients = folder.table("patients", "patient_id", "practice")
    if sessions is None or patients is None:
        return
    practice = patients.frame.drop_duplicates("patient_id").set_index("patient_id")["practice"]
    frame = pd.DataFrame(
        {
            "cohort_id": sessions.frame["cohort_id"].astype(object),
            "practice": value_at(sessions.frame["patient_id"], practice),
            "position": np.arange(len(sessions.frame)),
        }
    ).dropna()
    own = frame.drop_duplicates("cohort_id").set_index("cohort_id")["practice"]
    cohorts = folder.table("cohorts", "cohort_id", "practice")
    if cohorts is not None:
        listed = cohorts.frame[["cohort_id", "practice"]].astype(object).dropna().drop_duplicates("cohort_id")
        own = listed.set_index("cohort_id")["practice"].combine_first(own)
    expected = frame["cohort_id"].map(own)
    other = frame[frame["practice"] != expected]
    found = [
        f"cohort {cohort} with a patient of practice {practice}"
        for cohort, practice in zip(other["cohort_id"], other["practice"], strict=True)
    ]
    texts = [f"one practice per cohort: {practice}" for practice in expected.loc[other.index]]
    sessions.report(problems, other["position"].to_numpy(dtype=np.int64), "cohort_id", found, texts)


def check_group_session_in_one_cohort(folder: TypedFolder, problems: Problems) -> None:
    """The patients who share a group session are of one cohort, and their format is group."""
    sessions = folder.table("sessions", "group_session_id", "cohort_id")
    if sessions is None:
        return
    frame = sessions.frame[["group_session_id", "cohort_id"]].astype(object)
    named = frame.notna().all(axis=1)
    first = frame[named].drop_duplicates("group_session_id").set_index("group_session_id")["cohort_id"]
    expected = value_at(sessions.frame["group_session_id"], first)
    other = np.flatnonzero(named.to_numpy() & (frame["cohort_id"].to_numpy() != expected))
    found = [f"cohort {cohort}" for cohort in frame["cohort_id"].to_numpy()[other]]
    texts = [f"one cohort per group session: {cohort}" for cohort in expected[other]]
    sessions.report(problems, other, "cohort_id", found, texts)


def check_time_zero(folder: TypedFolder, problems: Problems) -> None:
    """The first ketamine session that a patient attended is on day 0."""
    sessions = folder.table("sessions", "patient_id", "day", "kind")
    if sessions is None:
        return
    frame = sessions.frame
    ketamine = frame[(frame["kind"] == "ketamine").to_numpy() & attended(frame)]
    unread = ketamine.loc[ketamine["day"].isna(), "patient_id"]  # their first day is not known; reported by itself
    ketamine = ketamine[ketamine["day"].notna() & ~is_among(ketamine["patient_id"], unread)]
    first = ketamine.sort_values("day", kind="stable").drop_duplicates("patient_id")
    wrong = first[first["day"] != 0]
    found = [
        f"the first ketamine session of {p} on day {d:g}"
        for p, d in zip(wrong["patient_id"], wrong["day"], strict=True)
    ]
    sessions.report(problems, wrong.index.to_numpy(), "day", found, "day 0: days are counted from this session")


def check_follow_up(folder: TypedFolder, problems: Problems) -> None:
    """Nothing lies after the data cut, and no assessment after the end of follow-up."""
    patients = folder.table("patients", "patient_id")
    if patients is None:
        return
    ends = patients.frame.drop_duplicates("patient_id").set_index("patient_id")
    for column, tables in (
        ("follow_up_end_day", ("assessments", "items")),
        ("observed_until_day", ("sessions", "assessments", "items", "adverse_events")),
    ):
        if column not in ends:
            continue
        for name in tables:
            table = folder.table(name, "patient_id", "day")
            if table is None:
                continue
            last = value_at(table.frame["patient_id"], ends[column])
            late = np.flatnonzero(table.frame["day"].to_numpy() > last)
            found = [f"day {day:g}" for day in table.frame["day"].to_numpy()[late]]
            texts = [f"a day up to {day:g}, the {column} of the patient" for day in last[late]]
            table.report(problems, late, "day", found, texts)


def check_ends(folder: TypedFolder, problems: Problems) -> None:
    """Treatment and follow-up end no later than the data cut; a treatment ends after it began."""
    for name, earlier, later in (
        ("patients", "treatment_end_day", "observed_until_day"),
        ("patients", "follow_up_end_day", "observed_until_day"),
        ("treatments", "start_day", "end_day"),
    ):
        table = folder.table(name, earlier, later)
        if table is None:
            continue
        first, last = table.frame[earlier], table.frame[later]
        wrong = np.flatnonzero((first > last).to_numpy())
        found = [f"{earlier} {day:g}" for day in first.to_numpy()[wrong]]
        texts = [f"a day up to {later}, {day:g}" for day in last.to_numpy()[wrong]]
        table.report(problems, wrong, earlier, found, texts)


def check_sessions_known(folder: TypedFolder, problems: Problems) -> None:
    """A session_id occurs once; measurements and events name a session of the same patient."""
    sessions = folder.table("sessions", "session_id", "patient_id")
    if sessions is None:
        return
    ids = sessions.frame["session_id"]
    again = np.flatnonzero((ids.notna() & ids.duplicated()).to_numpy())
    sessions.report(problems, again, "session_id", [f"{s} again" for s in ids.to_numpy()[again]], "one row per session")
    owner = sessions.frame[ids.notna()].drop_duplicates("session_id").set_index("session_id")["patient_id"]
    for name in ("session_measures", "adverse_events"):
        table = folder.table(name, "session_id", "patient_id")
        if table is None:
            continue
        named = table.frame["session_id"].notna().to_numpy()
        of = value_at(table.frame["session_id"], owner)
        unowned = pd.isna(of)
        unknown = np.flatnonzero(named & unowned)
        found = [f"the session {session}" for session in table.frame["session_id"].iloc[unknown]]
        table.report(problems, unknown, "session_id", found, f"a session of {sessions.file}")
        patients = table.frame["patient_id"].astype(object).to_numpy()
        other = np.flatnonzero(~unowned & ~pd.isna(patients) & (of != patients))
        found = [f"the session {session} of another patient" for session in table.frame["session_id"].iloc[other]]
        table.report(problems, other, "session_id", found, "a session of the same patient")


def check_primary_diagnosis(folder: TypedFolder, problems: Problems) -> None:
    """At most one diagnosis of a patient has rank 1."""
    diagnoses = folder.table("diagnoses", "patient_id", "rank")
    if diagnoses is None:
        return
    primary = diagnoses.frame[diagnoses.frame["rank"] == 1]
    again = primary[primary.duplicated("patient_id")]
    found = [f"a second diagnosis of rank 1 for {patient}" for patient in again["patient_id"]]
    diagnoses.report(problems, again.index.to_numpy(), "rank", found, "one primary diagnosis per patient")


Check = Callable[[TypedFolder, Problems], None]
TABLE_CHECKS: Final[tuple[Check, ...]] = (
    check_patients_known,
    check_practices,
    check_cohorts_known,
    check_cohort_of_group_sessions,
    check_cohort_in_one_practice,
    check_group_session_in_one_cohort,
    check_time_zero,
    check_follow_up,
    check_ends,
    check_sessions_known,
    check_primary_diagnosis,
)
