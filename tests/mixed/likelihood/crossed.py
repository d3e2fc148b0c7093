"""Scores of patients whom many raters saw, a few each: one component of 90 raters in 6 teams, most pairs never met."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from kap_analysis.mixed.model import MixedModel, mixedlm
from tests.mixed import dense

FORMULA = "score ~ month + (1 | patient) + (1 | rater) + (1 | team)"
SLOPES = "score ~ month + (1 | patient) + (month | rater)"


@cache
def seen_by_many() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    patient = np.repeat(np.arange(150), 3)
    rater = (patient * 3 // 5 + rng.integers(0, 4, len(patient))) % 90
    month = np.tile([0.0, 1.0, 3.0], 150)
    score = 20 - month + 2 * rng.standard_normal(150)[patient] + 1.5 * rng.standard_normal(90)[rater]
    score += 1.2 * rng.standard_normal(6)[rater % 6] + 2 * rng.standard_normal(len(patient))
    frame = {"score": score, "month": month, "patient": patient, "rater": rater, "team": rater % 6}
    return pd.DataFrame(frame).astype({"patient": str, "rater": str, "team": str})


@cache
def crossed_model(formula: str = FORMULA) -> MixedModel:
    return mixedlm(formula, seen_by_many())


def pieces(formula: str = FORMULA) -> list[np.ndarray]:
    """V written out: one matrix per variance and covariance, the residual last."""
    data, one = seen_by_many(), np.ones(len(seen_by_many()))
    out = dense.bar_pieces(one, data["patient"].to_numpy())
    columns = one if formula == FORMULA else np.column_stack([one, data["month"]])
    out += dense.bar_pieces(columns, data["rater"].to_numpy())
    out += dense.bar_pieces(one, data["team"].to_numpy()) if formula == FORMULA else []
    return [*out, *dense.residual_pieces(len(data))]
