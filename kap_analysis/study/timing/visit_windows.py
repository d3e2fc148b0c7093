"""Assessments to visits by windows: the nearest to the target day counts, of two as near the earlier."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import BASELINE_VISIT, DAY, PATIENT_ID, VISIT
from kap_analysis.study.contract.settings import Settings

_WITHIN_A_DAY: Final = {"before_session": 0, "between": 1, "after_session": 2}
CHOSEN: Final = "chosen"
NOT_PLACED: Final = ""


def not_yet_due(patients: pd.DataFrame, settings: Settings) -> dict[str, frozenset[str]]:
    """Return visit -> the patients whose scores at it may still come: observed until before the end of its window."""
    until, ids = patients["observed_until_day"].astype(float), patients[PATIENT_ID]
    return {visit.label: frozenset(ids[until < visit.last_day]) for visit in settings.visits}


def place_in_windows(scores: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Place each assessment in its visit, and choose one per patient and visit.

    The baseline is the assessment of the baseline window nearest to day 0; one taken after the session of day 0 is
    not a baseline. On one day the one before a session counts first, then the earlier hour.

    Parameters
    ----------
    scores : pandas.DataFrame
        patient_id, day, and hour and timing where known; one row per assessment of one instrument.
    settings : Settings
        Baseline window and visits.

    Returns
    -------
    pandas.DataFrame
        The same rows and index: ``visit`` (label, or an empty text outside all windows), ``chosen``,
        ``after_first_session`` (on day 0, after the session) and ``n_in_window`` (assessments of this patient there).
    """
    day = scores[DAY].to_numpy()
    timing = scores["timing"].astype(object).map(_WITHIN_A_DAY).fillna(1).to_numpy()
    after_first = (day == 0) & (timing == _WITHIN_A_DAY["after_session"])
    first, last = settings.baseline_window
    visit = np.full(len(scores), NOT_PLACED, dtype=object)
    target = np.zeros(len(scores))
    visit[(day >= first) & (day <= last) & ~after_first] = BASELINE_VISIT
    for scheduled in settings.visits:
        inside = (day >= scheduled.first_day) & (day <= scheduled.last_day)
        visit[inside] = scheduled.label
        target[inside] = scheduled.target_day
    hour = scores["hour"].fillna(24.0).to_numpy()
    order = np.lexsort((hour, timing, day, np.abs(day - target)))
    ordered = pd.DataFrame({PATIENT_ID: scores[PATIENT_ID].to_numpy()[order], VISIT: visit[order]})
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[order] = ~ordered.duplicated().to_numpy()
    chosen &= visit != NOT_PLACED
    placed = pd.DataFrame({VISIT: visit, CHOSEN: chosen, "after_first_session": after_first}, index=scores.index)
    keys = [scores[PATIENT_ID].to_numpy(), visit]
    placed["n_in_window"] = placed.groupby(keys, sort=False)[CHOSEN].transform("size").to_numpy()
    return placed
