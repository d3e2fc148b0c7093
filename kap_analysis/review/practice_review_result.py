"""The review of one practice as frames, and in words: what may be said, what to do next, what stays unknown."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import FORMAT, PATIENT_ID, VISIT
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.sentences import estimate_sentence, plural, share

BETTER: Final = ("recovered", "improved")
WORSE: Final = "deteriorated"
#: Share of scores that were due from which on a mean is called that of the patients, and not of some of them.
ENOUGH_DONE: Final = 0.8


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
