"""Hours of clinicians per patient, and what keeps them from being known."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.patients.treated import clinician_minutes, held_sessions, patient_formats
from kap_analysis.columns import FORMAT, FORMATS, N_PATIENTS, PATIENT_ID
from kap_analysis.review.practice_review_result import class_counts
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import plural

HOURS_COLUMNS: Final = [
    FORMAT, N_PATIENTS, "hours_per_patient", "n_better", "hours_per_better", "n_sessions", "n_blank", "why",
]  # fmt: skip
#: Share of sessions whose hours are not known up to which the hours of the others are told, as "at least".
FEW_BLANK: Final = 0.05


def count_hours(study: Study, part: Study, plan: Plan, classes: pd.DataFrame) -> pd.DataFrame:
    """Hours of all clinicians over the patients who shared a session, by format.

    A group session is shared by all of the study who attended it, those of other periods and formats among them.

    Returns
    -------
    DataFrame
        As `PracticeReview.hours`; without rows where no minutes or no clinicians are recorded of anybody.
    """
    people = patient_formats(part, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    people = people[people["started"] & people[FORMAT].notna()]
    arms = people.set_index(PATIENT_ID)[FORMAT].astype("object")
    every = held_sessions(study)
    known = clinician_minutes(every).assign(arm=every[PATIENT_ID].map(arms)).dropna(subset=["arm"])
    if known["minutes"].isna().all():
        return pd.DataFrame(columns=HOURS_COLUMNS)
    known["is_unshared"] = known["shared_by"].isna() & known["minutes"].notna()
    known["hours"] = known["minutes"] / 60 / known["shared_by"]
    rows = []
    for shown in ["all", *[arm for arm in FORMATS if (arms == arm).any()]]:
        n = len(arms) if shown == "all" else int((arms == shown).sum())
        own = known if shown == "all" else known[known["arm"] == shown]
        why = _unknown(own)
        total = np.nan if why else float(own["hours"].sum())
        better = class_counts(classes, shown).get("better", np.nan)
        per_better = total / better if better > 0 else np.nan
        rows.append([shown, n, total / n, better, per_better, len(own), int(own["hours"].isna().sum()), why])
    return pd.DataFrame(rows, columns=HOURS_COLUMNS)


def _unknown(sessions: pd.DataFrame) -> str:
    """Why the hours of more than a few sessions are not known; empty where they are."""
    n, n_unknown = len(sessions), int(sessions["hours"].isna().sum())
    if n_unknown <= FEW_BLANK * n:
        return ""
    n_unshared = int(sessions["is_unshared"].sum())
    if 2 * n_unshared > n_unknown:
        return f"it is not recorded who shared {n_unshared:,} of {plural(n, 'session')}"
    return f"minutes or clinicians are blank at {n_unknown - n_unshared:,} of {plural(n, 'session')}"
