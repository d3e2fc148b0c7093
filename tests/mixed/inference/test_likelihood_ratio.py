"""Likelihood ratios: which distribution the statistic is referred to, and that it is the right one."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from scipy.special import chdtrc

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.inference.likelihood_ratio import _shares
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed import dense
from tests.mixed.pairs import pair, partial
from tests.mixed.reference_values import read_data
from tests.places import PAIRS


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return read_data(PAIRS, "partial.csv")


def fitted(data: pd.DataFrame, bars: str, fixed: str = "month * format", **keywords: object) -> MixedResults:
    return mixedlm(f"score ~ {fixed} + {bars}", data).fit(**keywords)


@pytest.mark.parametrize("key", ["fixed_part", "cohort_variance", "patient_slope"])
def test_likelihood_ratio(key: str) -> None:
    known = pair("likelihood_ratio")[key]
    found = partial(known["larger"]).compare(partial(known["smaller"]))
    assert found.criterion == known["criterion"]
    assert found.statistic == pytest.approx(known["statistic"], abs=1e-6)
    assert found.p_value == pytest.approx(known["p_value"], rel=1e-5)
    assert found.df == known.get("df", {"cohort_variance": 1, "patient_slope": 2}.get(key))


def test_fixed_parts_are_compared_by_ml(data: pd.DataFrame) -> None:
    """Either order; REML fits are refitted."""
    small, large = fitted(data, "(1 | patient)", "month"), fitted(data, "(1 | patient)")
    found = large.compare(small)
    assert (found.criterion, found.df, found.reference) == ("ML", 2, "chi-squared(2)")
    assert found.statistic == pytest.approx(small.ml.criterion - large.ml.criterion, abs=1e-9)
    assert found.p_value == pytest.approx(chdtrc(2, found.statistic))
    assert small.compare(large).p_value == found.p_value
    assert list(found.table["model"]) == ["smaller", "larger"]
    assert list(found.table["n_parameters"]) == [4, 6]


def test_one_added_variance_halves_the_p_value(data: pd.DataFrame) -> None:
    small, large = fitted(data, "(1 | patient)"), fitted(data, "(0 + is_group | cohort) + (1 | patient)")
    found = large.compare(small)
    assert (found.criterion, found.df) == ("REML", 1)
    assert found.p_value == pytest.approx(chdtrc(1, found.statistic) / 2)


def test_a_slope_adds_its_variance_and_a_covariance(data: pd.DataFrame) -> None:
    found = fitted(data, "(month | patient)").compare(fitted(data, "(1 | patient)"))
    assert found.reference == "half chi-squared(1), half chi-squared(2)"
    assert found.p_value == pytest.approx((chdtrc(1, found.statistic) + chdtrc(2, found.statistic)) / 2)


def test_a_variance_without_a_bound_is_like_any_parameter(data: pd.DataFrame) -> None:
    bars = "(0 + is_group | cohort) + (1 | patient)"
    found = fitted(data, bars, bounded=False).compare(fitted(data, "(1 | patient)", bounded=False))
    assert found.reference == "chi-squared(1)"


TWO = "(0 + is_group | cohort) + (0 + is_group:month | cohort) + (1 | patient)"


def test_the_weights_of_two_variances_are_those_of_a_cone(data: pd.DataFrame) -> None:
    """Normal draws with the inverse information as covariance, brought to the nearest point without negative values."""
    large = fitted(data, TWO)
    added = ["var(is_group | cohort)", "var(is_group:month | cohort)"]
    none, both = _shares(large, added)
    frame = large.design.frame
    acts, cohort = frame["is_group"].to_numpy(float), frame["cohort"].to_numpy()
    pieces = [
        *dense.bar_pieces(acts, cohort),
        *dense.bar_pieces(acts * frame["month"].to_numpy(), cohort),
        *dense.bar_pieces(np.ones(len(frame)), frame["patient"].to_numpy()),
        *dense.residual_pieces(len(frame)),
    ]
    null = fitted(data, "(1 | patient)").theta
    theta = np.array([0.0, 0.0, null["var((Intercept) | patient)"], null["residual"]])
    information = dense.evaluate_dense(pieces, theta, large.design.x, large.design.y).information("expected")
    covariance = np.linalg.inv(information)[:2, :2]
    root = np.linalg.cholesky(np.linalg.inv(covariance)).T
    draws = np.random.default_rng(0).multivariate_normal([0, 0], covariance, 4000)
    positive = np.array([np.sum(optimize.nnls(root, root @ draw)[0] > 0) for draw in draws])
    assert none == pytest.approx(np.mean(positive == 0), abs=0.02)
    assert both == pytest.approx(np.mean(positive == 2), abs=0.02)
    assert abs(both - 0.25) > 0.02


def test_two_added_variances_are_referred_to_a_mixture_of_three(data: pd.DataFrame) -> None:
    found = fitted(data, TWO).compare(fitted(data, "(1 | patient)"))
    weights = re.fullmatch(
        r"(0\.\d+) chi-squared\(0\), half chi-squared\(1\), (0\.\d+) chi-squared\(2\)", found.reference
    )
    assert weights is not None
    none, both = map(float, weights.groups())
    assert none + both == pytest.approx(0.5, abs=0.0011)
    expected = chdtrc(1, found.statistic) / 2 + both * chdtrc(2, found.statistic)
    assert found.p_value == pytest.approx(expected, abs=1e-3)
    assert found.p_value < chdtrc(2, found.statistic)


def test_a_matrix_of_two_has_an_upper_bound(data: pd.DataFrame) -> None:
    large = fitted(data, "(0 + is_group + is_group:month | cohort) + (1 | patient)")
    found = large.compare(fitted(data, "(1 | patient)"))
    assert found.reference == "chi-squared(3), an upper bound: 2 variances could be 0"
    assert found.p_value == pytest.approx(chdtrc(3, found.statistic))


@pytest.mark.slow
@pytest.mark.parametrize(("bars", "most"), [("(0 + is_group | cohort) + (1 | patient)", 1), (TWO, 2)])
def test_p_values_under_the_smaller_model(data: pd.DataFrame, bars: str, most: int) -> None:
    """Draws from the smaller model: p-values below 0.2 as often as they should be; with 12 cohorts, never much more."""
    null = fitted(data, "(1 | patient)")
    draws = null.simulate(120, seed=most).to_numpy()
    model = mixedlm(f"score ~ month * format + {bars}", data)
    p_values = []
    for at in range(draws.shape[1]):
        y = draws[:, at]
        p_values.append(model.with_response(y).fit().compare(null.model.with_response(y).fit()).p_value)
    share = np.mean(np.array(p_values) < 0.2)
    assert 0.08 < share < 0.2 + 3 * np.sqrt(0.2 * 0.8 / 120)


def test_models_that_are_not_nested(data: pd.DataFrame) -> None:
    with pytest.raises(MixedModelError, match=r"^Both models have the same number of parameters"):
        fitted(data, "(1 | patient)").compare(fitted(data, "(1 | cohort)"))
    slopes = fitted(data, "(month || patient)")
    by_practice = mixedlm("score ~ month * format + (1 | patient)", data, residual_by="practice").fit()
    with pytest.raises(MixedModelError, match=r"^The model with more parameters fits worse by .* Compare them by aic"):
        slopes.compare(by_practice)


def test_fixed_parts_that_are_not_nested(data: pd.DataFrame) -> None:
    with pytest.raises(MixedModelError, match=r"^The fixed part of the smaller model is not contained in"):
        fitted(data, "(1 | patient)", "baseline").compare(fitted(data, "(1 | patient)", "month * format"))


def test_other_rows_and_other_responses(data: pd.DataFrame) -> None:
    fit = fitted(data, "(1 | patient)")
    with pytest.raises(MixedModelError, match=r"^The fits used 283 and 284 rows"):
        fitted(data.iloc[1:], "(1 | patient)").compare(fit)
    with pytest.raises(MixedModelError, match=r"^The fits have different responses"):
        fitted(data.assign(score=data["score"] + data["month"]), "(1 | patient)").compare(fit)
