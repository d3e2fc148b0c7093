"""Small made-up comparisons of formats with a known answer, and the real trial of the shared reference."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.study.outcome_frames.outcomes import Outcomes
from tests.places import SHARED

BTHEB = SHARED / "btheb.csv"
VISITS = ("month 1", "month 2", "month 3")


def made_up_scores(
    *, individual: int = 30, cohorts: int = 10, size: int = 3, effect: float = 4.0, seed: int = 1, visits=VISITS
) -> pd.DataFrame:
    """Long scores, everybody seen at every visit; group patients score `effect` points higher after baseline."""
    rng = np.random.default_rng(seed)
    n = individual + cohorts * size
    in_group = np.arange(n) >= individual
    cohort = np.where(in_group, (np.arange(n) - individual) // max(size, 1), -1)
    baseline = np.clip(np.rint(27 + 7 * rng.standard_normal(n) - 3 * in_group), 10, 50)
    pull = np.append(2.0 * rng.standard_normal(max(cohorts, 1)), 0.0)[cohort]
    own = 4 * rng.standard_normal(n)
    rows = []
    for patient in range(n):
        common = {
            "patient_id": f"P{patient:03d}",
            "format": "group" if in_group[patient] else "individual",
            "cohort_id": f"G{cohort[patient]:02d}" if in_group[patient] else None,
            "practice": "AB"[patient % 2],
            "age": 30.0 + (7 * patient) % 40,
            "ace_score": float(patient % 7),
        }
        rows.append({**common, "visit": "baseline", "day": 0, "score": baseline[patient]})
        for at, visit in enumerate(visits):
            score = 16 + 0.4 * (baseline[patient] - 27) - 2 * at + effect * in_group[patient]
            score += pull[patient] + own[patient] + 3 * rng.standard_normal()
            rows.append(
                {**common, "visit": visit, "day": 30 * int(visit.split()[1]), "score": float(np.clip(score, 0, 63))}
            )
    return pd.DataFrame(rows)


def as_outcomes(scores: pd.DataFrame, **options) -> Outcomes:
    """Outcomes of a private study; visits keep their order even where nobody was seen."""
    return Outcomes.from_frame(scores, instrument="BDI-II", **{"visits": VISITS, **options})


def balanced_layout(spread: float, cohorts: int = 12, size: int = 4) -> pd.DataFrame:
    """One visit; the group arm is a balanced one-way layout whose scores do not follow the baseline at all."""
    rng = np.random.default_rng(5)
    scores = made_up_scores(cohorts=cohorts, size=size, individual=48, visits=("month 3",)).assign(practice="A")
    at = (scores["visit"] == "month 3") & (scores["format"] == "group")
    pull = spread * rng.standard_normal(cohorts)
    scores.loc[at, "score"] = 20 + np.repeat(pull, size) + 3 * rng.standard_normal(cohorts * size)
    scores.loc[scores["visit"] == "baseline", "score"] = np.tile([24.0, 30.0], len(scores) // 4)
    return scores


def lossy_scores(**options) -> pd.DataFrame:
    """A third of the patients have no score at month 3, and half of these none at month 2."""
    scores = made_up_scores(individual=40, cohorts=12, **options)
    number = scores["patient_id"].str[1:].astype(int)
    lost = ((number % 3 == 0) & (scores["visit"] == "month 3")) | ((number % 6 == 0) & (scores["visit"] == "month 2"))
    return scores.assign(score=scores["score"].mask(lost))


def btheb() -> Outcomes:
    """Beating the Blues: treatment as usual stands as individual, the programme as group; no cohorts."""
    if not BTHEB.exists():
        pytest.skip("The shared reference data are not beside this checkout.")
    scores = pd.read_csv(BTHEB).rename(columns={"subject": "patient_id", "bdi": "score", "bdi_pre": "baseline"})
    scores["format"] = scores["treatment"].map({"TAU": "individual", "BtheB": "group"})
    scores["visit"] = "month " + scores["month"].astype(str)
    return Outcomes.from_frame(scores, instrument="BDI-II")
