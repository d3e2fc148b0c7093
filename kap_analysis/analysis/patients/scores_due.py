"""Scores due of one instrument: how many were done, late and missing at each visit, and of whom."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.columns import FORMAT, PATIENT_ID, PRACTICE, SCORE, VISIT
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.scores import instrument_scores
from kap_analysis.study.study import Study
from kap_analysis.study.timing.visit_windows import CHOSEN, place_in_windows


class Due(NamedTuple):
    """Scores due of one instrument: ``counts`` as `Completeness.completeness`, and what they were counted from.

    ``people``: one row per treated patient in a known format. ``scored``: visit -> the patients scored at it.
    ``outcomes.not_due``: visit -> those of whom it is not due.
    """

    counts: pd.DataFrame
    people: pd.DataFrame
    scored: dict[str, set[str]]
    outcomes: Outcomes


def count_due(study: Study, instrument: str, plan: Plan) -> Due:
    """Count the scores of an instrument that were due, done, late and missing, before the gate.

    The plan's instrument is due of everybody who started, another one of those who have ever been scored on it.
    """
    every = study.outcomes(
        instrument, visits="all", format_rule=plan.format_rule, cohort_rule=plan.cohort_rule, population="started"
    )
    answered = every.frame[every.frame[SCORE].notna()]
    done = answered[answered[VISIT].notna()]  # of a window there may be several
    people = done.drop_duplicates(PATIENT_ID)
    people = people[people[FORMAT].notna()]
    if instrument == plan.instrument:
        people = _with_never_scored(people, study, plan)
    scheduled = list(study.settings.visits)
    ids, at, day = done[PATIENT_ID].to_numpy(object), done[VISIT].to_numpy(object), answered["day"].to_numpy(float)
    scored = {v.label: set(ids[at == v.label]) for v in scheduled}
    counted = pd.DataFrame({FORMAT: people[FORMAT].astype("str"), PRACTICE: recorded_words(people[PRACTICE])})
    names = people[PATIENT_ID].astype("object")
    lines = []
    for position, visit in enumerate(scheduled):
        following = scheduled[position + 1].first_day if position + 1 < len(scheduled) else np.inf
        between = answered[PATIENT_ID].to_numpy(object)[(day > visit.last_day) & (day < following)]
        is_done, is_late = names.isin(scored[visit.label]), names.isin(set(between) - scored[visit.label])
        due = counted.assign(visit=visit.label, n_due=1, n_done=is_done.astype(int), n_late=is_late.astype(int))
        lines.append(due[~names.isin(every.not_due[visit.label])])
    return Due(_sum_lines(pd.concat(lines)), people, scored, every)


def scored_at(study: Study, instrument: Instrument) -> dict[str, set[str]]:
    """Visit -> the patients with a score at it, whether or not their format is known."""
    how: Any = {"rater": None, "version": None, "missing_rule": "published", "rows": None}
    scores = instrument_scores(study.tables, instrument, **how).scores.dropna(subset=[SCORE])
    placed = scores.join(place_in_windows(scores, study.settings))
    return {str(visit): set(part[PATIENT_ID]) for visit, part in placed[placed[CHOSEN]].groupby(VISIT)}


def _with_never_scored(people: pd.DataFrame, study: Study, plan: Plan) -> pd.DataFrame:
    """The same with those who started and have no score at any visit, whose baseline is missing."""
    at_zero = study.at_time_zero(format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    never = at_zero[at_zero["started"] & at_zero[FORMAT].notna() & ~at_zero[PATIENT_ID].isin(people[PATIENT_ID])]
    if never.empty:
        return people
    own = study.patients.drop(columns=[FORMAT], errors="ignore").merge(never[[PATIENT_ID, FORMAT]], on=PATIENT_ID)
    return pd.concat([people, own.reindex(columns=people.columns)], ignore_index=True)


def _sum_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """One line per patient and visit to counts by visit, practice (all, then each) and format."""
    both = pd.concat([lines.assign(**{PRACTICE: "all"}), lines])
    counts = both.groupby([VISIT, PRACTICE, FORMAT], sort=False)[["n_due", "n_done", "n_late"]].sum().reset_index()
    visits = {visit: at for at, visit in enumerate(lines[VISIT].unique())}
    order = counts.assign(visit=counts[VISIT].map(visits), is_part=counts[PRACTICE] != "all")
    counts = counts.loc[order.sort_values([VISIT, "is_part", PRACTICE], kind="stable").index]
    counts["n_missing"] = counts["n_due"] - counts["n_done"] - counts["n_late"]
    return counts[[FORMAT, PRACTICE, VISIT, "n_due", "n_done", "n_late", "n_missing"]].reset_index(drop=True)
