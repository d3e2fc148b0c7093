"""Residuals made comparable, and responses drawn from a fit, against V written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed import dense
from tests.mixed.reference_values import read_data
from tests.places import PAIRS


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    data = read_data(PAIRS, "partial.csv").sample(frac=1, random_state=1)
    return mixedlm("score ~ month * format + (0 + is_group | cohort) + (1 | patient)", data).fit()


@pytest.fixture(scope="module")
def v(fit: MixedResults) -> np.ndarray:
    """The covariance of all rows."""
    frame = fit.design.frame
    pieces = [
        *dense.bar_pieces(frame["is_group"], frame["cohort"].to_numpy()),
        *dense.bar_pieces(np.ones(len(frame)), frame["patient"].to_numpy()),
        *dense.residual_pieces(len(frame)),
    ]
    return np.tensordot(fit.theta.to_numpy(), np.array(pieces), axes=1)


def test_raw_and_standardised(fit: MixedResults, v: np.ndarray) -> None:
    raw = fit.design.y - fit.design.x @ fit.beta
    assert fit.resid.to_numpy() == pytest.approx(raw)
    assert fit.residuals("standardised").to_numpy() == pytest.approx(raw / np.sqrt(np.diag(v)), rel=1e-9)
    assert list(fit.resid.index) == list(fit.design.frame.index)


def test_normalised_residuals_are_uncorrelated_in_the_model(fit: MixedResults, v: np.ndarray) -> None:
    """Their squares sum to r'V^-1 r, which is n - p at the REML estimates; each unit by its own Cholesky factor."""
    raw, normalised = fit.resid.to_numpy(), fit.residuals("normalised").to_numpy()
    n, p = fit.design.x.shape
    assert normalised @ normalised == pytest.approx(raw @ np.linalg.solve(v, raw), rel=1e-9)
    assert normalised @ normalised == pytest.approx(n - p, rel=1e-6)
    rows = np.concatenate(list(fit.units.rows))
    root = np.linalg.cholesky(v[np.ix_(rows, rows)])
    assert normalised[rows] == pytest.approx(np.linalg.solve(root, raw[rows]), rel=1e-8, abs=1e-10)


def test_an_unknown_kind_is_said(fit: MixedResults) -> None:
    with pytest.raises(
        MixedModelError, match=r"^There is no kind of residual 'normalized'\. Did you mean 'normalised'\?$"
    ):
        fit.residuals("normalized")


def test_drawn_responses_have_the_mean_and_the_covariance_of_the_model(fit: MixedResults, v: np.ndarray) -> None:
    draws = fit.simulate(4000, seed=3).to_numpy()
    mean = fit.design.x @ fit.beta
    error = np.sqrt(np.diag(v) / 4000)
    assert np.max(np.abs(draws.mean(axis=1) - mean) / error) < 4.5
    covariance = np.cov(draws)
    spread = np.sqrt((np.outer(np.diag(v), np.diag(v)) + v**2) / 4000)
    assert np.max(np.abs(covariance - v) / spread) < 5.5
    assert np.mean((covariance - v)[v == 0] ** 2 / spread[v == 0] ** 2) == pytest.approx(1, abs=0.05)


def test_draws_are_those_of_the_seed_and_of_the_rows(fit: MixedResults) -> None:
    one, again, other = (fit.simulate(2, seed=seed) for seed in (3, 3, 4))
    assert one.equals(again)
    assert not one.equals(other)
    assert list(one.index) == list(fit.design.frame.index)
    assert list(one.columns) == [0, 1]
