"""Drawn responses: repeatable, and with the mean and covariance of the fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.inference.simulation import simulate_responses
from tests.mixed.pairs import partial

N_DRAWS = 2000
#: A mean or covariance lies within this many Monte Carlo errors: among some 1000 numbers about one passes 3.3.
ERRORS = 4.5


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ month * format + (0 + is_group | cohort) + (1 | patient)",
        "score ~ visit * format + us(visit | format/patient)",
    ],
)
def test_mean_and_covariance_are_those_of_the_fit(formula: str) -> None:
    fit = partial(formula)
    draws = simulate_responses(fit, N_DRAWS, seed=20261127)
    assert draws.shape == (fit.nobs, N_DRAWS)
    assert draws.index.equals(fit.design.frame.index)
    v = fit.units.covariance_of_rows(np.arange(fit.nobs))
    sd = np.sqrt(np.diag(v))
    gap = draws.mean(axis=1).to_numpy() - fit.design.x @ fit.beta
    assert np.max(np.abs(gap) / sd) < ERRORS / np.sqrt(N_DRAWS)
    found = np.cov(draws.to_numpy()[:30])
    error = np.sqrt((np.outer(sd[:30], sd[:30]) ** 2 + v[:30, :30] ** 2) / N_DRAWS)
    assert np.max(np.abs(found - v[:30, :30]) / error) < ERRORS


def test_a_seed_gives_the_same_numbers() -> None:
    fit = partial("score ~ month * format + (1 | patient)")
    one, same, other = (simulate_responses(fit, 2, seed=seed) for seed in (4, 4, 5))
    pd.testing.assert_frame_equal(one, same)
    assert not np.allclose(one, other)
