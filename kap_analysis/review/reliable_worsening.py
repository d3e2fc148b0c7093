"""Who scored reliably worse than at the start, at any assessment and on every instrument whose error is known."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.clinical_change.cutoffs import choose_norms
from kap_analysis.analysis.clinical_change.reliable_change import reliable_change_points
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.safety.suicidality_items import BETWEEN_VISITS
from kap_analysis.columns import DAY, INSTRUMENT, PATIENT_ID, SCORE, VISIT
from kap_analysis.errors import KapError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import join_words

WORSE_COLUMNS: Final = [
    PATIENT_ID, INSTRUMENT, VISIT, DAY, SCORE, "baseline", "times_error", "last_day", "last_score",
]  # fmt: skip


def reliable_points(instrument: Instrument) -> float:
    """Points of a reliable change by the norms of the registry; missing where there are none."""
    try:
        norms = choose_norms(instrument, "registry", pd.Series(dtype=float))
        return reliable_change_points(norms.clinical_sd, norms.reliability)
    except KapError:
        return np.nan


def instruments_in(part: Study, first: str) -> list[str]:
    """The names of the instruments with totals or answers in the data, one of them first."""
    tables = (part.assessments, part.items)
    names = {str(name) for table in tables for name in table[INSTRUMENT].dropna().unique()}
    return [first, *sorted(names - {first})]


def reliably_worse(part: Study, plan: Plan) -> tuple[pd.DataFrame, str]:
    """Each patient's worst score on each instrument on which the patient was ever reliably worse than at baseline.

    Every assessment after the first ketamine session is looked at, within the time of a visit or between two.

    Returns
    -------
    DataFrame
        ``patient_id``, ``instrument``, ``visit``, ``day``, ``score``, ``baseline``, ``times_error`` (the worsening over
        the smallest reliable change), ``last_day``, ``last_score``.
    str
        On which instruments with later scores nobody could be judged, and why; empty where there is none.
    """
    found, unknown = [], []
    for name in instruments_in(part, plan.instrument):
        try:
            outcomes = part.outcomes(
                name,
                visits="all",
                format_rule=plan.format_rule,
                cohort_rule=plan.cohort_rule,
                population="started",
            )
        except KapError:
            continue  # no scores here, or an instrument that is no outcome
        later = outcomes.frame.dropna(subset=[SCORE, "baseline"])
        later = later[later[DAY] > 0]
        if later.empty:
            continue
        points = reliable_points(outcomes.instrument)
        if np.isnan(points):
            unknown.append(name)
        else:
            found.append(_worst(later, outcomes, points))
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=WORSE_COLUMNS)
    return frame, _not_judged(unknown)


def _worst(later: pd.DataFrame, outcomes: Outcomes, points: float) -> pd.DataFrame:
    side = -1.0 if outcomes.instrument.higher_is_better else 1.0
    later = later.sort_values(DAY, kind="stable")
    last = later.drop_duplicates(PATIENT_ID, keep="last").set_index(PATIENT_ID)
    times = side * (later[SCORE] - later["baseline"]) / points
    worse = later.assign(times_error=times)[times >= 1]
    worst = worse.sort_values("times_error", ascending=False, kind="stable").drop_duplicates(PATIENT_ID)
    visit = worst[VISIT].astype("object")
    return worst.assign(
        instrument=outcomes.instrument.name,
        visit=visit.where(visit.notna(), BETWEEN_VISITS),
        last_day=worst[PATIENT_ID].map(last[DAY]),
        last_score=worst[PATIENT_ID].map(last[SCORE]),
    )[WORSE_COLUMNS]


def _not_judged(names: list[str]) -> str:
    if not names:
        return ""
    return (
        f"Who was reliably worse at any time on {join_words(names)} is not known. No outside norm says how far a score "
        "there moves by error alone."
    )
