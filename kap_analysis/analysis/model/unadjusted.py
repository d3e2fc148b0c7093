"""The formats before adjustment, and the sentence that must go with them."""

import pandas as pd

from kap_analysis.columns import BASELINE, FORMAT, GROUP, INDIVIDUAL, INSTRUMENT, N_PATIENTS, SCORE, VISIT
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import estimate_sentence, number

#: Said of every study, because a plain table does not show whether patients were randomised.
NOT_BY_CHANCE = "Unless patients were randomised, a difference between the formats is not an effect of the format"


def describe_unadjusted(outcomes: Outcomes, visit: str) -> pd.DataFrame:
    """Mean baseline, score and change per format, in patients scored at a visit.

    Returns
    -------
    DataFrame
        ``instrument``, ``visit``, ``quantity`` (baseline, score, change), ``format``, ``n_patients``, ``mean``,
        ``sd``.
    """
    at_visit = outcomes.frame[outcomes.frame[VISIT].astype("str") == visit]
    pairs = at_visit.dropna(subset=[SCORE, BASELINE, FORMAT])
    values = {BASELINE: pairs[BASELINE], SCORE: pairs[SCORE], "change": pairs[SCORE] - pairs[BASELINE]}
    rows = []
    for quantity, column in values.items():
        for arm, part in column.groupby(pairs[FORMAT].astype("str"), sort=False):
            rows.append([quantity, arm, len(part), part.mean(), part.std()])
    frame = pd.DataFrame(rows, columns=["quantity", FORMAT, N_PATIENTS, "mean", "sd"])
    frame.insert(0, VISIT, visit)
    frame.insert(0, INSTRUMENT, outcomes.instrument.name)
    return frame


def unadjusted_sentence(unadjusted: pd.DataFrame, adjusted: pd.Series, higher_is_better: bool) -> str:
    """Which format started milder, and the difference after adjusting for it.

    Parameters
    ----------
    unadjusted : DataFrame
        As `describe_unadjusted`.
    adjusted : Series
        The row of the adjusted difference, with the estimate columns.
    """
    means = unadjusted.set_index(["quantity", FORMAT])["mean"]
    start = means.get((BASELINE, GROUP), float("nan")) - means.get((BASELINE, INDIVIDUAL), float("nan"))
    return (
        f"{started_apart(start, higher_is_better)}; after adjustment the difference is "
        f"{estimate_sentence(adjusted)}. {NOT_BY_CHANCE}."
    )


def started_apart(start: float, higher_is_better: bool) -> str:
    """Which format started milder, in words, from the difference of baseline means (group minus individual)."""
    if pd.isna(start):
        return "How the formats started is not known"
    shown = number(abs(start))
    if shown == number(0.0):
        return "Patients in groups and patients seen individually started alike"
    word = "milder" if (start > 0) == higher_is_better else "more severe"
    return f"Patients in groups started {shown} points {word}"
