"""Who was treated: the sessions that were held, and the patients who had one with ketamine."""

import pandas as pd

from kap_analysis.columns import FORMAT, PATIENT_ID
from kap_analysis.errors import AnalysisError
from kap_analysis.study.study import Study
from kap_analysis.study.timing.attendance import attended, started_patients
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule, patients_at_time_zero


def held_sessions(study: Study) -> pd.DataFrame:
    """The rows of the sessions table that took place."""
    return study.sessions[attended(study.sessions)]


def ketamine_patients(study: Study) -> set[str]:
    """Patients with at least one ketamine session that was held."""
    return set(started_patients(study.sessions))


def patient_formats(
    study: Study, *, format_rule: FormatRule = "planned", cohort_rule: CohortRule = "first"
) -> pd.DataFrame:
    """The patients table with format and cohort at time zero, and whether treatment started (`started`)."""
    zero = patients_at_time_zero(study.patients, study.sessions, format_rule=format_rule, cohort_rule=cohort_rule)
    added = [c for c in study.patients.columns if c not in zero.columns]
    return zero.merge(study.patients[[PATIENT_ID, *added]], on=PATIENT_ID, how="left")


def treated_patients(study: Study, *, format_rule: FormatRule = "planned") -> pd.DataFrame:
    """Treated patients with a known format.

    Returns
    -------
    DataFrame
        One row per patient with at least one held ketamine session: the patients table with ``format`` and
        ``cohort_id`` at time zero.

    Raises
    ------
    AnalysisError
        If there is nobody.
    """
    people = patient_formats(study, format_rule=format_rule)
    treated = people[people["started"] & people[FORMAT].notna()]
    if treated.empty:
        raise AnalysisError("No patient of this study had a ketamine session in a known format.")
    return treated.reset_index(drop=True)
