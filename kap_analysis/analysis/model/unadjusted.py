"""The formats before adjustment, and the sentence that must go with them."""

import pandas as pd

from kap_analysis.columns import BASELINE, FORMAT, GROUP, INDIVIDUAL, INSTRUMENT, N_PATIENTS, SCORE, VISIT
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import number

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


def unadjusted_sentence(unadjusted: pd.DataFrame, higher_is_better: bool) -> str:
    """Which format started better, of the patients scored at the visit; it stands beside the adjusted difference.

    Parameters
    ----------
    unadjusted : DataFrame
        As `describe_unadjusted`.
    """
    means = unadjusted.set_index(["quantity", FORMAT])["mean"]
    start = means.get((BASELINE, GROUP), float("nan")) - means.get((BASELINE, INDIVIDUAL), float("nan"))
    return f"{started_apart(start, higher_is_better, str(unadjusted[VISIT].iloc[0]))}. {NOT_BY_CHANCE}."


def started_apart(start: float, higher_is_better: bool, visit: str) -> str:
    """Which format started better, in words, from the difference of baseline means (group minus individual).

    Parameters
    ----------
    visit : str
        The visit whose patients are described: those who were lost before it may have started otherwise.
    """
    who = f"Of the patients scored at {visit}"
    if pd.isna(start):
        return f"{who}, how the formats had started is not known"
    shown = number(abs(start))
    if shown == number(0.0):
        return f"{who}, both formats had started less than 0.05 points apart"
    better, worse = ("better", "worse") if higher_is_better else ("milder", "more severe")
    word = better if (start > 0) == higher_is_better else worse
    return f"{who}, those in groups had started {shown} points {word} than those seen individually"
