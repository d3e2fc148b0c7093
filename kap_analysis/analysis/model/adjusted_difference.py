"""The adjusted difference that goes with any unadjusted display of the formats, and how the formats started.

The difference comes from the primary model, so it agrees with `compare_formats`. If the formats cannot be compared,
the reason is given instead.
"""

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.plan_file import plan_of
from kap_analysis.analysis.model.primary_model import fit_primary, format_estimates
from kap_analysis.analysis.model.unadjusted import NOT_BY_CHANCE, describe_unadjusted, started_apart
from kap_analysis.columns import (
    BASELINE,
    BASELINE_VISIT,
    ESTIMATE_COLUMNS,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    INSTRUMENT,
    N_PATIENTS,
    VISIT,
)
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import estimate_sentence, within_sentence

COLUMNS = (INSTRUMENT, VISIT, "start", *ESTIMATE_COLUMNS, N_PATIENTS, "higher_is_better", "note")


def adjusted_beside(outcomes: Outcomes, visit: str | None = None, plan: Plan | None = None) -> pd.DataFrame:
    """How the formats started, and their adjusted difference at one visit; never a test.

    Parameters
    ----------
    visit : str, optional
        Default the plan's.
    plan : Plan, optional
        Default: as `plan_of`.

    Returns
    -------
    DataFrame
        One row, or none if there is only one format: ``instrument``, ``visit``, ``start`` (mean baseline, group minus
        individual, of the patients scored at the visit), the estimate columns (adjusted difference; no p),
        ``n_patients`` (scored at the visit), ``higher_is_better``, ``note`` (why it could not be adjusted).
    """
    formats = set(outcomes.frame[FORMAT].dropna().astype("str"))
    after = [v for v in outcomes.visits if v != BASELINE_VISIT]
    plan = plan or plan_of(outcomes)
    at = visit or plan.visit
    if not {GROUP, INDIVIDUAL} <= formats or at not in after:
        return pd.DataFrame(columns=list(COLUMNS))
    unadjusted = describe_unadjusted(outcomes, at).set_index(["quantity", FORMAT])["mean"]
    start = unadjusted.get((BASELINE, GROUP), np.nan) - unadjusted.get((BASELINE, INDIVIDUAL), np.nan)
    higher = outcomes.instrument.higher_is_better
    row = {INSTRUMENT: outcomes.instrument.name, VISIT: at, "start": start, "higher_is_better": higher, "note": ""}
    try:
        model, rung, fit, _ = fit_primary(outcomes, plan, at)
    except AnalysisError as error:
        return pd.DataFrame([{**row, "note": str(error)}]).reindex(columns=list(COLUMNS))
    _, contrasts = format_estimates(fit, model, at, rung, test=False)
    found = contrasts[contrasts["is_primary"]].iloc[0]
    kept = {column: found[column] for column in (*ESTIMATE_COLUMNS, N_PATIENTS)}
    return pd.DataFrame([{**row, **kept}]).reindex(columns=list(COLUMNS))


def beside_sentence(beside: pd.DataFrame) -> str:
    """The row as a sentence; empty if there is only one format."""
    if beside.empty:
        return ""
    row = beside.iloc[0]
    start = started_apart(row["start"], bool(row["higher_is_better"]), str(row[VISIT]))
    if row["note"]:
        return f"{start}, and the difference could not be adjusted: {within_sentence(row['note'])} {NOT_BY_CHANCE}."
    return f"{start}; after adjustment the difference at {row[VISIT]} is {estimate_sentence(row)}. {NOT_BY_CHANCE}."
