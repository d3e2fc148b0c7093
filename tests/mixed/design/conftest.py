"""Scores of a small study, for every test of a design."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def scores() -> pd.DataFrame:
    """20 patients with 3 visits each; the first 10 are in the group arm, in 5 cohorts of 2."""
    rng = np.random.default_rng(8)
    patient = np.repeat(np.arange(20), 3)
    group = patient < 10
    return pd.DataFrame(
        {
            "patient": [f"P{i:02d}" for i in patient],
            "visit": pd.Categorical(np.tile(["m1", "m2", "m3"], 20), ordered=True),
            "month": np.tile([1.0, 2.0, 3.0], 20),
            "format": pd.Categorical(np.where(group, "group", "individual"), categories=["individual", "group"]),
            "is_group": group.astype(float),
            "cohort": pd.Series([f"c{i // 2}" if i < 10 else None for i in patient]),
            "practice": rng.choice(["A", "B"], 60),
            "age": np.repeat(rng.normal(40, 9, 20), 3),
            "score": rng.normal(20, 6, 60),
            "day": np.tile([30.0, 61.0, 91.0], 20) + rng.normal(size=60),
            "weight": rng.choice([1.0, 2.0], 60),
            "row": np.arange(60),
        }
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Columns of every kind, for the codings."""
    rng = np.random.default_rng(5)
    n = 48
    return pd.DataFrame(
        {
            "month": np.tile([0.0, 1, 3, 6], n // 4),
            "visit": pd.Categorical(np.tile(["b", "m1", "m3", "m6"], n // 4), ordered=True),
            "format": pd.Categorical(rng.choice(["individual", "group"], n), categories=["individual", "group"]),
            "practice": rng.choice(["A", "B", "C"], n),
            "age": rng.normal(40, 9, n),
            "my age": rng.normal(40, 9, n),
            "flag": rng.random(n) > 0.5,
            "whole": rng.integers(1, 4, n),
        }
    )
