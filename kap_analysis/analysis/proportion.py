"""Counts as proportions with Wilson intervals, of patients assessed and of patients who started."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT, FORMATS, N_PATIENTS
from kap_analysis.study.outcome_frames.outcomes import Outcomes

#: Ledger steps that count all patients who started and have a format, in a study and in outcomes made from any table.
STARTED_STEPS = ("format at time zero", "in the table")
#: Ledger step of outcomes that leave out patients without a baseline or a later score.
BASELINE_STEP = "baseline score"


def wilson_interval(count: float, total: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion; missing if there are no patients.

    With z the normal quantile: (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212, doi 10.1080/01621459.1927.10502953.
    """
    if not total > 0:
        return np.nan, np.nan
    z = float(ndtri(0.5 + level / 2))
    p = count / total
    middle = p + z**2 / (2 * total)
    half = z * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    low, high = (middle - half) / (1 + z**2 / total), (middle + half) / (1 + z**2 / total)
    return (0.0 if count == 0 else float(low)), (1.0 if count == total else float(high))


def share_columns(count: int, n_assessed: int, n_started: int) -> dict[str, float]:
    """A count with both denominators: proportions, Wilson intervals, and how many patients were not assessed.

    ``ci_low`` and ``ci_high`` belong to the share of patients assessed, and the ``started_`` limits to the share of
    patients who started. In the latter, patients who were not assessed count as not having the event. The intervals
    treat patients as independent: they are descriptive and not for comparing formats.
    """
    low, high = wilson_interval(count, n_assessed)
    started_low, started_high = wilson_interval(count, n_started)
    return {
        "n": count,
        "n_assessed": n_assessed,
        "n_started": n_started,
        "n_not_assessed": n_started - n_assessed,
        "share_of_assessed": count / n_assessed if n_assessed else np.nan,
        CI_LOW: low,
        CI_HIGH: high,
        "share_of_started": count / n_started if n_started else np.nan,
        "started_ci_low": started_low,
        "started_ci_high": started_high,
    }


def count_started(outcomes: Outcomes) -> dict[str, int]:
    """Patients who started, by format ("all" first), from the ledger; it includes patients who were never assessed.

    Patients without a format are in no outcome frame and are not counted: `who_is_not_counted` says so.
    """
    ledger = outcomes.ledger
    kept = ledger[ledger["left_out_because"] == ""]
    for step in STARTED_STEPS:
        rows = kept[kept["step"] == step]
        if len(rows):
            counts = dict(zip(rows[FORMAT].astype(str), rows[N_PATIENTS].astype(int), strict=True))
            return {name: counts[name] for name in ("all", *FORMATS) if name in counts}
    frame = outcomes.frame
    present = frame.groupby(FORMAT, observed=True)["patient_id"].nunique()
    return {"all": frame["patient_id"].nunique(), **{str(name): int(n) for name, n in present.items()}}


def by_format(patients: pd.DataFrame, started: dict[str, int]) -> list[tuple[str, pd.DataFrame, int]]:
    """Each format that occurs ("all" first), its rows of `patients`, and how many of it started."""
    words = patients[FORMAT].astype("object").astype("str")
    return [(name, patients if name == "all" else patients[words == name], n) for name, n in started.items()]
