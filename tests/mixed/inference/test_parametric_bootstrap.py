"""The parametric bootstrap: repeatable, and near what theory says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.inference.parametric_bootstrap import Bootstrap, bootstrap_fit
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

FEW = 60  # draws of the fast tests: the relative error of a standard deviation is 1 / sqrt(2 * 60) = 9%


@cache
def fitted(formula: str = "score ~ month * format + baseline + (1 | patient)") -> MixedResults:
    return mixedlm(formula, read_data(PAIRS, "partial.csv")).fit()


@cache
def few() -> Bootstrap:
    return bootstrap_fit(fitted(), n_draws=FEW, seed=20261123)


def test_frames() -> None:
    found = few()
    names = [*fitted().params.index, *fitted().theta.index]
    assert list(found.draws.columns) == names
    assert found.draws.shape == (FEW, len(names))
    assert found.estimate.to_numpy() == pytest.approx(np.r_[fitted().params, fitted().theta])
    intervals = found.intervals()
    assert list(intervals.columns) == ["name", "estimate", "bias", "std_error", "ci_low", "ci_high"]
    assert (intervals["ci_low"] < intervals["ci_high"]).all()
    assert (found.n_failed, found.n_singular) == (0, 0)


def test_the_same_seed_gives_the_same_draws() -> None:
    again = bootstrap_fit(fitted(), n_draws=3, seed=7)
    pd.testing.assert_frame_equal(again.draws, bootstrap_fit(fitted(), n_draws=3, seed=7).draws)
    assert not again.draws.equals(bootstrap_fit(fitted(), n_draws=3, seed=8).draws)


def test_spread_of_the_coefficients() -> None:
    """The standard deviation of 60 draws lies within 4 of its own standard errors of the model's."""
    found = few().draws[list(fitted().params.index)].std(ddof=1)
    assert np.abs(found / np.sqrt(np.diag(fitted().unscaled_cov)) - 1).max() < 4 / np.sqrt(2 * FEW)


def test_percentile_and_basic_intervals_mirror_each_other() -> None:
    percentile, basic = few().intervals(0.9), few().intervals(0.9, kind="basic")
    assert basic["ci_low"].to_numpy() == pytest.approx((2 * percentile["estimate"] - percentile["ci_high"]).to_numpy())
    assert basic["ci_high"].to_numpy() == pytest.approx((2 * percentile["estimate"] - percentile["ci_low"]).to_numpy())
    first = few().draws.iloc[:, 0]
    assert percentile["ci_low"][0] == pytest.approx(np.quantile(first, 0.05))


def test_a_statistic_of_ones_own_and_progress() -> None:
    seen: list[tuple[int, int]] = []
    found = bootstrap_fit(
        fitted(),
        lambda fit: fit.theta["var((Intercept) | patient)"] / fit.theta.sum(),
        4,
        seed=1,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert list(found.draws.columns) == ["statistic"]
    assert found.draws["statistic"].between(0, 1).all()
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_variances_on_the_boundary_are_counted() -> None:
    fit = mixedlm("score ~ month * format + (1 | patient)", read_data(PAIRS, "singular.csv")).fit()
    found = fit.bootstrap(n_draws=20, seed=3)
    zero = found.draws["var((Intercept) | patient)"] == 0
    assert found.n_singular == zero.sum()
    assert 3 <= found.n_singular <= 19


def test_bad_requests() -> None:
    with pytest.raises(MixedModelError) as error:
        bootstrap_fit(fitted(), n_draws=1, seed=1)
    assert str(error.value) == "n_draws is 1; a bootstrap needs 2 draws or more, and 999 for an interval."
    with pytest.raises(MixedModelError) as error:
        few().intervals(kind="bca")
    assert str(error.value) == "There is no kind of interval 'bca'. There are: percentile, basic."


@pytest.mark.slow
def test_the_bootstrap_of_a_residual_variance_agrees_with_its_profile() -> None:
    """1,000 draws: standard error and lower limit within a tenth of the profile's width."""
    fit = fitted()
    found = bootstrap_fit(fit, lambda again: {"residual": again.theta["residual"]}, 1000, seed=11).intervals()
    profile = fit.profile("residual")
    width = (profile["ci_high"] - profile["ci_low"])[0]
    assert found["name"][0] == "residual"
    assert abs(found["ci_low"][0] - profile["ci_low"][0]) < 0.1 * width
    assert found["std_error"][0] == pytest.approx(width / 2 / 1.96, rel=0.1)
