"""What is known of one patient, for the treatment team: scores, sessions, change, suicidality, adverse events."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from kap_analysis.analysis.patients.treated import held_sessions
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import BASELINE_VISIT, DAY, FORMAT, INSTRUMENT, N_PATIENTS, PATIENT_ID, PRACTICE, SCORE, VISIT
from kap_analysis.disclosure.gate import is_open
from kap_analysis.errors import AnalysisError, KapError, quoted
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.suicidality import NOT_IN_DATA, suicidality_states
from kap_analysis.review.chart_review_list import last_answers
from kap_analysis.review.recorded_deaths import list_deaths
from kap_analysis.review.reliable_worsening import instruments_in, reliable_points
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.suggestions import nearest_name
from kap_analysis.writing.sentences import in_points, number, plural

#: Patients from which on a range may be shown: of the study, and with all the scores that a range is worked out from.
PATIENTS_FOR_RANGE: Final = 100
RANGE_LEVEL: Final = 0.80
NOT_A_FORECAST: Final = "It is not a forecast for this patient."


@dataclass(frozen=True)
class PatientReview(Result):
    """One patient.

    Attributes
    ----------
    patient_id, title, stamp, practice, format : str
        ``format`` as decided at the first ketamine session; empty where it is not known, as is the practice.
    scores : DataFrame
        ``instrument``, ``day``, ``score``: every assessment of every instrument.
    changes : DataFrame
        One row per instrument with a baseline and a later score: ``instrument``, ``baseline``, ``latest``, ``day`` (of
        the latest), ``change``, ``reliable_change`` (points; missing where no norm is known), ``words``.
    sessions : DataFrame
        ``day``, ``kind``, ``format``, ``route``, ``dose_mg``: the sessions that were held.
    suicidality : DataFrame
        One row per instrument with such an item: ``instrument``, ``day``, ``answer``, ``state`` of the last assessment;
        ``known_day``, ``known_answer``: the last answer that is known, of that assessment or of an earlier one.
    adverse_events : DataFrame
        ``day``, ``event``, ``severity``, ``serious``.
    n_asked : float
        Ketamine sessions at which somebody asked about adverse events; missing where it is recorded of none.
    death : DataFrame
        One row or none, as `list_deaths` gives it.
    ranges : DataFrame
        ``instrument``, ``visit``, ``day``, ``low``, ``high``, ``n_patients`` (with these scores): the 80% prediction
        interval from the earlier scores. Without rows unless asked for.
    instruments : dict
        Name -> Instrument, of those with scores.
    range_asked : bool
        Whether a range was asked for.
    """

    patient_id: str
    title: str
    stamp: str
    practice: str
    format: str
    scores: pd.DataFrame
    changes: pd.DataFrame
    sessions: pd.DataFrame
    suicidality: pd.DataFrame
    adverse_events: pd.DataFrame
    n_asked: float
    death: pd.DataFrame
    ranges: pd.DataFrame
    instruments: dict[str, Instrument]
    range_asked: bool = False
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        n = int((self.sessions["kind"] == "ketamine").sum())
        told = f"Patient {self.patient_id}: {plural(n, 'ketamine session')}, {plural(len(self.scores), 'score')}."
        return " ".join([told, *self.changes["words"]])


@asked_of(Study)
def review_patient(study: Study, patient_id: str, *, similar: bool = False) -> PatientReview:
    """Gather what is known of one patient.

    Parameters
    ----------
    similar : bool
        Add the range in which 80% of patients with such earlier scores are to be expected, at each visit: a line
        through the baseline and the earlier visits of all other patients who have these scores, where they are 100 or
        more. It is no forecast.

    Raises
    ------
    AnalysisError
        If the patient is unknown, the study is a public one of real patients, or `similar` is asked of fewer than 100
        patients.
    """
    if not is_open(study.settings.visibility, study.is_simulated):
        raise AnalysisError("This study is public. A page about one patient can be made of a private study only.")
    known = study.patients[PATIENT_ID].astype("str")
    if patient_id not in set(known):
        near = nearest_name(patient_id, list(known))
        meant = f" Did you mean {near}?" if near else ""
        raise AnalysisError(f"Found no patient {quoted(patient_id)} in this study.{meant}")
    if similar and len(study.patients) < PATIENTS_FOR_RANGE:
        raise AnalysisError(
            f"This study has {plural(len(study.patients), 'patient')}. The range to be expected needs "
            f"{PATIENTS_FOR_RANGE} or more."
        )
    part = study.of_patients([patient_id])
    at_zero = part.at_time_zero().iloc[0]
    practice = part.patients[PRACTICE].iloc[0]
    found = _outcomes(study, part)
    scores = pd.concat([one.frame.assign(instrument=name) for name, one in found.items()]) if found else pd.DataFrame()
    sessions = held_sessions(part).sort_values(DAY, kind="stable").reset_index(drop=True)
    return PatientReview(
        patient_id=patient_id,
        title=study.settings.title,
        stamp="SIMULATED" if study.is_simulated else "MADE UP" if study.settings.provenance == "made_up" else "PRIVATE",
        practice="" if pd.isna(practice) else str(practice),
        format="" if pd.isna(at_zero[FORMAT]) else str(at_zero[FORMAT]),
        scores=scores.reindex(columns=[INSTRUMENT, DAY, SCORE]).reset_index(drop=True),
        changes=_changes(found),
        sessions=sessions[[DAY, "kind", FORMAT, "route", "dose_mg"]],
        suicidality=_last_answers(study, part),
        adverse_events=part.adverse_events.sort_values(DAY, kind="stable")[[DAY, "event", "severity", "serious"]],
        n_asked=_sessions_asked(sessions),
        death=list_deaths(part),
        ranges=_ranges(study, patient_id, list(found)) if similar else _no_ranges(),
        instruments={name: one.instrument for name, one in found.items()},
        range_asked=similar,
    )


def _outcomes(study: Study, part: Study) -> dict[str, Outcomes]:
    """Every assessment of every instrument that may be an outcome; the primary instrument first."""
    found = {}
    for name in instruments_in(part, study.settings.primary_instrument):
        try:
            made = part.outcomes(name, visits="all", population="started")
        except KapError:
            continue  # no score of this patient, or an instrument of one session
        if made.frame[SCORE].notna().any():
            found[name] = made
    return found


def _changes(found: dict[str, Outcomes]) -> pd.DataFrame:
    """The change from baseline to the latest score, in points and in words."""
    rows = []
    for name, outcomes in found.items():
        frame = outcomes.frame.dropna(subset=[SCORE])
        later = frame[(frame[DAY] > 0) & frame["baseline"].notna()]
        if later.empty:
            continue
        last = later.sort_values(DAY, kind="stable").iloc[-1]
        change = float(last[SCORE] - last["baseline"])
        points = reliable_points(outcomes.instrument)
        words = _change_words(name, last, change, points, outcomes.instrument.higher_is_better)
        rows.append([name, last["baseline"], last[SCORE], last[DAY], change, points, words])
    names = [INSTRUMENT, "baseline", "latest", DAY, "change", "reliable_change", "words"]
    return pd.DataFrame(rows, columns=names)


def _change_words(name: str, last: pd.Series, change: float, points: float, higher_is_better: bool) -> str:
    told = f"{name} was {number(last['baseline'], 0)} at baseline and {number(last[SCORE], 0)} on day {last[DAY]:.0f}"
    if change == 0:
        return f"{told}: no change."
    better = (change > 0) == higher_is_better
    side = "better" if better else "worse"
    if np.isnan(points):
        return (
            f"{told}: {in_points(abs(change))} {side}. Whether that is reliable is not known: no outside norm says how "
            "far it moves by error alone."
        )
    if abs(change) >= points:
        return f"{told}: reliably {side}."
    return f"{told}: {side}, but by no more than the error of the questionnaire ({number(points)} points)."


def _last_answers(study: Study, part: Study) -> pd.DataFrame:
    """The last assessment with the item on suicide, per instrument that has one, and the last answer that is known."""
    known = last_answers(part)
    rows = []
    for name in instruments_in(part, study.settings.primary_instrument):
        instrument = study.instruments[name]
        if instrument.suicidality is None:
            continue
        items = part.items[part.items[INSTRUMENT].astype("str") == name]
        totals = part.assessments[part.assessments[INSTRUMENT].astype("str") == name]
        taken = pd.concat([table[[PATIENT_ID, DAY]] for table in (totals, items)], ignore_index=True)
        if taken.empty:
            continue
        last = taken.loc[[taken[DAY].idxmax()]]
        answer, state = np.nan, NOT_IN_DATA
        if len(items):
            found = suicidality_states(items, instrument, scheduled=last).iloc[0]
            answer, state = found["answer"], str(found["state"])
        at = known.get((str(last[PATIENT_ID].iloc[0]), name), (np.nan, np.nan))
        rows.append([name, last[DAY].iloc[0], answer, state, *at])
    return pd.DataFrame(rows, columns=[INSTRUMENT, DAY, "answer", "state", "known_day", "known_answer"])


def _sessions_asked(sessions: pd.DataFrame) -> float:
    """Ketamine sessions at which somebody asked about adverse events; missing where none says whether anybody did."""
    asked = sessions.loc[sessions["kind"] == "ketamine"].reindex(columns=["ae_asked"])["ae_asked"].astype("object")
    return float((asked == "yes").sum()) if asked.notna().any() else np.nan


def _no_ranges() -> pd.DataFrame:
    return pd.DataFrame(columns=[INSTRUMENT, VISIT, DAY, "low", "high", N_PATIENTS])


def _ranges(study: Study, patient_id: str, names: list[str]) -> pd.DataFrame:
    """Linear prediction intervals at each visit from the earlier scores, of all others of the study who have them."""
    rows = []
    targets = {visit.label: visit.target_day for visit in study.settings.visits}
    for name in names:
        try:
            outcomes = study.outcomes(name, population="started")
        except KapError:
            continue
        frame = outcomes.frame.assign(visit=outcomes.frame[VISIT].astype("str"))
        wide = frame.pivot_table(index=PATIENT_ID, columns=VISIT, values=SCORE, aggfunc="first")
        if patient_id not in wide.index or BASELINE_VISIT not in wide:
            continue
        own, others = wide.loc[patient_id].astype(float), wide.drop(index=patient_id)
        low, high = outcomes.instrument.total_range
        known = [BASELINE_VISIT]
        if np.isnan(own[BASELINE_VISIT]):
            continue
        for visit in [v for v in targets if v in wide]:
            both = others[[*known, visit]].dropna()
            if len(both) >= PATIENTS_FOR_RANGE:
                middle, reach = _interval(
                    both[known].to_numpy(float), both[visit].to_numpy(float), own[known].to_numpy(float)
                )
                ends = np.clip([middle - reach, middle + reach], low, high)
                rows.append([name, visit, targets[visit], *ends, len(both)])
            if not np.isnan(own[visit]):
                known.append(visit)
    return pd.DataFrame(rows, columns=_no_ranges().columns)


def _interval(earlier: np.ndarray, score: np.ndarray, own: np.ndarray) -> tuple[float, float]:
    """Least-squares prediction of a new score from earlier ones, with half the width of its 80% interval."""
    x = np.column_stack([np.ones(len(earlier)), earlier])
    row = np.r_[1.0, own]
    beta, *_ = np.linalg.lstsq(x, score, rcond=None)
    df = len(score) - x.shape[1]
    variance = float(((score - x @ beta) ** 2).sum() / df)
    spread = np.sqrt(variance * (1 + row @ np.linalg.pinv(x.T @ x) @ row))
    return float(row @ beta), float(stdtrit(df, (1 + RANGE_LEVEL) / 2) * spread)
