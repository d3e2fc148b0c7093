"""The review of one practice: who was treated and lost, who got better and worse, and what to do next."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.observed import observed_scores
from kap_analysis.analysis.change.run_chart import chart_quarters
from kap_analysis.analysis.clinical_change.change_result import ClinicalChange
from kap_analysis.analysis.clinical_change.significant_change import clinical_change
from kap_analysis.analysis.clinical_change.target_instrument import target_change
from kap_analysis.analysis.comparison.comparison import compare_formats
from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.completeness import count_due
from kap_analysis.analysis.patients.exposure import describe_exposure
from kap_analysis.analysis.patients.treated import patient_formats
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.analysis.safety.safety import Safety, review_safety
from kap_analysis.columns import BASELINE_VISIT, DAY, FORMAT, FORMATS, N_PATIENTS, PATIENT_ID, PRACTICE, SCORE, VISIT
from kap_analysis.disclosure.gate import is_open
from kap_analysis.errors import AnalysisError, KapError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.review.other_practices import expected_elsewhere, funnel
from kap_analysis.review.part_of_study import check_period, choose_practice, in_period, part_of, previous_period
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import estimate_sentence, number, plural, share

T = TypeVar("T")

BETTER: Final = ("recovered", "improved")
WORSE: Final = "deteriorated"
#: Share of scores that were due from which on a mean is called that of the patients, and not of some of them.
ENOUGH_DONE: Final = 0.8
#: Days after a visit's window from which on a missing score is no longer overdue, but missing.
LONG_PAST: Final = 90
#: What the list for chart review always says.
NO_ALARM: Final = (
    "This list looks back over data that may be weeks old. It is no alarm, and nobody watches it between reviews."
)
LIST_COLUMNS: Final = [PATIENT_ID, "why", "instrument", VISIT, DAY, "detail"]


@dataclass(frozen=True)
class PracticeReview(Result):
    """One practice, looked at as a whole. Rows of a format "all" stand for all formats.

    Attributes
    ----------
    title : str
        Of the study.
    practice, period, compared_with : str
        Empty: the practice is not recorded; everybody; nothing to compare with.
    instrument : Instrument
        The primary instrument.
    visit : str
        The primary visit.
    stamp : str
        "SIMULATED", "MADE UP" or "PRIVATE".
    completeness : DataFrame
        ``instrument``, ``visit``, ``n_due``, ``n_done``, ``n_late``, ``n_missing``.
    started : DataFrame
        ``format``, ``n_patients`` (in the study), ``n_started`` (had a ketamine session), ``n_baseline`` (of them with
        a score before it), ``n_assessed`` (and at the primary visit).
    course : DataFrame
        ``format``, ``visit``, ``month``, ``n_patients``, ``mean``, ``ci_low``, ``ci_high``: observed scores.
    classes, target_classes : DataFrame
        ``format``, ``class`` (recovered, improved, unchanged, deteriorated), ``n``, ``n_assessed``, ``n_started``, the
        two shares with their intervals. On the primary instrument; on the instrument for each patient's own condition.
    quarters : DataFrame
        ``start_period``, ``n_patients``, ``mean_change``, ``ci_low``, ``ci_high``, ``centre``, ``in_period``: the
        practice in all quarters.
    expected : DataFrame
        One row or none, as `expected_elsewhere` gives it.
    funnel : DataFrame
        As `funnel` gives it; without rows below ten practices.
    difference : DataFrame
        One row or none: group minus individual at the primary visit, adjusted, in this practice.
    safety : DataFrame
        ``format``, ``n_sessions``, ``n_asked`` (ketamine sessions at which somebody asked), ``n_events`` (recorded
        there), ``n_serious`` (at any time), ``n_started``.
    hours : DataFrame
        ``format``, ``n_patients``, ``hours_per_patient`` (of clinicians, a group's shared), ``n_better``,
        ``hours_per_better`` (all hours over patients known to be reliably better).
    earlier : DataFrame
        The period it is compared with: ``measure``, ``now``, ``of_now``, ``before``, ``of_before``; without rows where
        there is none.
    chart_list : DataFrame
        Confidential: ``patient_id``, ``why``, ``instrument``, ``visit``, ``day``, ``detail``, the gravest first.
    notes : dict
        Part of the review -> why it is not there.
    """

    title: str
    practice: str
    period: str
    compared_with: str
    instrument: Instrument
    visit: str
    stamp: str
    completeness: pd.DataFrame
    started: pd.DataFrame
    course: pd.DataFrame
    classes: pd.DataFrame
    target_classes: pd.DataFrame
    quarters: pd.DataFrame
    expected: pd.DataFrame
    funnel: pd.DataFrame
    difference: pd.DataFrame
    safety: pd.DataFrame
    hours: pd.DataFrame
    earlier: pd.DataFrame
    chart_list: pd.DataFrame
    notes: dict[str, str] = field(default_factory=dict)
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def whom(self) -> str:
        """The practice and the period, in words."""
        practice = f"practice {self.practice}" if self.practice else "the practice"
        return f"{practice}, patients who started in {self.period}" if self.period else practice

    @property
    def paragraph(self) -> str:
        row = row_of(self.started, "all")
        if row is None or not row["n_started"]:
            return f"Nobody started treatment: {self.whom}."
        parts = [
            f"In {self.whom}, {plural(row['n_started'], 'patient')} started treatment, and "
            f"{share(row['n_assessed'], row['n_started'])} of them have {self.instrument.name} at baseline and at "
            f"{self.visit}."
        ]
        counts = class_counts(self.classes, "all")
        if counts:
            parts.append(
                f"Of those assessed, {share(counts['better'], counts['assessed'])} were reliably better and "
                f"{share(counts['worse'], counts['assessed'])} reliably worse."
            )
        for _, found in self.difference.iterrows():
            parts.append(f"Group minus individual format, adjusted: {estimate_sentence(found)}.")
        return " ".join(parts)

    @property
    def complete_enough(self) -> str:
        """What the completeness of the primary instrument at the primary visit allows to be said."""
        rows = self.completeness
        rows = rows[(rows["instrument"] == self.instrument.name) & (rows[VISIT] == self.visit)]
        if rows.empty or not rows["n_due"].iloc[0]:
            return f"No {self.instrument.name} was due at {self.visit} yet, so nothing can be said of it."
        done, due = rows["n_done"].iloc[0], rows["n_due"].iloc[0]
        told = f"At {self.visit} {share(done, due)} of the {self.instrument.name} scores that were due are there."
        if done / due >= ENOUGH_DONE:
            return f"{told} The averages below are those of most patients."
        return (
            f"{told} The averages below are those of the patients who were scored. The others may be worse, or better."
        )

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What the numbers of the review ask for."""
        row = row_of(self.started, "all")
        steps = []
        if row is not None and row["n_started"] > row["n_assessed"]:
            lost = row["n_started"] - row["n_assessed"]
            steps.append(
                f"Ask the {plural(lost, 'patient')} without a score at {self.visit} how they are. Those who were lost "
                "may have done worse."
            )
        for why, what in (
            ("reliably worse", "Talk with or about"),
            ("answered yes to the item on suicide", "Look at the charts of"),
        ):
            n = self.chart_list.loc[self.chart_list["why"] == why, PATIENT_ID].nunique()
            if n:
                steps.append(f"{what} the {plural(n, 'patient')} on the list for chart review: {why}.")
        whole = row_of(self.safety, "all")
        if whole is not None and whole["n_asked"] < whole["n_sessions"]:
            if np.isnan(whole["n_asked"]):
                steps.append("Note at each session whether you asked about adverse events. It is not recorded.")
            else:
                left = whole["n_sessions"] - whole["n_asked"]
                steps.append(f"Ask about adverse events at every session. At {left:,.0f} of them nobody did.")
        return tuple(steps) or ("Go on as you do, and look again next quarter.",)

    @property
    def cannot_say(self) -> tuple[str, str, str]:
        """What no page about these data can say."""
        row = row_of(self.started, "all")
        lost = 0 if row is None else row["n_started"] - row["n_assessed"]
        missing = (
            f"How the {plural(lost, 'patient')} without a score at {self.visit} are doing."
            if lost
            else "How patients are doing after the last visit."
        )
        return (
            "Whether the treatment caused the change. There is no group without it.",
            missing,
            "Whether the format caused a difference. Patients were not given their format by chance, unless you know "
            "that they were.",
        )


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
    if compare is not None and period is None:
        raise AnalysisError("A period to compare with was given without a period; name the period under review.")
    for one in filter(None, (period, None if compare == "previous" else compare)):
        check_period(study, one)
    before = previous_period(period) if compare == "previous" and period else compare
    plan = plan or study_plan(study)
    everybody = study.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    part = part_of(study, practice, period)
    notes: dict[str, str] = {}
    ids = set(part.patients[PATIENT_ID])

    def asked(name: str, call: Callable[[], T]) -> T | None:
        """An answer, or None with the reason among the notes."""
        try:
            return call()
        except (KapError, ValueError) as error:
            notes[name] = str(error)
            return None

    outcomes = asked(
        "course", lambda: part.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    )
    observed = asked("course", lambda: observed_scores(outcomes)) if outcomes is not None else None
    changed = asked("classes", lambda: clinical_change(outcomes, plan.visit)) if outcomes is not None else None
    target = asked("target_classes", lambda: target_change(part, visit=plan.visit)) if len(ids) else None
    safety = asked("safety", lambda: review_safety(part)) if len(ids) else None
    compared = asked("difference", lambda: compare_formats(part, plan=plan, secondary=False)) if len(ids) else None
    expected, why = expected_elsewhere(everybody, plan.visit, practice, ids)
    if why:
        notes["expected"] = why
    classes = changed.shares if changed is not None else pd.DataFrame()
    review = PracticeReview(
        title=study.settings.title,
        practice=practice,
        period=period or "",
        compared_with=before or "",
        instrument=everybody.instrument,
        visit=plan.visit,
        stamp="SIMULATED" if study.is_simulated else "MADE UP" if study.settings.provenance == "made_up" else "PRIVATE",
        completeness=_completeness(part, plan, asked),
        started=_started(part, plan, outcomes),
        course=observed.means if observed is not None else pd.DataFrame(),
        classes=classes,
        target_classes=target.shares if target is not None else pd.DataFrame(),
        quarters=_quarters(study, practice, plan, period, asked),
        expected=expected,
        funnel=funnel(everybody, plan.visit, practice),
        difference=_difference(compared, plan.visit, notes),
        safety=_safety(part, safety),
        hours=_hours(part, classes, asked),
        earlier=pd.DataFrame(),
        chart_list=_chart_list(part, plan, outcomes, changed, safety),
        notes=notes,
    )
    if before:
        return _with_earlier(review, study, practice, before, plan)
    return review


def row_of(frame: pd.DataFrame, arm: str) -> pd.Series | None:
    """The row of a format; None where there is none."""
    found = frame[frame[FORMAT] == arm] if FORMAT in frame else frame
    return None if found.empty else found.iloc[0]


def class_counts(classes: pd.DataFrame, arm: str) -> dict[str, float]:
    """How many of a format were ``better``, ``worse``, ``assessed``, ``started``; empty where nobody was assessed."""
    rows = classes[classes[FORMAT] == arm] if len(classes) else classes
    if rows.empty or not rows["n_assessed"].iloc[0]:
        return {}
    n = rows.set_index("class")["n"]
    return {
        "better": float(n.reindex(BETTER).sum()),
        "worse": float(n.get(WORSE, 0)),
        "assessed": float(rows["n_assessed"].iloc[0]),
        "started": float(rows["n_started"].iloc[0]),
    }


def _completeness(part: Study, plan: Plan, asked: Callable) -> pd.DataFrame:
    """Scores due, done, late and missing at each visit, of the primary instrument and of each secondary one."""
    names = ["instrument", VISIT, "n_due", "n_done", "n_late", "n_missing"]
    found = []
    for name in dict.fromkeys([plan.instrument, *plan.secondary]):
        counted = asked(f"completeness of {name}", lambda name=name: count_due(part, name, plan).counts)
        if counted is not None:
            rows = counted[counted[PRACTICE] == "all"].groupby(VISIT, sort=False)[names[2:]].sum().reset_index()
            found.append(rows.assign(instrument=name)[names])
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=names)


