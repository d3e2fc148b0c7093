"""The numbers of patients that come back in every result: of the study, of those who started, analysed, assessed."""

from collections.abc import Collection
from typing import Final

import pandas as pd

from kap_analysis.columns import BASELINE, BASELINE_VISIT, FORMAT, NO_FORMAT, PATIENT_ID, SCORE, VISIT

ALL: Final = "all"
COLUMNS: Final = ("population", "inside", FORMAT, "n")
IN_STUDY: Final = "in the study"
STARTED: Final = "started treatment"
#: Where some who started have no format: those who have one.
WITH_FORMAT: Final = "started treatment, with a format"
ANALYSED: Final = "analysed"
#: The population of the primary visit: analysed, and assessed at it.
AT_PRIMARY_VISIT: Final = "assessed at the primary visit"


def count_populations(at_zero: pd.DataFrame, scores: pd.DataFrame, primary_visit: str | None) -> pd.DataFrame:
    """Count the populations of a study, each with the one that holds it.

    Parameters
    ----------
    at_zero : DataFrame
        ``patient_id``, ``started``, ``format`` of every patient.
    scores : DataFrame
        Frame of the primary outcomes: ``patient_id``, ``visit``, ``score``, ``baseline``.
    primary_visit : str or None

    Returns
    -------
    DataFrame
        ``population``, ``inside`` (empty for the first), ``format`` ("all" included), ``n``; the populations whose
        numbers are most wanted come first.
    """
    scored = scores[scores[SCORE].notna() & scores[BASELINE].notna() & scores[VISIT].notna()]
    visit = scored[VISIT].astype("str")
    later = {str(v): set(scored.loc[visit == v, PATIENT_ID]) for v in visit.unique() if v != BASELINE_VISIT}
    started = at_zero[at_zero["started"]]
    without = started[FORMAT].isna().any()
    around = WITH_FORMAT if without else STARTED
    found: list[tuple[str, str, Collection[str]]] = [(ANALYSED, around, set().union(*later.values()))]
    found += [(AT_PRIMARY_VISIT, ANALYSED, later.get(str(primary_visit), set()))] if primary_visit in later else []
    found += [(WITH_FORMAT, STARTED, set(started.loc[started[FORMAT].notna(), PATIENT_ID]))] if without else []
    found += [(STARTED, IN_STUDY, set(started[PATIENT_ID]))]
    found += [(IN_STUDY, "", set(at_zero[PATIENT_ID]))]
    found += [(f"assessed at {v}", ANALYSED, who) for v, who in later.items() if v != primary_visit]
    formats = at_zero.set_index(PATIENT_ID)[FORMAT].astype("object").fillna(NO_FORMAT).astype("str")
    present = formats.unique()
    rows = []
    for name, inside, who in found:
        of = formats[formats.index.isin(list(who))].value_counts()
        rows += [(name, inside, ALL, len(who)), *((name, inside, f, int(of.get(f, 0))) for f in present)]
    return pd.DataFrame(rows, columns=list(COLUMNS))
