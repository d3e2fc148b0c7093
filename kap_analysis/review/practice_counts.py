"""The frames of a practice's review: scores due, patients, quarters, the adjusted difference, events, hours."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.run_chart import chart_quarters
from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.patients.scores_due import count_due
from kap_analysis.analysis.safety.safety import Safety
from kap_analysis.columns import DAY, FORMAT, INSTRUMENT, N_PATIENTS, PATIENT_ID, PRACTICE, VISIT
from kap_analysis.review.part_of_study import in_period
from kap_analysis.review.patient_counts import seen_until
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import plural
from kap_analysis.writing.small_numbers import FEWEST

#: By how much the share of patients on a questionnaire must be larger for it to stand in the place of the main one.
MORE_OFTEN: Final = 0.5


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
        elif name == plan.instrument:  # nobody has ever been scored
            for visit in part.settings.visits:
                due_then = len(_started(part, plan) & seen_until(part, visit.last_day))
                rows.loc[visit.label, ["n_due", "n_missing"]] += due_then
        if due is not None or name == plan.instrument:
            found.append(rows.astype(int).reset_index().assign(instrument=name)[names])
    return pd.concat(found, ignore_index=True)


def _started(part: Study, plan: Plan) -> set[str]:
    people = part.at_time_zero(format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    return set(people.loc[people["started"] & people[FORMAT].notna(), PATIENT_ID])


def changed_questionnaire(whole: Study, plan: Plan) -> str | None:
    """What to say where a practice took up its main questionnaire after some quarter, or gave it up.

    None unless five patients or more started then. Where everybody has a score on it, the scores after the first
    session are looked at, of those who were seen until the end of the first visit.
    """
    starts = whole.patients.set_index(PATIENT_ID)["start_period"].astype("object").dropna()
    scored = pd.concat([table[[PATIENT_ID, INSTRUMENT, DAY]] for table in (whole.assessments, whole.items)])
    scored = scored[scored[PATIENT_ID].isin(starts.index)].astype({INSTRUMENT: "object"})
    seen = seen_until(whole, min(visit.last_day for visit in whole.settings.visits))
    told = _without(starts, scored, plan.instrument, "") or _without(
        starts[starts.index.isin(seen)], scored[scored[DAY] > 0], plan.instrument, " after the first session"
    )
    if not told:
        return None
    return f"{' '.join(told)} The main questionnaire may have changed. Scores of two questionnaires are not compared."


def _without(starts: pd.Series, scored: pd.DataFrame, main: str, when: str) -> list[str]:
    """A sentence for the quarters before the main questionnaire was taken up, and one for those after it was left."""
    with_main = starts[starts.index.isin(scored.loc[scored[INSTRUMENT] == main, PATIENT_ID])]
    if with_main.empty:
        return []
    told = []
    for words, quarter, outside in (
        ("before", with_main.min(), starts.index[starts < with_main.min()]),
        ("after", with_main.max(), starts.index[starts > with_main.max()]),
    ):
        if len(outside) < FEWEST:
            continue
        name, n = _instead(scored, outside, with_main.index)
        other = f"; {n} were on {name}" if name else ""
        told.append(
            f"Nobody of the {plural(len(outside), 'patient')} who started {words} {quarter} was scored on {main}{when}"
            f"{other}."
        )
    return told


def _instead(scored: pd.DataFrame, outside: pd.Index, inside: pd.Index) -> tuple[str, int]:
    """The questionnaire that many patients have who lack the main one, and few of the others; empty where none is."""
    pairs = scored[[PATIENT_ID, INSTRUMENT]].drop_duplicates()
    there, elsewhere = (pairs.loc[pairs[PATIENT_ID].isin(ids), INSTRUMENT].value_counts() for ids in (outside, inside))
    more = there / len(outside) - elsewhere.reindex(there.index, fill_value=0) / len(inside)
    more = more[(there >= FEWEST) & (more >= MORE_OFTEN)]
    if more.empty:
        return "", 0
    name = str(more.idxmax())
    return name, int(there[name])


def chart_of_quarters(whole: Study, plan: Plan, period: str | None, asked: Callable) -> pd.DataFrame:
    """The quarters of a practice, whether the patients of the review started in them or not."""
    chart = asked("quarters", lambda: chart_quarters(outcomes_of(whole, plan), plan.visit))
    if chart is None:
        ends = ["mean_change", "ci_low", "ci_high"]
        return pd.DataFrame(columns=["start_period", N_PATIENTS, *ends, "centre", "in_period"])
    rows = _every_quarter(chart.quarters)
    return rows.assign(in_period=in_period(rows["start_period"], period) & (period is not None))


def _every_quarter(quarters: pd.DataFrame) -> pd.DataFrame:
    """The quarters from the first to the last, those in which nobody with a change started among them."""
    known = quarters.set_index("start_period")
    if not known.index.astype("str").str.fullmatch(r"\d{4}-Q[1-4]").all():
        return quarters
    first, last = (pd.Period(known.index.astype("str")[place].replace("-", ""), freq="Q") for place in (0, -1))
    labels = [f"{one.year}-Q{one.quarter}" for one in pd.period_range(first, last)]
    rows = known.reindex(labels)
    filled = {"n_patients": rows[N_PATIENTS].fillna(0).astype(int), "centre": known["centre"].iloc[0]}
    return rows.assign(**filled).rename_axis("start_period").reset_index()


def outcomes_of(part: Study, plan: Plan) -> Outcomes:
    return part.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)


def adjusted_difference(compared: FormatComparison | None, visit: str, notes: dict[str, str]) -> pd.DataFrame:
    if compared is None:
        return pd.DataFrame()
    if compared.is_descriptive:
        notes["difference"] = "too few patients or groups of patients for an adjusted difference"
        return pd.DataFrame()
    rows = compared.contrasts
    return rows[(rows[VISIT].astype("str") == visit) & rows["is_primary"]].reset_index(drop=True)


def count_events(part: Study, safety: Safety | None, started: pd.DataFrame) -> pd.DataFrame:
    names = [FORMAT, "n_sessions", "n_asked", "n_events", "n_elsewhere", "n_serious", "n_started"]
    if safety is None:
        return pd.DataFrame(columns=names)
    n_started = started.set_index(FORMAT)["n_started"]
    rows = []
    for shown in n_started.index:

        def total(frame: pd.DataFrame, name: str, arm: str = shown) -> float:
            """Of a format or of all; missing where no number is known."""
            own = frame if arm == "all" else frame[frame[FORMAT] == arm]
            return float(own[name].sum(min_count=1)) if len(own) else np.nan

        n_events = np.nan_to_num(total(safety.events, "n_events_asked"))
        rows.append(
            [
                shown,
                np.nan_to_num(total(safety.asked, "n_sessions")),
                total(safety.asked, "n_sessions_asked"),
                n_events,
                np.nan_to_num(total(safety.events, "n_events")) - n_events,
                total(safety.serious_counts, "n_events"),
                n_started[shown],
            ]
        )
    return pd.DataFrame(rows, columns=names)


def events_outside(study: Study, part: Study, safety: Safety | None) -> str:
    """What to say of events that no count of the page holds, or where the whole study has none."""
    if study.adverse_events.empty:
        return "No adverse event of anybody is in the data. That may mean that none was entered."
    counted = 0 if safety is None else int(safety.events["n_events"].sum())
    left = len(part.adverse_events) - counted
    if not left:
        return ""
    return f"Not counted here: {plural(left, 'event')} of patients whose treatment is not in the data."
