"""Who was treated, and by whom: sessions that were held, patients with a ketamine session, their first facilitator."""

import pandas as pd

from kap_analysis.columns import DAY, FORMAT, GROUP, NO_FORMAT, PATIENT_ID
from kap_analysis.errors import AnalysisError
from kap_analysis.study.study import Study
from kap_analysis.study.timing.attendance import attended, ketamine_sessions, started_patients
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule


def held_sessions(study: Study) -> pd.DataFrame:
    """The rows of the sessions table for sessions that took place."""
    return study.sessions[attended(study.sessions)]


def clinician_minutes(sessions: pd.DataFrame) -> pd.DataFrame:
    """The minutes of all clinicians at each session, and how many patients shared them.

    Parameters
    ----------
    sessions : DataFrame
        Held sessions, one row per patient and session.

    Returns
    -------
    DataFrame
        The same rows: ``minutes`` (missing where minutes or clinicians are blank), ``shared_by`` (missing for a session
        in a group whose slot is not recorded).
    """
    table = sessions.reindex(columns=[FORMAT, "minutes", "facilitator_ids", "group_session_id"])
    clinicians = table["facilitator_ids"].astype("string").str.count(";").astype("Float64") + 1
    slot = table["group_session_id"].astype("object")
    shared = slot.map(slot.value_counts()).astype(float).where(slot.notna(), 1.0)
    is_untold = (table[FORMAT].astype("object") == GROUP) & slot.isna()
    minutes = table["minutes"].astype("Float64") * clinicians
    return pd.DataFrame({"minutes": minutes.astype(float), "shared_by": shared.mask(is_untold)})


def ketamine_patients(study: Study) -> set[str]:
    """Patients with at least one ketamine session that was held."""
    return set(started_patients(study.sessions))


def patient_formats(
    study: Study, *, format_rule: FormatRule | None = None, cohort_rule: CohortRule | None = None
) -> pd.DataFrame:
    """The patients table with format and cohort at time zero, and whether treatment started (`started`)."""
    zero = study.at_time_zero(format_rule=format_rule, cohort_rule=cohort_rule)
    added = [c for c in study.patients.columns if c not in zero.columns]
    return zero.merge(study.patients[[PATIENT_ID, *added]], on=PATIENT_ID, how="left")


def treated_patients(study: Study, *, format_rule: FormatRule | None = None) -> pd.DataFrame:
    """All treated patients, with their format or `NO_FORMAT`.

    Returns
    -------
    DataFrame
        One row per patient with at least one held ketamine session: the patients table with ``format`` (a text) and
        ``cohort_id`` at time zero.

    Raises
    ------
    AnalysisError
        If there is no such patient.
    """
    people = patient_formats(study, format_rule=format_rule)
    treated = people[people["started"]].reset_index(drop=True)
    if treated.empty:
        raise AnalysisError("No patient of this study had a ketamine session.")
    return treated.assign(**{FORMAT: treated[FORMAT].astype("object").fillna(NO_FORMAT)})


def first_facilitators(study: Study) -> pd.Series:
    """The first-named facilitator of each patient's first held ketamine session.

    Returns
    -------
    Series
        patient_id -> facilitator code; empty where facilitators are not recorded, or fewer than five are known.
    """
    sessions = ketamine_sessions(study.sessions)
    if "facilitator_ids" not in sessions or sessions["facilitator_ids"].isna().all():
        return pd.Series(dtype="object")
    first = sessions.dropna(subset=["facilitator_ids"]).sort_values([PATIENT_ID, DAY]).drop_duplicates(PATIENT_ID)
    named = first.set_index(PATIENT_ID)["facilitator_ids"].str.split(";").str[0].str.strip()
    return named if named.nunique() >= 5 else named.iloc[:0]
