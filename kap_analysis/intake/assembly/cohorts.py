"""Format and cohort of each session."""

import pandas as pd

from kap_analysis.intake.assembly.account import Account, of_patients
from kap_analysis.intake.assembly.time_zero import took_place


def with_formats(account: Account, sessions: pd.DataFrame) -> pd.DataFrame:
    """Give sessions whose format is ``same`` that of the patient's first ketamine session."""
    if not len(sessions):
        return sessions
    plain = sessions[(sessions["kind"] == "ketamine") & sessions["format"].isin(["group", "individual"])]
    first = plain.sort_values("day", kind="stable").drop_duplicates("pid").set_index("pid")["format"]
    same = sessions["format"].eq("same")
    sessions.loc[same, "format"] = sessions.loc[same, "pid"].map(first)
    lost = sessions[sessions["format"].isna()]
    account.report(lost, "format", "a session without a format", "individual or group, in the map or the file")
    zero = plain[plain["day"] == 0]
    two = zero[zero.groupby("pid")["format"].transform("nunique") > 1]
    account.report(two, "format", "a patient with two formats on day 0", "one")
    return sessions


def with_cohorts(account: Account, sessions: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Say which therapy group each group session is of: by a column, or by who sat together (``slot``)."""
    if not len(sessions) or rule == "none":
        return sessions.drop(columns="cohort_id", errors="ignore")
    group = sessions["format"] == "group"
    if rule == "slot":
        held = sessions[group & (sessions["kind"] == "ketamine") & took_place(sessions)]
        leader = held["facilitator_ids"].fillna("") if "facilitator_ids" in held else ""
        slot = held["moment"].dt.strftime("%Y-%m-%dT%H:%M") + "|" + leader + "|" + _practices(account, held["pid"])
        sessions["cohort_id"] = sessions["pid"].map(_sat_together(held["pid"], slot.fillna(""))).where(group)
    elif "cohort_id" in sessions:
        named = sessions[group].dropna(subset=["cohort_id"]).sort_values("day", kind="stable")
        own = named.drop_duplicates("pid").set_index("pid")["cohort_id"]
        fill = group & sessions["cohort_id"].isna()
        sessions.loc[fill, "cohort_id"] = sessions.loc[fill, "pid"].map(own)
        alone = sessions[sessions["format"].eq("individual") & sessions["cohort_id"].notna()]
        account.report(alone, "cohort_id", "an individual session with a cohort", "no cohort, or the format group")
    if "cohort_id" in sessions:
        lost = sessions[group & sessions["cohort_id"].isna()]
        expected = 'its cohort, or cohorts = "none" in the map'
        account.report(lost, "cohort_id", "a group session without a cohort", expected)
    return sessions


def _practices(account: Account, pid: pd.Series) -> pd.Series:
    """The practice of each patient: who is treated in another one did not sit in the same room."""
    patients = account.frame("patients")
    if "practice" not in patients:
        return pd.Series("", index=pid.index)
    told = patients.dropna(subset=["practice"]).drop_duplicates("pid").set_index("pid")["practice"]
    return of_patients(pid, told).fillna("")


def _sat_together(patients: pd.Series, slots: pd.Series) -> dict[str, str]:
    """Patient -> the first slot of all who sat in one session with them, directly or through others."""
    root: dict[str, str] = {}

    def top(key: str) -> str:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for patient, slot in zip(patients, slots, strict=True):
        if slot:
            first, second = sorted((top(f"p{patient}"), top(f"s{slot}")))
            root[first] = second
    return {patient: top(f"p{patient}") for patient in patients.unique() if f"p{patient}" in root}
