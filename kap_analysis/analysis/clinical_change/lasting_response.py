"""How long do responses last: Kaplan-Meier curves from first response to loss, with boosters marked."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtri
from statsmodels.duration.survfunc import SurvfuncRight

from kap_analysis.analysis.clinical_change.response import Criterion, list_criteria, meets
from kap_analysis.analysis.formats import parts_by_format
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.patients.treated import held_sessions
from kap_analysis.analysis.result import Result, empty_withheld, told_of
from kap_analysis.columns import BASELINE, CI_HIGH, CI_LOW, DAY, FORMAT, PATIENT_ID, SCORE
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule
from kap_analysis.writing.sentences import count, interval, join_words, number, plural

NOT_REACHED: Final = "not reached"
DAYS_CAPTION: Final = (
    "The curves include responders only and start at their first response: they show how long responses last "
    "and do not compare the formats."
)


@dataclass(frozen=True)
class Durability(Result):
    """Time from the first response to its loss.

    Attributes
    ----------
    instrument, criterion : str
        The response criterion; loss is the first later assessment that does not meet it.
    survival : DataFrame
        One row per format ("all" first) and day with a loss or a censored patient: ``format``, ``day`` (since the first
        response), ``n_at_risk`` (just before that day), ``n_lost``, ``n_censored``, ``survival`` (share still in
        response), ``ci_low``, ``ci_high`` (log-minus-log; missing if no patient is left in response). Each format
        begins with day 0.
    boosters : DataFrame
        Ketamine sessions of the maintenance phase while in response: ``patient_id``, ``format``, ``day`` (since the
        first response). Empty where the phase of sessions is not recorded: a planned session is no booster.
    summary : DataFrame
        ``format``, ``n_assessed`` (baseline and a later score), ``n_responders``, ``n_single`` (of them without any
        later assessment), ``n_lost``, ``n_censored``, ``n_with_booster`` (missing
        where the phase of sessions is not recorded), ``median_days`` (the middle of the days where the curve lies at
        0.5) and its ``ci_low``, ``ci_high`` (missing if the curve, or its limit, stays above 0.5).
    """

    instrument: str
    criterion: str
    survival: pd.DataFrame
    boosters: pd.DataFrame
    summary: pd.DataFrame
    has_phases: bool = True
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    @told_of("summary")
    def paragraph(self) -> str:
        whole = self.summary.iloc[0]
        formats = self.summary[self.summary[FORMAT] != "all"]
        of_summary = self.withheld[(self.withheld["frame"] == "summary") & (self.withheld["column"] == "median_days")]
        kept_back = set(of_summary["row"])
        rows = (formats if len(formats) else self.summary).iterrows()
        medians = [_median_words(row, is_withheld=bool({row[FORMAT], "all"} & kept_back)) for _, row in rows]
        return (
            f"Of {plural(whole['n_assessed'], 'patient')} with {self.instrument} at baseline and later, "
            f"{count(whole['n_responders'])} responded at some assessment ({self.criterion}); "
            f"{self._what_followed(whole)}. The median time in response was {join_words(medians)}. "
            f"A loss of response is only seen when a patient is next assessed. {DAYS_CAPTION}"
        )

    def _what_followed(self, whole: pd.Series) -> str:
        told = [f"{count(whole['n_lost'])} of these no longer did at a later one"]
        told.append(f"{count(whole['n_single'])} had no later one")
        if self.has_phases:
            told.append(f"{count(whole['n_with_booster'])} had a booster while in response")
        return join_words(told)


@asked_of(Study, Outcomes)
@once_per_run
def durability(
    study: Study | Outcomes, instrument: str | None = None, *, format_rule: FormatRule | None = None
) -> Durability:
    """Follow responders from their first response until they no longer meet the criterion.

    Parameters
    ----------
    study : Study or Outcomes
        For a study, all assessments are used, in a visit window or not. Outcomes have no sessions, so no boosters
        are marked.
    instrument : str, optional
        Default: the primary instrument of the plan. For a study only.
    format_rule : str, optional
        As in `Study.outcomes`: the rule of the plan, unless another is named.

    Raises
    ------
    InstrumentError, AnalysisError
        If the instrument has no established response rule, or no patient responded.
    """
    if isinstance(study, Outcomes):
        outcomes, sessions = study, None
    else:
        outcomes = study.outcomes(instrument or study_plan(study).instrument, visits="all", format_rule=format_rule)
        sessions = held_sessions(study)
    outcomes.instrument.require("response", "Time to loss of response needs one.")
    rule = list_criteria(outcomes.instrument)[0]
    assessed = _assessed_rows(outcomes)
    spans = response_spans(assessed, rule, outcomes.instrument.direction)
    if spans.empty:
        raise AnalysisError(
            f"None of {plural(assessed[PATIENT_ID].nunique(), 'patient')} responded on {outcomes.instrument.name} "
            f"({rule.label}); no duration of response can be described."
        )
    has_phases = sessions is not None and bool(sessions["phase"].notna().any())
    boosters = _boosters(sessions if has_phases else None, spans)
    curves = [_curve(name, part) for name, part in parts_by_format(spans, spans[FORMAT])]
    result = Durability(
        instrument=outcomes.instrument.name,
        criterion=rule.label,
        survival=pd.concat(curves, ignore_index=True),
        boosters=boosters,
        summary=_summary(assessed, spans, boosters if has_phases else None),
        has_phases=has_phases,
    )
    return release(result, outcomes)


def response_spans(assessed: pd.DataFrame, rule: Criterion, direction: int) -> pd.DataFrame:
    """The first response of each patient, and when it was lost.

    Parameters
    ----------
    assessed : DataFrame
        Scores after baseline: ``patient_id``, ``format``, ``day``, ``score``, ``baseline``.

    Returns
    -------
    One row per responder: ``patient_id``, ``format``, ``first_day`` (of the response), ``days`` (until loss was
    seen, or the last assessment), ``is_lost``.
    """
    rows = assessed.sort_values([PATIENT_ID, DAY], kind="stable").reset_index(drop=True)
    pairs = rows[[BASELINE]].assign(follow_up=rows[SCORE])
    responds = meets(rule, pairs, direction)
    first = rows.loc[responds].groupby(PATIENT_ID)[DAY].min()
    if first.empty:
        return pd.DataFrame(columns=[PATIENT_ID, FORMAT, "first_day", "days", "is_lost"])
    rows["first_day"] = rows[PATIENT_ID].map(first)
    later = rows[rows[DAY] > rows["first_day"]]
    lost = later.loc[~responds.loc[later.index]].groupby(PATIENT_ID)[DAY].min()
    last = rows.groupby(PATIENT_ID)[DAY].max()
    responders = rows[rows[DAY] == rows["first_day"]].drop_duplicates(PATIENT_ID)
    spans = responders[[PATIENT_ID, FORMAT, "first_day"]].reset_index(drop=True)
    lost_day = spans[PATIENT_ID].map(lost)
    end = lost_day.fillna(spans[PATIENT_ID].map(last))
    return spans.assign(days=(end - spans["first_day"]).astype(float), is_lost=lost_day.notna())


def _assessed_rows(outcomes: Outcomes) -> pd.DataFrame:
    frame = outcomes.frame.dropna(subset=[SCORE, BASELINE, DAY])
    rows = frame[frame[DAY] > 0]
    if rows.empty:
        raise AnalysisError(f"No patient has {outcomes.instrument.name} at baseline and after the first session.")
    return rows


def _curve(name: str, spans: pd.DataFrame) -> pd.DataFrame:
    days, lost = spans["days"].to_numpy(float), spans["is_lost"].to_numpy(bool)
    times = np.unique(np.append(days, 0.0))
    at_risk = (days[None, :] >= times[:, None]).sum(axis=1)
    events = ((days[None, :] == times[:, None]) & lost).sum(axis=1)
    ends = (days[None, :] == times[:, None]).sum(axis=1)
    survival, error = _kaplan_meier(days, lost, times)
    low, high = _log_log_interval(survival, error)
    columns = {"n_at_risk": at_risk, "n_lost": events, "n_censored": ends - events, "survival": survival}
    return pd.DataFrame({FORMAT: name, DAY: times, **columns, CI_LOW: low, CI_HIGH: high})


def _kaplan_meier(days: np.ndarray, lost: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Survival and its Greenwood standard error at each of `times`."""
    if not lost.any():
        return np.ones(len(times)), np.zeros(len(times))
    fitted = SurvfuncRight(days, lost.astype(float))
    place = np.searchsorted(fitted.surv_times, times, side="right")
    survival = np.append(1.0, fitted.surv_prob)[place]
    return survival, np.append(0.0, fitted.surv_prob_se)[place]