def _started(part: Study, plan: Plan, outcomes: Outcomes | None) -> pd.DataFrame:
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


def _quarters(study: Study, practice: str, plan: Plan, period: str | None, asked: Callable) -> pd.DataFrame:
    whole = part_of(study, practice, None)
    chart = asked("quarters", lambda: chart_quarters(whole.outcomes(plan.instrument), plan.visit))
    if chart is None:
        ends = ["mean_change", "ci_low", "ci_high"]
        return pd.DataFrame(columns=["start_period", N_PATIENTS, *ends, "centre", "in_period"])
    rows = chart.quarters
    return rows.assign(in_period=in_period(rows["start_period"], period) & (period is not None))


def _difference(compared: FormatComparison | None, visit: str, notes: dict[str, str]) -> pd.DataFrame:
    if compared is None:
        return pd.DataFrame()
    if compared.is_descriptive:
        notes["difference"] = "too few patients or groups of patients for an adjusted difference"
        return pd.DataFrame()
    rows = compared.contrasts
    return rows[(rows[VISIT].astype("str") == visit) & rows["is_primary"]].reset_index(drop=True)


def _safety(part: Study, safety: Safety | None) -> pd.DataFrame:
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


def _hours(part: Study, classes: pd.DataFrame, asked: Callable) -> pd.DataFrame:
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


def _chart_list(
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
