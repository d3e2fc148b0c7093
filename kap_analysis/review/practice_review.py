"""The review of one practice: who was treated and lost, who got better and worse, and what to do next."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Self, TypeVar

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.observed import mean_scores
from kap_analysis.analysis.clinical_change.significant_change import ClinicalChange, clinical_change
from kap_analysis.analysis.clinical_change.target_instrument import TargetChange, target_change
from kap_analysis.analysis.comparison.comparison import FormatComparison, compare_formats
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.safety.safety import Safety, review_safety
from kap_analysis.columns import PATIENT_ID
from kap_analysis.disclosure.gate import is_open
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.instruments.instrument import Instrument
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
    outcomes_of,
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
    ask = _Asked()
    answers = _Answers.of(part, plan, ask)
    deaths = list_deaths(part)
    worse, not_judged = reliably_worse(part, plan)
    started = count_patients(part, plan, set(deaths[PATIENT_ID]))
    everybody = ask("everybody", lambda: outcomes_of(study, plan))
    expected, why_not_expected = expected_elsewhere(everybody, plan.visit, practice, set(part.patients[PATIENT_ID]))
    many, why_no_funnel = funnel(everybody, plan.visit, practice)
    instrument = study.instruments[plan.instrument]
    n_assessed = row_of(started, "all")["n_assessed"]  # type: ignore[index]
    ask.note(
        questionnaire=changed_questionnaire(whole, plan),
        worsening=not_judged,
        classes=_no_norm(instrument) if answers.changed is None and n_assessed else "",
        expected=why_not_expected,
        events=events_outside(study, part, answers.safety) if len(part.patients) else "",
        funnel=why_no_funnel,
    )
    classes = _frame(answers.changed, "shares")
    review = PracticeReview(
        title=study.settings.title,
        practice=practice,
        period=period or "",
        compared_with=before or "",
        instrument=instrument,
        visit=plan.visit,
        stamp="SIMULATED" if study.is_simulated else "MADE UP" if study.settings.provenance == "made_up" else "PRIVATE",
        completeness=count_scores(part, plan, ask),
        started=started,
        course=pd.DataFrame() if answers.course is None else answers.course,
        classes=classes,
        target_classes=_frame(answers.target, "shares"),
        target_instruments=_frame(answers.target, "instruments"),
        quarters=chart_of_quarters(whole, plan, period, ask),
        expected=expected,
        funnel=many,
        difference=adjusted_difference(answers.compared, plan.visit, ask.notes),
        safety=count_events(part, answers.safety, started),
        hours=count_hours(study, part, plan, classes),
        earlier=pd.DataFrame(),
        chart_list=list_for_chart_review(part, plan, worse, deaths, answers.safety),
        periods=tuple(sorted(whole.patients["start_period"].dropna().astype("str").unique())),
        notes=ask.notes,
    )
    if before:
        return _with_earlier(review, study, practice, before, plan)
    return review


class _Asked:
    """Questions to a study: the answer, or None and the reason among the notes."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}

    def __call__(self, name: str, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except (KapError, ValueError) as error:
            self.notes[name] = in_plain_words(str(error))
            return None

    def note(self, **told: str | None) -> None:
        """Notes by name; an empty one says nothing."""
        self.notes |= {name: words for name, words in told.items() if words}


class _Answers(NamedTuple):
    """What the analyses say of the patients of a review, each None where it has no answer."""

    course: pd.DataFrame | None
    changed: ClinicalChange | None
    target: TargetChange | None
    safety: Safety | None
    compared: FormatComparison | None

    @classmethod
    def of(cls, part: Study, plan: Plan, ask: _Asked) -> Self:
        outcomes = ask("course", lambda: outcomes_of(part, plan))
        course = changed = target = safety = compared = None
        if outcomes is not None:
            course = ask("course", lambda: mean_scores(outcomes))
            changed = ask("classes", lambda: clinical_change(outcomes, plan.visit))
        if len(part.patients):
            target = ask("target_classes", lambda: target_change(part, plan.visit, format_rule=plan.format_rule))
            safety = ask("safety", lambda: review_safety(part, format_rule=plan.format_rule))
            compared = ask("difference", lambda: compare_formats(part, plan=plan, secondary=False))
        return cls(course, changed, target, safety, compared)


def _frame(answer: object, name: str) -> pd.DataFrame:
    return pd.DataFrame() if answer is None else getattr(answer, name)


def _no_norm(instrument: Instrument) -> str:
    """Why nobody is called reliably better or worse on an instrument; empty where its error is known."""
    if not np.isnan(reliable_points(instrument)):
        return ""
    return (
        f"No outside norm says how far a {instrument.name} score moves by error alone. So nobody can be called "
        "reliably better or worse on it."
    )


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
