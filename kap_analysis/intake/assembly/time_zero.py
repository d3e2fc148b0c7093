"""Time zero: the day of a patient's first attended ketamine session; and the days that are counted from it."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.intake.assembly.account import WHERE, Account, of_patients
from kap_analysis.study.contract.dictionary import TABLES

NO_TIME_ZERO: Final = "patient without an attended ketamine session"
OUT_OF_REACH: Final = "more than a year before day 0, or more than 20 years after"
ATTENDED: Final = ("attended", "stopped_early")
_EVENTS: Final = ("moment", "given")


def sessions_of(account: Account) -> pd.DataFrame:
    """Sessions, with a format and a cohort that the file tells once of a patient filled in.

    A patient with a stated time zero had a ketamine session on that day even where none is listed: it is added. So is
    one on day 0 for each patient of a source without any session whose days are counted from it.
    """
    sessions = account.frame("sessions")
    defaults = account.frame("session_defaults")
    sessions = pd.concat([sessions, _stated_first(account, sessions)], ignore_index=True)
    for column in ("format", "cohort_id"):
        if column in defaults:
            said = defaults.dropna(subset=[column])
            account.one_per_patient(said, column)
            fill = of_patients(sessions["pid"], said.drop_duplicates("pid").set_index("pid")[column])
            sessions[column] = sessions[column].fillna(fill) if column in sessions else fill
    for column in ("kind", "format", *_EVENTS):
        if column not in sessions:
            sessions[column] = None
    return sessions.astype({"moment": "datetime64[s]", "given": float})


def _stated_first(account: Account, sessions: pd.DataFrame) -> pd.DataFrame:
    listed = set(sessions.loc[sessions["kind"] == "ketamine", "pid"]) if len(sessions) else set()
    patients = account.frame("patients")
    parts = []
    if "zero" in patients:
        said = patients.dropna(subset=["zero"])
        parts.append(said[["pid", *WHERE]].assign(moment=said["zero"].dt.normalize()))
    for name in ("scores", "answers") if "sessions" not in account.frames else ():
        frame = account.frame(name)
        if "given" in frame:
            counted = frame[frame["given"].notna() & frame["moment"].isna()]
            parts.append(counted[["pid", *WHERE]].assign(given=0.0))
    if not parts:
        return pd.DataFrame()
    first = pd.concat(parts, ignore_index=True).drop_duplicates("pid")
    return first[~first["pid"].isin(listed)].assign(kind="ketamine")


def time_zero_of(account: Account, sessions: pd.DataFrame) -> pd.DataFrame:
    """pid -> the date of day 0 (NaT where days were given), of all patients who have one."""
    parts = []
    first = sessions[(sessions["kind"] == "ketamine") & took_place(sessions)]
    if len(first):
        dates = first.assign(zero=first["moment"].dt.normalize()).groupby("pid")["zero"].min()
        given = first[first["given"].notna()].groupby("pid")["given"].min()
        parts.append(dates.to_frame())
        off = given[given != 0].index
        rows = first[first["pid"].isin(off) & first["given"].notna()].drop_duplicates("pid")
        account.report(rows, "day", "a first ketamine session that is not on day 0", "days counted from it")
    patients = account.frame("patients")
    if "zero" in patients:
        said = patients.dropna(subset=["zero"]).drop_duplicates("pid").set_index("pid")[["zero"]]
        parts.insert(0, said.assign(zero=said["zero"].dt.normalize()))
    zero = pd.concat(parts) if parts else pd.DataFrame({"zero": pd.Series(dtype="datetime64[s]")})
    return zero[~zero.index.duplicated()].astype("datetime64[s]")


def took_place(sessions: pd.DataFrame) -> pd.Series:
    """Whether each session was attended; without a status it was."""
    if "status" not in sessions:
        return pd.Series(True, index=sessions.index)
    return sessions["status"].isna() | sessions["status"].isin(ATTENDED)


def with_time_zero(account: Account, frame: pd.DataFrame, zero: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of patients who have a day 0."""
    there = frame["pid"].isin(zero.index)
    account.leave_out(frame[~there], NO_TIME_ZERO)
    return frame[there].copy()


def with_days(account: Account, frame: pd.DataFrame, zero: pd.DataFrame, column: str = "day") -> pd.DataFrame:
    """Turn moments into days since day 0, and keep the rows within reach of the study."""
    frame = with_time_zero(account, frame, zero)
    if "moment" not in frame:
        return frame
    frame[column] = days_since(frame["moment"], frame["pid"], zero).fillna(frame["given"])
    for name in [n for n in frame.columns if n.startswith("date:")]:
        frame[name.removeprefix("date:")] = days_since(frame[name], frame["pid"], zero)
    spec = TABLES["treatments" if column == "start_day" else "sessions"].columns[column]
    low, high = spec.min or 0.0, spec.max or 0.0
    near = ((frame[column] >= low) & (frame[column] <= high)) | (frame[column].isna() & (column == "start_day"))
    account.leave_out(frame[~near], OUT_OF_REACH)
    return frame[near].copy()


def days_since(moments: pd.Series, pid: pd.Series, zero: pd.DataFrame) -> pd.Series:
    """Return whole days from day 0 of each patient."""
    return (moments.astype("datetime64[s]").dt.normalize() - of_patients(pid, zero["zero"])).dt.days.astype(float)


def full_years(birth: pd.Series, start: pd.Series) -> pd.Series:
    """Return the age on a date, in full years; NaN where one of the two is missing."""
    had = (start.dt.month > birth.dt.month) | ((start.dt.month == birth.dt.month) & (start.dt.day >= birth.dt.day))
    return (start.dt.year - birth.dt.year - np.where(had, 0, 1)).where(birth.notna() & start.notna()).astype(float)
