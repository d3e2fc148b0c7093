"""The ordinary two-stage meta-analysis: each practice's own estimate, averaged. It stands beside the pooled result."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kap_analysis.writing.sentences import interval, join_words, number, within_sentence

COLUMNS = ("practice", "estimate", "std_error", "ci_low", "ci_high", "weight", "tau", "note")
FIXED, RANDOM = "fixed effect", "random effects"
WHY_NOT_THE_SAME = (
    "A two-stage meta-analysis is not the same: each practice estimates its own covariances, covariates and model from "
    "its own few patients, its standard error is then taken for known, and a practice with one format adds nothing."
)


def combine_estimates(own: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Average estimates by their inverse variances, with one true value (fixed) or one of each practice (random).

    Random effects by DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2.

    Parameters
    ----------
    own : DataFrame
        One row per practice: ``practice``, ``estimate``, ``std_error`` (missing: none), ``note`` (why there is none).

    Returns
    -------
    DataFrame
        The practices, then the rows "fixed effect" and "random effects" where two or more practices have an estimate:
        ``practice estimate std_error ci_low ci_high weight tau note``. ``weight`` is the share in the fixed effect,
        ``tau`` the standard deviation of the true values.
    """
    have = own["std_error"].notna() & (own["std_error"] > 0)
    y, variance = own.loc[have, "estimate"].to_numpy(float), own.loc[have, "std_error"].to_numpy(float) ** 2
    rows = own.assign(weight=np.nan, tau=np.nan)
    if len(y) >= 2:
        w = 1 / variance
        rows.loc[have, "weight"] = w / w.sum()
        mean = float(w @ y / w.sum())
        spread = float(w @ (y - mean) ** 2)
        tau2 = max(0.0, (spread - (len(y) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))
        wide = 1 / (variance + tau2)
        both = [
            {"practice": FIXED, "estimate": mean, "std_error": w.sum() ** -0.5, "tau": 0.0, "note": ""},
            {"practice": RANDOM, "estimate": wide @ y / wide.sum(), "std_error": wide.sum() ** -0.5, "tau": tau2**0.5,
             "note": ""},
        ]  # fmt: skip
        rows = pd.concat([rows, pd.DataFrame(both)], ignore_index=True)
    half = ndtri((1 + level) / 2) * rows["std_error"]
    return rows.assign(ci_low=rows["estimate"] - half, ci_high=rows["estimate"] + half).reindex(columns=list(COLUMNS))


def two_stage_sentence(combined: pd.DataFrame) -> str:
    """What the meta-analysis gives, and why it is another thing; empty where it was not planned."""
    if combined.empty:
        return ""
    rows = combined.set_index("practice")
    own = combined[~combined["practice"].isin([FIXED, RANDOM])]
    without = own[~(own["std_error"] > 0)]
    none = [_without(list(names), str(note)) for note, names in without.groupby("note", sort=False)["practice"]]
    if RANDOM not in rows.index:
        few = "Fewer than two practices have an estimate of their own for a meta-analysis."
        return " ".join([few, *none, WHY_NOT_THE_SAME])
    told = [
        f"{number(rows.at[name, 'estimate'])} (95% interval "
        f"{interval(rows.at[name, 'ci_low'], rows.at[name, 'ci_high'])}) with {words}"
        for name, words in ((FIXED, "a fixed effect"), (RANDOM, "random effects"))
    ]
    of = f"{len(own) - len(without)} of {len(own)} practices" if none else f"the {len(own)} practices"
    average = f"A meta-analysis of the own estimates of {of} gives {told[0]} and {told[1]}."
    return " ".join([average, *none, WHY_NOT_THE_SAME])


def _without(names: list[str], note: str) -> str:
    """Which practices have no estimate, and why, by the note of each: "It has one format."."""
    why = within_sentence(note)
    return f"There is none of {join_words(names)}: {why if len(names) == 1 else why.replace('it has', 'each has', 1)}"
