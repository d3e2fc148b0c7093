"""The frames of a practice's review: scores due, patients, quarters, the adjusted difference, events, hours."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.run_chart import chart_quarters
from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.patients.completeness import count_due
from kap_analysis.analysis.patients.exposure import describe_exposure
from kap_analysis.analysis.patients.treated import patient_formats
from kap_analysis.analysis.safety.safety import Safety
from kap_analysis.columns import FORMAT, FORMATS, N_PATIENTS, PATIENT_ID, PRACTICE, SCORE, VISIT
from kap_analysis.review.part_of_study import in_period, part_of
from kap_analysis.review.practice_review_result import class_counts
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study


def count_scores(part: Study, plan: Plan, asked: Callable) -> pd.DataFrame:
    """Scores due, done, late and missing at each visit, of the primary instrument and of each secondary one."""
    names = ["instrument", VISIT, "n_due", "n_done", "n_late", "n_missing"]
    found = []
    for name in dict.fromkeys([plan.instrument, *plan.secondary]):
        counted = asked(f"completeness of {name}", lambda name=name: count_due(part, name, plan).counts)
        if counted is not None:
            rows = counted[counted[PRACTICE] == "all"].groupby(VISIT, sort=False)[names[2:]].sum().reset_index()
            found.append(rows.assign(instrument=name)[names])
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=names)


def count_patients(part: Study, plan: Plan, outcomes: Outcomes | None) -> pd.DataFrame:
    people = patient_formats(part, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    scored: set[str] = set()
    with_baseline: set[str] = set()
    if outcomes is not None:
        every = part.outcomes(
            plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule, population="started"
        )
        done = every.frame.dropna(subset=[SCORE, "baseline"])
        with_baseline = set(done[PATIENT_ID])
        scored = set(done.loc[done[VISIT].astype("str") == plan.visit, PATIENT_ID])
    arm = people[FORMAT].astype("object")
    rows = []
    for shown in ["all", *[f for f in FORMATS if (arm == f).any()]]:
        here = people if shown == "all" else people[arm == shown]
        began = set(here.loc[here["started"], PATIENT_ID])
        rows.append([shown, len(here), len(began), len(began & with_baseline), len(began & scored)])
    return pd.DataFrame(rows, columns=[FORMAT, N_PATIENTS, "n_started", "n_baseline", "n_assessed"])


def chart_of_quarters(study: Study, practice: str, plan: Plan, period: str | None, asked: Callable) -> pd.DataFrame:
    whole = part_of(study, practice, None)
    chart = asked("quarters", lambda: chart_quarters(whole.outcomes(plan.instrument), plan.visit))
    if chart is None:
        ends = ["mean_change", "ci_low", "ci_high"]
        return pd.DataFrame(columns=["start_period", N_PATIENTS, *ends, "centre", "in_period"])
    rows = chart.quarters
    return rows.assign(in_period=in_period(rows["start_period"], period) & (period is not None))


def adjusted_difference(compared: FormatComparison | None, visit: str, notes: dict[str, str]) -> pd.DataFrame:
    if compared is None:
        return pd.DataFrame()
    if compared.is_descriptive:
        notes["difference"] = "too few patients or groups of patients for an adjusted difference"
        return pd.DataFrame()
    rows = compared.contrasts
    return rows[(rows[VISIT].astype("str") == visit) & rows["is_primary"]].reset_index(drop=True)


def count_events(part: Study, safety: Safety | None) -> pd.DataFrame:
    names = [FORMAT, "n_sessions", "n_asked", "n_events", "n_serious", "n_started"]
    if safety is None:
        return pd.DataFrame(columns=names)
    rows = []
    asked, events, serious = safety.asked, safety.events, safety.serious_counts
    for shown in ["all", *[f for f in FORMATS if (serious[FORMAT] == f).any()]]:

        def of(frame: pd.DataFrame, arm: str = shown) -> pd.DataFrame:
            return frame if arm == "all" else frame[frame[FORMAT] == arm]

        rows.append(
            [
                shown,
                of(asked)["n_sessions"].sum(),
                of(asked)["n_sessions_asked"].sum(min_count=1),
                of(events)["n_events_asked"].sum() if len(events) else 0,
                of(serious)["n_events"].sum(min_count=1),
                of(serious)["of_patients"].sum(),
            ]
        )
    return pd.DataFrame(rows, columns=names)


def clinician_hours(part: Study, classes: pd.DataFrame, asked: Callable) -> pd.DataFrame:
    names = [FORMAT, N_PATIENTS, "hours_per_patient", "n_better", "hours_per_better"]
    exposure = asked("hours", lambda: describe_exposure(part))
    if exposure is None or exposure.clinician_minutes.empty:
        return pd.DataFrame(columns=names)
    minutes = exposure.clinician_minutes
    hours = (minutes["mean"] * minutes[N_PATIENTS] / 60).groupby(minutes[FORMAT], sort=False).sum()
    people = minutes.groupby(FORMAT, sort=False)[N_PATIENTS].sum()
    rows = []
    for shown in ["all", *[f for f in FORMATS if f in hours]]:
        total, n = (hours.sum(), people.sum()) if shown == "all" else (hours[shown], people[shown])
        better = class_counts(classes, shown).get("better", np.nan)
        rows.append([shown, n, total / n, better, total / better if better > 0 else np.nan])
    return pd.DataFrame(rows, columns=names)
