"""Scores by ketamine session number: questionnaires answered just before each session, by format."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.change.observed import mean_interval
from kap_analysis.analysis.formats import in_format, in_format_order
from kap_analysis.analysis.model.adjusted_difference import adjusted_beside, beside_sentence
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.treated import held_sessions, treated_patients
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.analysis.visits import NO_CONTROL
from kap_analysis.columns import DAY, FORMAT, INSTRUMENT, N_PATIENTS, PATIENT_ID, SCORE
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.writing.sentences import join_words, n_statement, number

CAPTION = (
    "Patients who stop early leave the line: later points come from fewer and different patients, "
    "not from the same ones improving."
)


@dataclass(frozen=True)
class SessionScores(Result):
    """Scores before each ketamine session.

    Attributes
    ----------
    means : DataFrame
        ``instrument``, ``format``, ``session_number`` (1, 2, ...), ``n_patients``, ``mean``, ``sd``, ``std_error``,
        ``ci_low``, ``ci_high``.
    patients : DataFrame
        ``patient_id``, ``format``, ``session_number``, ``day``, ``score``.
    beside : DataFrame
        As `adjusted_beside`, of the same instrument at the plan's primary visit.
    """

    means: pd.DataFrame
    patients: pd.DataFrame
    beside: pd.DataFrame
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("means")
    def paragraph(self) -> str:
        told = []
        for arm, part in self.means.groupby(FORMAT, sort=False, observed=True):
            known = part.dropna(subset=["mean"])
            if known.empty:
                told.append(f"withheld {in_format(arm)}")
                continue
            first, last = known.iloc[0], known.iloc[-1]
            course = _mean_words(first) if len(known) == 1 else f"{_mean_words(first)}, then {_mean_words(last)}"
            told.append(f"{course} {in_format(arm)}")
        parts = [f"Mean {self.means[INSTRUMENT].iloc[0]} was {join_words(told)}.", CAPTION, NO_CONTROL]
        return " ".join([*parts, *filter(None, [beside_sentence(self.beside)])])


@asked_of(Study)
def scores_by_session(
    study: Study, instrument: str = "PHQ-9", *, format_rule: FormatRule | None = None
) -> SessionScores:
    """Mean score answered before each held ketamine session.

    Parameters
    ----------
    instrument : str
        Answered on the day of a session with ``timing`` before_session.
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.

    Raises
    ------
    AnalysisError
        If no questionnaire was answered before a session.
    """
    patients = treated_patients(study, format_rule=format_rule)[[PATIENT_ID, FORMAT]]
    sessions = held_sessions(study)
    days = (
        sessions.loc[sessions["kind"] == "ketamine", [PATIENT_ID, DAY]].drop_duplicates().sort_values([PATIENT_ID, DAY])
    )
    days["session_number"] = days.groupby(PATIENT_ID).cumcount() + 1
    answered = study.assessments[study.assessments[INSTRUMENT].astype("str") == instrument]
    if "timing" in answered:
        answered = answered[answered["timing"].astype("object") == "before_session"]
    else:
        answered = answered.iloc[:0]
    scores = answered.dropna(subset=[SCORE]).drop_duplicates([PATIENT_ID, DAY])[[PATIENT_ID, DAY, SCORE]]
    lines = days.merge(scores, on=[PATIENT_ID, DAY]).merge(patients, on=PATIENT_ID)
    if lines.empty:
        raise AnalysisError(
            f"No {instrument} was answered before a ketamine session (assessments.csv: timing before_session); "
            "scores cannot be shown by session number."
        )
    rows = [
        {INSTRUMENT: instrument, FORMAT: arm, "session_number": count, **mean_interval(part[SCORE])}
        for (arm, count), part in lines.groupby([lines[FORMAT].astype("str"), "session_number"])
    ]
    shown = lines[[PATIENT_ID, FORMAT, "session_number", DAY, SCORE]].reset_index(drop=True)
    means = in_format_order(pd.DataFrame(rows))
    result = SessionScores(means.reset_index(drop=True), shown, _beside(study, instrument, format_rule))
    return release(result, study)


def _mean_words(row: pd.Series) -> str:
    return f"{number(row['mean'])} before session {row['session_number']} ({n_statement(row[N_PATIENTS])})"


def _beside(study: Study, instrument: str, format_rule: FormatRule | None) -> pd.DataFrame:
    plan = study_plan(study)
    outcomes = study.outcomes(instrument, format_rule=format_rule, cohort_rule=plan.cohort_rule)
    return adjusted_beside(outcomes, plan=plan)
