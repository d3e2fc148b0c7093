"""The frames of a practice's review: scores due, patients, quarters, the adjusted difference, events, hours."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.run_chart import chart_quarters
from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.patients.completeness import count_due
from kap_analysis.analysis.patients.exposure import describe_exposure
from kap_analysis.analysis.safety.safety import Safety
from kap_analysis.columns import FORMAT, FORMATS, INSTRUMENT, N_PATIENTS, PATIENT_ID, PRACTICE, VISIT
from kap_analysis.review.part_of_study import in_period
from kap_analysis.review.patient_counts import seen_until
from kap_analysis.review.practice_review_result import class_counts
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import plural
from kap_analysis.writing.small_numbers import FEWEST


def count_scores(part: Study, plan: Plan, asked: Callable) -> pd.DataFrame:
    """Scores due, done, late and missing at each visit, of the primary instrument and of each secondary one.

    The primary instrument is due of everybody who started, a secondary one of those who have ever been scored on it.
    """
    names = ["instrument", VISIT, "n_due", "n_done", "n_late", "n_missing"]
    found = []
    for name in dict.fromkeys([plan.instrument, *plan.secondary]):
        due = asked(f"completeness of {name}", lambda name=name: count_due(part, name, plan))
        rows = pd.DataFrame(0, index=pd.Index(part.settings.visit_labels, name=VISIT), columns=names[2:])
        if due is not None:
            whole = due.counts[due.counts[PRACTICE] == "all"].groupby(VISIT, sort=False)[names[2:]].sum()
            rows = rows.add(whole, fill_value=0).reindex(part.settings.visit_labels)
        if name == plan.instrument:
            scored = set(due.people[PATIENT_ID]) if due is not None else set()
            never = _started(part, plan) - scored
            for visit in part.settings.visits:
                rows.loc[visit.label, ["n_due", "n_missing"]] += len(never & seen_until(part, visit.last_day))
        if due is not None or name == plan.instrument:
            found.append(rows.astype(int).reset_index().assign(instrument=name)[names])
    return pd.concat(found, ignore_index=True)


def _started(part: Study, plan: Plan) -> set[str]:
    people = part.at_time_zero(format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    return set(people.loc[people["started"] & people[FORMAT].notna(), PATIENT_ID])


def changed_questionnaire(whole: Study, plan: Plan) -> str | None:
    """What to say where a practice took up its main questionnaire after some quarter, or gave it up.

    None unless five patients or more who started then were scored on another one.
    """
    starts = whole.patients.set_index(PATIENT_ID)["start_period"].astype("object").dropna()
    tables = [table for table in (whole.assessments, whole.items) if table is not None]
    scored = pd.concat([table[[PATIENT_ID, INSTRUMENT]].astype("object") for table in tables]).drop_duplicates()
    scored = scored[scored[PATIENT_ID].isin(starts.index)]
    with_main = starts[starts.index.isin(scored.loc[scored[INSTRUMENT] == plan.instrument, PATIENT_ID])]
    if with_main.empty:
        return None
    told = []
    first, last = with_main.min(), with_main.max()
    for words, quarter, outside in (("before", first, starts < first), ("after", last, starts > last)):
        others = scored[scored[PATIENT_ID].isin(starts.index[outside])]
        by_name = others[INSTRUMENT].value_counts()
        if len(by_name) and by_name.iloc[0] >= FEWEST:
            told.append(
                f"Nobody of the {plural(int(outside.sum()), 'patient')} who started {words} {quarter} was scored on "
                f"{plan.instrument}; {by_name.iloc[0]} were on {by_name.index[0]}."
            )
    if not told:
        return None
    return f"{' '.join(told)} The main questionnaire may have changed. Scores of two questionnaires are not compared."


def chart_of_quarters(whole: Study, plan: Plan, period: str | None, asked: Callable) -> pd.DataFrame:
    """The quarters of a practice, whether the patients of the review started in them or not."""
    chart = asked("quarters", lambda: chart_quarters(_outcomes(whole, plan), plan.visit))
    if chart is None:
        ends = ["mean_change", "ci_low", "ci_high"]
        return pd.DataFrame(columns=["start_period", N_PATIENTS, *ends, "centre", "in_period"])
    rows = chart.quarters
    return rows.assign(in_period=in_period(rows["start_period"], period) & (period is not None))


def _outcomes(part: Study, plan: Plan) -> Outcomes:
    return part.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)


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


def clinician_hours(part: Study, plan: Plan, classes: pd.DataFrame, asked: Callable) -> pd.DataFrame:
    names = [FORMAT, N_PATIENTS, "hours_per_patient", "n_better", "hours_per_better"]
    exposure = asked("hours", lambda: describe_exposure(part, format_rule=plan.format_rule))
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
