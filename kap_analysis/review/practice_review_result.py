"""The review of one practice as frames, and in words: what may be said, what to do next, what stays unknown."""

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import FORMAT, PATIENT_ID, VISIT
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.names import isolated
from kap_analysis.writing.sentences import interval, number, plural, share

BETTER: Final = ("recovered", "improved")
WORSE: Final = "deteriorated"
#: Share of scores that were due from which on a mean is called that of the patients, and not of some of them.
ENOUGH_DONE: Final = 0.8
#: Why a patient is on the list for chart review, in its order.
DIED: Final = "recorded as dead"
NEWLY_YES: Final = "newly yes, or higher, to the question about suicide"
GOT_WORSE: Final = "reliably worse"
OVERDUE: Final = "assessment overdue"
STILL_YES: Final = "yes again to the question about suicide"
#: What to do with them.
TO_DO: Final = {
    DIED: "Look at the charts of {} recorded as dead.",
    NEWLY_YES: "Look at the charts of {} whose answer to the question about suicide turned to yes, or rose.",
    GOT_WORSE: "Talk with or about {} who, at any time, scored reliably worse than at the start.",
    OVERDUE: "Ask {} whose assessment is overdue to fill it in.",
}
#: What only somebody who writes a script can use.
OF_THE_PACKAGE: Final = re.compile(r"`|\w=|^Pass ")
#: Reasons to turn to the patients themselves.
TO_TALK_WITH: Final = (GOT_WORSE, OVERDUE)


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
        ``instrument``, ``visit``, ``n_due``, ``n_done``, ``n_late``, ``n_missing``. The primary instrument is due of
        everybody who started, a secondary one of those who were ever scored on it.
    started : DataFrame
        ``format``, ``n_patients`` (in the study), ``n_started`` (had a ketamine session), ``n_baseline`` (of them with
        a score before it); of those who started, each in one of ``n_assessed`` (before it and at the primary visit),
        ``n_no_baseline`` (at the primary visit alone), ``n_died`` (not at it, and recorded as dead), ``n_not_due`` (not
        yet) and ``n_lost``; ``n_other`` (of the lost, with a score on another instrument at the primary visit).
    course : DataFrame
        ``format``, ``visit``, ``month``, ``n_patients``, ``mean``, ``ci_low``, ``ci_high``: observed scores.
    classes, target_classes : DataFrame
        ``format``, ``class`` (recovered, improved, unchanged, deteriorated), ``n``, ``n_assessed``, ``n_started``, the
        two shares with their intervals. On the primary instrument; on the instrument for each patient's own condition.
    target_instruments : DataFrame
        ``target_instrument``, ``n_started``, ``n_assessed``, ``norms``, ``not_judged_because`` and more, as in
        `TargetChange.instruments`.
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
        ``format`` (of the patients, in whatever format a session was), ``n_sessions`` (of ketamine), ``n_asked`` (of
        them with a note that somebody asked; missing: not recorded), ``n_events`` (recorded there), ``n_elsewhere``
        (recorded outside them), ``n_serious`` (at any time; missing: not recorded), ``n_started``.
    hours : DataFrame
        ``format``, ``n_patients``, ``hours_per_patient`` (of clinicians, a group's shared), ``n_better``,
        ``hours_per_better`` (all hours over patients known to be reliably better), ``n_sessions``, ``n_blank`` (of them
        whose hours are not known: the hours are those of the others), ``why`` (the hours are not known).
    earlier : DataFrame
        The period it is compared with: ``measure``, ``now``, ``of_now``, ``before``, ``of_before``; without rows where
        there is none.
    chart_list : DataFrame
        Confidential: ``patient_id``, ``why``, ``instrument``, ``visit``, ``day``, ``detail``: each patient once for
        each reason, the gravest first.
    periods : tuple of str
        The quarters in which patients of the practice started.
    notes : dict
        Part of the review -> why it is not there; ``questionnaire``: since when the main one is not used.
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
    target_instruments: pd.DataFrame
    quarters: pd.DataFrame
    expected: pd.DataFrame
    funnel: pd.DataFrame
    difference: pd.DataFrame
    safety: pd.DataFrame
    hours: pd.DataFrame
    earlier: pd.DataFrame
    chart_list: pd.DataFrame
    periods: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def whom(self) -> str:
        """The practice and the period, in words."""
        practice = f"practice {isolated(self.practice)}" if self.practice else "the practice"
        return f"{practice}, patients who started in {self.period}" if self.period else practice

    @property
    def paragraph(self) -> str:
        row = row_of(self.started, "all")
        if row is None or not row["n_started"]:
            return f"Nobody started treatment: {self.whom}."
        parts = [
            f"In {self.whom}, {plural(row['n_started'], 'patient')} started treatment, and "
            f"{share(row['n_assessed'], row['n_started'])} {_has(row['n_assessed'])} {self.instrument.name} at "
            f"baseline and at {self.visit}."
        ]
        counts = class_counts(self.classes, "all")
        if counts:
            parts.append(
                f"Of those assessed, {share(counts['better'], counts['assessed'])} were reliably better and "
                f"{share(counts['worse'], counts['assessed'])} reliably worse."
            )
        if len(self.difference):
            parts.append(self.difference_words)
        return " ".join(parts)

    @property
    def difference_words(self) -> str:
        """The adjusted difference with the side that it favours."""
        row = self.difference.iloc[0]
        value = float(row["estimate"])
        higher = "higher" if value > 0 else "lower"
        side = "better" if (value > 0) == self.instrument.higher_is_better else "worse"
        return (
            f"At {self.visit}, group is {number(abs(value))} points {higher} ({side}) than individual format, among "
            f"patients who started alike (95% interval of the difference {interval(row['ci_low'], row['ci_high'])})."
        )

    @property
    def n_started(self) -> int:
        """How many started treatment."""
        row = row_of(self.started, "all")
        return 0 if row is None else int(row["n_started"])

    @property
    def n_lost(self) -> int:
        """How many started, are not recorded as dead, should have been assessed by now, and were not."""
        row = row_of(self.started, "all")
        return 0 if row is None else int(row["n_lost"])

    @property
    def n_dead(self) -> int:
        """How many are recorded as dead, whether they started treatment or not."""
        return int((self.chart_list["why"] == DIED).sum())

    @property
    def n_ever_worse(self) -> int:
        """How many were reliably worse at any time, on any questionnaire whose error is known."""
        return int((self.chart_list["why"] == GOT_WORSE).sum())

    @property
    def complete_enough(self) -> str:
        """What the completeness of the primary instrument at the primary visit allows to be said."""
        rows = self.completeness
        rows = rows[(rows["instrument"] == self.instrument.name) & (rows[VISIT] == self.visit)]
        if rows.empty or not rows["n_due"].iloc[0]:
            return f"No {self.instrument.name} was due at {self.visit} yet, so nothing can be said of it."
        done, due = rows["n_done"].iloc[0], rows["n_due"].iloc[0]
        told = f"At {self.visit}, {share(done, due)} of the {self.instrument.name} scores that were due are there."
        if not done:
            return f"{told} So nothing can be said of how these patients are then."
        started = row_of(self.started, "all")
        if started is not None and started["n_no_baseline"]:
            n = int(started["n_no_baseline"])
            told += (
                f" {n:,} of these patients {_has(n)} no score from before the first session, so {_their(n)} change is "
                "not known."
            )
            done -= n
        if not done:
            return told
        if done == due:
            return f"{told} The averages below are those of everybody who was due."
        if done / due >= ENOUGH_DONE:
            return f"{told} The averages below are those of most patients."
        return (
            f"{told} The averages below are those of the patients who were scored. The others may be worse, or better."
        )

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What the numbers of the review ask for."""
        row = row_of(self.started, "all")
        if row is None or not row["n_started"]:
            if not self.periods:
                return ("Note in which quarter each patient started.",)
            return (f"Choose another period. Patients of this practice started in {_from_to(self.periods)}.",)
        steps = []
        if self.n_lost:
            other = row["n_other"]
            first = f" {other:,} of them filled in another questionnaire then. Look at it first." if other else ""
            steps.append(
                f"Ask {_the_patients(self.n_lost)} who could not be assessed at {self.visit} how they are. "
                f"They may have done worse.{first}"
            )
        dead = set(self.chart_list.loc[self.chart_list["why"] == DIED, PATIENT_ID])
        for why, what in TO_DO.items():
            listed = set(self.chart_list.loc[self.chart_list["why"] == why, PATIENT_ID])
            n = len(listed - dead if why in TO_TALK_WITH else listed)
            if n:
                steps.append(what.format(_the_patients(n)))
        whole = row_of(self.safety, "all")
        if whole is not None and np.isnan(whole["n_asked"]):
            steps.append("Note at each session whether you asked about adverse events. It is not recorded.")
        elif whole is not None and whole["n_asked"] < whole["n_sessions"]:
            left = whole["n_sessions"] - whole["n_asked"]
            noted = f"At {left:,.0f} of them nobody noted that they did."
            steps.append(f"Ask about adverse events at every session. {noted}")
        return tuple(steps) or ("Go on as you do, and look again next quarter.",)

    @property
    def cannot_say(self) -> tuple[str, str, str]:
        """What no page about these data can say."""
        missing = (
            f"How {_the_patients(self.n_lost)} who could not be assessed at {self.visit} "
            f"{'is' if self.n_lost == 1 else 'are'} doing."
            if self.n_lost
            else "How patients are doing after the last visit."
        )
        return (
            "Whether the treatment caused the change. There is no group without it.",
            missing,
            "Whether the format caused a difference. Patients were not given their format by chance, unless you know "
            "that they were.",
        )


def _the_patients(n: int) -> str:
    return "the one patient" if n == 1 else f"the {plural(n, 'patient')}"


def _has(n: int) -> str:
    return "has" if n == 1 else "have"


def _their(n: int) -> str:
    return "this patient's" if n == 1 else "their"


def _from_to(periods: tuple[str, ...]) -> str:
    return periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"


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


def in_plain_words(reason: str) -> str:
    """Why something is not there, without the sentences that name functions or arguments of the package."""
    kept = [told for told in re.split(r"(?<=[.;]) ", reason) if not OF_THE_PACKAGE.search(told)]
    return " ".join(kept).removesuffix(";")
