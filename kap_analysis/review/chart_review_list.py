"""The confidential list of patients whose charts should be looked at."""

from typing import Final

import pandas as pd

from kap_analysis.analysis.clinical_change.change_result import ClinicalChange
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.safety.safety import Safety
from kap_analysis.columns import BASELINE_VISIT, DAY, PATIENT_ID, SCORE, VISIT
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import number

#: Days after a visit's window from which on a missing score is no longer overdue, but missing.
LONG_PAST: Final = 90
#: What the list for chart review always says.
NO_ALARM: Final = (
    "This list looks back over data that may be weeks old. It is no alarm, and nobody watches it between reviews."
)
LIST_COLUMNS: Final = [PATIENT_ID, "why", "instrument", VISIT, DAY, "detail"]


def list_for_chart_review(
    part: Study, plan: Plan, outcomes: Outcomes | None, changed: ClinicalChange | None, safety: Safety | None
) -> pd.DataFrame:
    """Patients whose charts should be looked at, by id: the gravest first."""
    found: list[list[object]] = []
    if safety is not None:
        for row in safety.for_review.to_dict("records"):
            before = "" if pd.isna(row["answer_before"]) else f", before {row['answer_before']:.0f}"
            found.append(
                [row[PATIENT_ID], "answered yes to the item on suicide", row["instrument"], row[VISIT], row[DAY],
                 f"answer {row['answer']:.0f}{before}"]
            )  # fmt: skip
    if changed is not None and outcomes is not None:
        found += _worse(outcomes, changed)
    if outcomes is not None:
        found += _overdue(part, plan)
    return pd.DataFrame(found, columns=LIST_COLUMNS)


def _worse(outcomes: Outcomes, changed: ClinicalChange) -> list[list[object]]:
    """Everybody whose score at any visit is reliably worse than at baseline."""
    frame = outcomes.frame.dropna(subset=[SCORE, "baseline"])
    frame = frame[frame[VISIT].astype("str") != BASELINE_VISIT]
    side = -1.0 if changed.higher_is_better else 1.0
    worse = frame[side * (frame[SCORE] - frame["baseline"]) >= changed.reliable_change]
    by = side * (worse[SCORE] - worse["baseline"])
    worse = worse.assign(by=by).sort_values(["by", PATIENT_ID], ascending=[False, True])
    return [
        [row[PATIENT_ID], "reliably worse", outcomes.instrument.name, str(row[VISIT]), row[DAY],
         f"{number(row['baseline'], 0)} at baseline, {number(row[SCORE], 0)} now"]
        for row in worse.to_dict("records")
    ]  # fmt: skip


def _overdue(part: Study, plan: Plan) -> list[list[object]]:
    """Everybody whose last due visit has no score, as long as it is not long past and follow-up did not end."""
    frame = part.outcomes(plan.instrument, format_rule=plan.format_rule, population="started").frame
    done = set(zip(frame[PATIENT_ID], frame[VISIT].astype("str"), frame[SCORE].notna(), strict=True))
    people = part.patients.set_index(PATIENT_ID)
    at_zero = part.at_time_zero(format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    treated = at_zero.loc[at_zero["started"], PATIENT_ID]
    found: list[list[object]] = []
    for patient in sorted(treated):
        until, end = people.loc[patient, "observed_until_day"], people.loc[patient, "follow_up_end_day"]
        if pd.isna(until) or not (pd.isna(end) or end >= until):
            continue
        due = [v for v in part.settings.visits if v.last_day <= until]
        if due and until - due[-1].last_day <= LONG_PAST and (patient, due[-1].label, True) not in done:
            detail = f"due by day {due[-1].last_day}"
            found.append([patient, "assessment overdue", plan.instrument, due[-1].label, float(until), detail])
    return found