def _log_log_interval(survival: np.ndarray, error: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """S^exp(-+z se / (S log S)), which stays between 0 and 1 (Kalbfleisch and Prentice)."""
    z = float(ndtri(0.5 + level / 2))
    inside = (survival > 0) & (survival < 1)
    s = np.where(inside, survival, 0.5)
    width = np.where(inside, z * error / np.abs(s * np.log(s)), 0.0)
    low, high = s ** np.exp(width), s ** np.exp(-width)
    whole = np.where(survival == 1, 1.0, np.nan)
    return np.where(inside, low, whole), np.where(inside, high, whole)


def _boosters(sessions: pd.DataFrame | None, spans: pd.DataFrame) -> pd.DataFrame:
    columns = [PATIENT_ID, FORMAT, DAY]
    if sessions is None:
        return pd.DataFrame(columns=columns)
    is_ketamine = sessions["kind"].astype("str") == "ketamine"
    given = sessions[is_ketamine & (sessions["phase"].astype("str") == "maintenance")]
    joined = given[[PATIENT_ID, DAY]].merge(spans, on=PATIENT_ID)
    since = joined[DAY].astype(float) - joined["first_day"]
    within = (since > 0) & (since <= joined["days"])
    return joined.assign(**{DAY: since}).loc[within, columns].reset_index(drop=True)


def _summary(assessed: pd.DataFrame, spans: pd.DataFrame, boosters: pd.DataFrame | None) -> pd.DataFrame:
    """Counts and medians by format; without `boosters` it is not known who had one."""
    everybody = assessed.drop_duplicates(PATIENT_ID)
    words = everybody[FORMAT].astype("object").astype("str")
    rows = []
    for name, part in parts_by_format(spans, spans[FORMAT]):
        curve = _curve(name, part)
        rows.append(
            {
                FORMAT: name,
                "n_assessed": len(everybody) if name == "all" else int((words == name).sum()),
                "n_responders": len(part),
                "n_single": int((part["days"] == 0).sum()),
                "n_lost": int(part["is_lost"].sum()),
                "n_censored": int((~part["is_lost"]).sum()),
                "n_with_booster": _with_booster(part, boosters),
                "median_days": _median_day(curve, "survival"),
                CI_LOW: _median_day(curve, CI_LOW),
                CI_HIGH: _median_day(curve, CI_HIGH),
            }
        )
    return pd.DataFrame(rows)


def _with_booster(part: pd.DataFrame, boosters: pd.DataFrame | None) -> float:
    if boosters is None:
        return np.nan
    return boosters.loc[boosters[PATIENT_ID].isin(part[PATIENT_ID]), PATIENT_ID].nunique()


def _median_day(curve: pd.DataFrame, column: str) -> float:
    """Where the curve crosses one half; if it lies exactly there, the middle of those days, as in R's survfit."""
    values = curve[column].fillna(0 if column == CI_LOW else 1).to_numpy(float)
    tolerance = np.sqrt(np.finfo(float).eps)
    reached = np.flatnonzero(values < 0.5 + tolerance)
    if not len(reached):
        return np.nan
    days, first = curve[DAY].to_numpy(float), reached[0]
    below = np.flatnonzero(values < 0.5 - tolerance)
    touches = values[first] > 0.5 - tolerance and len(below)
    return float((days[first] + days[below[0]]) / 2 if touches else days[first])


def _median_words(row: pd.Series, *, is_withheld: bool) -> str:
    who = "" if row[FORMAT] == "all" else f" in {row[FORMAT]} format"
    n = plural(int(row["n_responders"]), "responder") if pd.notna(row["n_responders"]) else "responders"
    if is_withheld:
        return f"withheld{who} ({n})"
    if pd.isna(row["median_days"]):
        return f"{NOT_REACHED}{who} ({n})"
    high = NOT_REACHED if pd.isna(row[CI_HIGH]) else number(row[CI_HIGH], 0)
    ends = f"{number(row[CI_LOW], 0)} to {high}" if high == NOT_REACHED else interval(row[CI_LOW], row[CI_HIGH], 0)
    return f"{plural(row['median_days'], 'day')}{who} (95% interval {ends}; {n})"
