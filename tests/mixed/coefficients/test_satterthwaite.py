"""Satterthwaite's df against every matrix written out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mixed.dense_cases import INTERIOR, model_of, oracle_of

INFERENCE = 1e-6  # relative, of df: inverses of information matrices


@pytest.mark.parametrize("name", INTERIOR)
def test_satterthwaite_at_the_estimates(name: str) -> None:
    oracle = oracle_of(name)
    fit = model_of(name, True).fit()
    rows = np.eye(len(fit.params))[-3:]
    found = fit.inference(rows, "satterthwaite").df
    assert found == pytest.approx([oracle.satterthwaite_df(row) for row in rows], rel=INFERENCE)
