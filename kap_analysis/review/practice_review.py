"""The review of one practice: who was treated and lost, who got better and worse, and what to do next."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.observed import mean_scores
from kap_analysis.analysis.clinical_change.significant_change import clinical_change
from kap_analysis.analysis.clinical_change.target_instrument import target_change
from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.safety.safety import review_safety
from kap_analysis.columns import PATIENT_ID
from kap_analysis.disclosure.gate import is_open
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.review.chart_review_list import list_for_chart_review
from kap_analysis.review.clinician_hours import count_hours
from kap_analysis.review.other_practices import expected_elsewhere, funnel
from kap_analysis.review.part_of_study import check_period, choose_practice, part_of, previous_period
from kap_analysis.review.patient_counts import count_patients
from kap_analysis.review.practice_counts import (
    adjusted_difference,
    changed_questionnaire,
    chart_of_quarters,
    count_events,
    count_scores,
    events_outside,
)
from kap_analysis.review.practice_review_result import PracticeReview, class_counts, in_plain_words, row_of
from kap_analysis.review.recorded_deaths import list_deaths
from kap_analysis.review.reliable_worsening import reliable_points, reliably_worse
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study

T = TypeVar("T")


@asked_of(Study)
def review_practice(
    study: Study,
    *,
    practice: str | None = None,
    period: str | None = None,
    compare: str | None = None,
    plan: Plan | None = None,
) -> PracticeReview:
    """Review one practice: completeness, who was lost, who got better and worse, safety, and what to do next.

    Parameters
    ----------
    practice : str, optional
        As in the column ``practice``; may be left out where there is one.
    period : str, optional
        A quarter (2025-Q3) or a year (2025): the patients who started in it. Default: everybody.
    compare : str, optional
        "previous" for the quarter or the year before, or another period.

    Raises
    ------
    AnalysisError
        If the practice or the period is unknown, or the study is a public one of real patients: a review shows counts
        of single patients and belongs to the practice.
    """
    if not is_open(study.settings.visibility, study.is_simulated):
        raise AnalysisError(
            "This study is public. A review shows counts of single patients, so it can be made of a private study only "
            '(visibility = "private" in study.toml).'
        )
    practice = choose_practice(study, practice)
    before = _period_before(study, period, compare)
    plan = plan or study_plan(study)
    part = part_of(study, practice, period)
    whole = part_of(study, practice, None) if period else part
    notes: dict[str, str] = {}
    rule = plan.format_rule
    ids = set(part.patients[PATIENT_ID])

    def asked(name: str, call: Callable[[], T]) -> T | None:
        """An answer, or None with the reason among the notes."""
        try:
            return call()
        except (KapError, ValueError) as error:
            notes[name] = in_plain_words(str(error))
            return None

    everybody = asked(
        "everybody",
        lambda: study.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule),
    )
    instrument = study.instruments[plan.instrument]
    outcomes = asked(
        "course", lambda: part.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    )
    course = asked("course", lambda: mean_scores(outcomes)) if outcomes is not None else None
    changed = asked("classes", lambda: clinical_change(outcomes, plan.visit)) if outcomes is not None else None
    target = asked("target_classes", lambda: target_change(part, plan.visit, format_rule=rule)) if len(ids) else None
    safety = asked("safety", lambda: review_safety(part, format_rule=rule)) if len(ids) else None
    compared = asked("difference", lambda: compare_formats(part, plan=plan, secondary=False)) if len(ids) else None
    if changed_to := changed_questionnaire(whole, plan):
        notes["questionnaire"] = changed_to
    deaths = list_deaths(part)
    worse, not_judged = reliably_worse(part, plan)
    if not_judged:
        notes["worsening"] = not_judged
    started = count_patients(part, plan, set(deaths[PATIENT_ID]))
    if changed is None and row_of(started, "all")["n_assessed"] and np.isnan(reliable_points(instrument)):  # type: ignore[index]
        notes["classes"] = (
            f"No outside norm says how far a {instrument.name} score moves by error alone. So nobody can be called "
            "reliably better or worse on it."
        )
    expected, why = expected_elsewhere(everybody, plan.visit, practice, ids)
    if why:
        notes["expected"] = why
    if len(ids) and (told := events_outside(study, part, safety)):
        notes["events"] = told
    many, why = funnel(everybody, plan.visit, practice)
    if why:
        notes["funnel"] = why
    classes = changed.shares if changed is not None else pd.DataFrame()
    review = PracticeReview(
        title=study.settings.title,
        practice=practice,
        period=period or "",
        compared_with=before or "",
        instrument=instrument,
        visit=plan.visit,
        stamp="SIMULATED" if study.is_simulated else "MADE UP" if study.settings.provenance == "made_up" else "PRIVATE",
        completeness=count_scores(part, plan, asked),
        started=started,
        course=pd.DataFrame() if course is None else course,
        classes=classes,
        target_classes=target.shares if target is not None else pd.DataFrame(),
        target_instruments=target.instruments if target is not None else pd.DataFrame(),
        quarters=chart_of_quarters(whole, plan, period, asked),
        expected=expected,
        funnel=many,
        difference=adjusted_difference(compared, plan.visit, notes),
        safety=count_events(part, safety, started),
        hours=count_hours(study, part, plan, classes),
        earlier=pd.DataFrame(),
        chart_list=list_for_chart_review(part, plan, worse, deaths, safety),
        periods=tuple(sorted(whole.patients["start_period"].dropna().astype("str").unique())),
        notes=notes,
    )
    if before:
        return _with_earlier(review, study, practice, before, plan)
    return review


def _period_before(study: Study, period: str | None, compare: str | None) -> str | None:
    """The period to compare with, once both are known to be periods of the study."""
    if compare is not None and period is None:
        raise AnalysisError("A period to compare with was given without a period; name the period under review.")
    for one in filter(None, (period, None if compare == "previous" else compare)):
        check_period(study, one)
    return previous_period(period) if compare == "previous" and period else compare


def _with_earlier(now: PracticeReview, study: Study, practice: str, before: str, plan: Plan) -> PracticeReview:
    """The review beside the same counts of another period."""
    other = review_practice(study, practice=practice or None, period=before, plan=plan)
    rows: list[list[object]] = []
    for words, key, of in (
        ("assessed, of those who started", "n_assessed", "n_started"),
        ("reliably better, of those assessed", "better", "assessed"),
        ("reliably worse, of those assessed", "worse", "assessed"),
    ):
        told: list[float] = []
        for one in (now, other):
            row = row_of(one.started, "all") if key == "n_assessed" else class_counts(one.classes, "all")
            told += [row[key], row[of]] if row is not None and len(row) else [np.nan, np.nan]
        rows.append([words, *told])
    notes = dict(now.notes)
    if not row_of(other.started, "all")["n_started"]:  # type: ignore[index]
        notes["earlier"] = f"nobody started treatment in {before}"
    frame = pd.DataFrame(rows, columns=["measure", "now", "of_now", "before", "of_before"])
    return replace(now, earlier=frame, notes=notes)
