"""The tables of patients, diagnoses and cohorts."""

from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMATS
from kap_analysis.simulation.course import VISIT_LABELS, Course
from kap_analysis.simulation.covariates import GENDERS, PRIMARY, RACES, REASONS, SECOND, SEXES, TARGETS, Covariates
from kap_analysis.simulation.labels import PRACTICES, cohort_ids, facilitator_ids, levels, name_pairs
from kap_analysis.simulation.parameters import Parameters
from kap_analysis.simulation.people import ENROLMENT_DAYS, Floats, People, pick
from kap_analysis.simulation.schedule import Schedule
from kap_analysis.simulation.sessions import Rows
from kap_analysis.study.contract.dictionary import YES_NO

# The study opened on the first day of 2023; day 0 of the last patient lies in 2025, the data were cut after 2026-Q3.
QUARTER_DAYS: Final = (90, 91, 92, 92, 91, 91, 92, 92, 90, 91, 92, 92)
QUARTERS: Final = tuple(f"{year}-Q{quarter}" for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4))
DATA_CUT: Final = "2026-Q3"
DATA_CUT_DAY: Final = ENROLMENT_DAYS + 273

END_REASONS: Final = ("completed", "lost_to_follow_up", "patient_choice", "no_benefit", "cost", "adverse_event")
CUT_SHORT_SHARES: Final = (0.0, 0.45, 0.25, 0.12, 0.12, 0.06)
LEFT_REASONS: Final = ("completed", "lost_to_follow_up", "withdrew", "moved")
LEFT_SHARES: Final = (0.0, 0.78, 0.14, 0.08)
CONSENTS: Final = ("yes", "no", "withdrawn")


def covariate_columns(people: People, covariates: Covariates) -> dict[str, Any]:
    """The columns of the table of patients that the outcome frame has too, one value per patient."""
    c, quarter = covariates, np.searchsorted(np.cumsum(QUARTER_DAYS), people.start_day, side="right")
    return {
        "age": c.age,
        "sex": levels(c.sex, SEXES),
        "gender": levels(c.gender, GENDERS),
        "ace_score": c.ace,
        "failed_treatments": c.failed,
        "prior_hospitalisation": levels(c.hospitalised, YES_NO),
        "prior_suicide_attempt": levels(c.attempted, YES_NO),
        "prior_ketamine": levels(c.had_ketamine, YES_NO),
        "start_period": levels(quarter, QUARTERS),
    }


def patient_frame(
    people: People,
    course: Course,
    schedule: Schedule,
    covariates: Covariates,
    rows: Rows,
    ids: np.ndarray,
    rng: np.random.Generator,
    p: Parameters,
) -> pd.DataFrame:
    """Make the table of patients; columns as in the data dictionary."""
    n, c = people.n, covariates
    ended = np.where(schedule.cut_short, pick(rng.random(n), CUT_SHORT_SHARES), 0)
    left = np.where(course.lost_at < len(VISIT_LABELS), pick(rng.random(n), LEFT_SHARES), 0)
    consent = pick(rng.random(n), (1 - p.consent_no, 0.6 * p.consent_no, 0.4 * p.consent_no))
    return pd.DataFrame(
        {
            "patient_id": ids,
            "practice": levels(people.practice, PRACTICES),
            "race_ethnicity": levels(c.race, RACES),
            "planned_format": levels(people.is_group.astype(np.int64), FORMATS[:2]),
            "format_reason": levels(c.reason, REASONS),
            "eligible_both": levels(c.eligible, YES_NO),
            "target_instrument": levels(c.primary, TARGETS),
            "observed_until_day": DATA_CUT_DAY - people.start_day,
            "treatment_end_day": _last_days(rows, n),
            "treatment_end_reason": levels(ended, END_REASONS),
            "follow_up_end_day": course.end_day,
            "follow_up_end_reason": levels(left, LEFT_REASONS),
            "research_consent": levels(consent, CONSENTS),
            **covariate_columns(people, c),
        }
    )


def diagnosis_frame(covariates: Covariates, ids: np.ndarray) -> pd.DataFrame:
    """Make the table of diagnoses: the primary one, for many a second, for some a past depression."""
    c, n = covariates, len(ids)
    names = list(dict.fromkeys([*PRIMARY, *(name for name in SECOND if name)]))
    second, past = np.flatnonzero(c.second > 0), np.flatnonzero(c.past_depression)
    patient = np.concatenate([np.arange(n), second, past])
    of_primary = np.array([names.index(name) for name in PRIMARY])[c.primary]
    of_second = np.array([names.index(name or PRIMARY[0]) for name in SECOND])[c.second[second]]
    diagnosis = np.concatenate([of_primary, of_second, np.zeros(len(past), dtype=np.int64)])
    rank = np.concatenate([np.full(n, 1.0), np.full(len(second), 2.0), np.full(len(past), np.nan)])
    order = np.lexsort((rank, patient))
    return pd.DataFrame(
        {
            "patient_id": ids[patient[order]],
            "diagnosis": levels(diagnosis[order], names),
            "rank": rank[order],
            "status": levels(np.isnan(rank[order]).astype(np.int64), ("current", "lifetime")),
        }
    )


def cohort_frame(people: People, schedule: Schedule) -> pd.DataFrame:
    """Make the table of cohorts; one that others joined later is rolling."""
    size = np.bincount(people.cohort[people.cohort >= 0], minlength=people.n_cohorts)
    joined = np.zeros(people.n_cohorts, dtype=np.int64)
    guests = schedule.attended & schedule.in_group & ~people.is_group[:, None]
    joined[np.unique(schedule.cohort[guests])] = 1
    facilitators = name_pairs(people.cohort_lead, people.cohort_second, facilitator_ids(people))
    return pd.DataFrame(
        {
            "cohort_id": pd.Series(cohort_ids(people), dtype="str"),
            "practice": levels(people.cohort_practice, PRACTICES),
            "facilitator_ids": pd.Categorical(facilitators),
            "enrolment": levels(joined, ("closed", "rolling")),
            "planned_size": np.clip(size, 3, 4),
        }
    )


def _last_days(rows: Rows, n: int) -> Floats:
    """Day of each patient's last attended session."""
    came = rows["status"] == 0
    last = np.full(n, -1000, dtype=np.int64)
    np.maximum.at(last, rows["patient"][came], rows["day"][came])
    return last.astype(np.float64)
