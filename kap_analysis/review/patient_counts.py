"""How many patients of a practice started, were assessed, died, are not due yet or were lost, by format."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.patients.scores_due import scored_at
from kap_analysis.analysis.patients.treated import patient_formats
from kap_analysis.columns import BASELINE_VISIT, DAY, FORMAT, FORMATS, INSTRUMENT, N_PATIENTS, PATIENT_ID, SCORE
from kap_analysis.errors import KapError
from kap_analysis.study.outcome_frames.scores import outcome_instrument
from kap_analysis.study.study import Study

STARTED_COLUMNS: Final = [
    FORMAT, N_PATIENTS, "n_started", "n_baseline", "n_assessed", "n_no_baseline", "n_died", "n_not_due", "n_lost",
    "n_other",
]  # fmt: skip


def seen_until(part: Study, day: float) -> set[str]:
    """The patients of whom scores until a day would be in the data, if they had been taken."""
    until = part.patients["observed_until_day"].astype(float).fillna(np.inf)
    return set(part.patients.loc[(until >= day).to_numpy(), PATIENT_ID])


def count_patients(part: Study, plan: Plan, dead: set[str]) -> pd.DataFrame:
    """Patients by format, each of those who started in one of assessed, no baseline, died, not due, and lost.

    Parameters
    ----------
    dead : set of str
        The patients recorded as dead.

    Returns
    -------
    DataFrame
        As `PracticeReview.started`.
    """
    people = patient_formats(part, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    first_day, last_day = next(
        ((v.first_day, v.last_day) for v in part.settings.visits if v.label == plan.visit), (0, 0)
    )
    with_baseline, scored = _scored(part, plan)
    with_others = _others_at(part, plan.instrument, first_day, last_day)
    seen = seen_until(part, last_day)
    arm = people[FORMAT].astype("object")
    rows = []
    for shown in ["all", *[f for f in FORMATS if (arm == f).any()]]:
        here = people if shown == "all" else people[arm == shown]
        began = set(here.loc[here["started"], PATIENT_ID])
        assessed = began & scored & with_baseline
        no_baseline = (began & scored) - with_baseline
        left = began - scored
        died = left & dead
        not_due = left - dead - seen
        lost = left - dead - not_due
        groups = (began, began & with_baseline, assessed, no_baseline, died, not_due, lost, lost & with_others)
        rows.append([shown, len(here), *(len(one) for one in groups)])
    return pd.DataFrame(rows, columns=STARTED_COLUMNS)


def _scored(part: Study, plan: Plan) -> tuple[set[str], set[str]]:
    """Who has a baseline on the main instrument, and who was scored on it at the primary visit."""
    try:
        scored = scored_at(part, outcome_instrument(plan.instrument, part.instruments))
    except KapError:
        return set(), set()  # nobody here was scored on it
    return scored.get(BASELINE_VISIT, set()), scored.get(plan.visit, set())


def _others_at(part: Study, main: str, first_day: float, last_day: float) -> set[str]:
    """Who filled in another instrument than the main one in the time of a visit."""
    found: set[str] = set()
    for table, value in ((part.assessments, SCORE), (part.items, "answer")):
        rows = table.reindex(columns=[PATIENT_ID, INSTRUMENT, DAY, value])
        there = rows[value].notna() & rows[DAY].between(first_day, last_day)
        found |= set(rows.loc[there & (rows[INSTRUMENT].astype("object") != main), PATIENT_ID])
    return found
