"""Profile intervals against lme4's, and against refits with a parameter held."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import chdtri

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.inference.profile import profile_parameters
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data, read_json
from tests.places import PAIRS

UNIROOT = 1e-6  # relative: R's root search stops at 1e-8 of variances near 50
SPLINE = 5e-5  # relative: lme4 reads its limits from a spline through the profile
EDGE = 1e-5  # absolute, of the criterion of a refit at a limit
QUANTILE = float(chdtri(1, 0.05))


@cache
def fitted(formula: str, reml: bool = True, bounded: bool = True, file: str = "partial.csv") -> MixedResults:
    return mixedlm(formula, read_data(PAIRS, file)).fit(reml=reml, bounded=bounded)


def reference() -> dict:
    return read_json(PAIRS, "profile")


def test_variances_under_reml() -> None:
    expected = pd.DataFrame(reference()["reml_variances"])
    fit = fitted(reference()["formula"])
    found = fit.profile()
    assert list(found.columns) == ["name", "estimate", "ci_low", "ci_high"]
    assert list(found["name"]) == ["var(is_group | cohort)", "var((Intercept) | patient)", "residual"]
    assert fit.criterion == pytest.approx(reference()["reml_criterion"], abs=1e-6)
    for column, tolerance in (("estimate", 1e-5), ("ci_low", UNIROOT), ("ci_high", UNIROOT)):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=tolerance)
    assert found["ci_low"][0] == 0.0


def test_standard_deviations_under_ml_as_lme4_profiles_them() -> None:
    expected = pd.DataFrame(reference()["ml_standard_deviations"]).iloc[[1, 0, 2]]
    found = profile_parameters(fitted(reference()["formula"], False))
    for column in ("ci_low", "ci_high"):
        assert np.sqrt(found[column]).to_numpy() == pytest.approx(expected[column].to_numpy(), rel=SPLINE)


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("score ~ month * format + baseline + (1 | patient)", "var((Intercept) | patient)"),
        ("score ~ month * format + baseline + (1 | patient)", "residual"),
        ("score ~ visit * format + us(visit | patient)", "us(1, 3)"),
        ("score ~ visit * format + ar1h(visit | patient)", "ar1h(correlation)"),
        ("score ~ visit * format + csh(visit | patient)", "csh(log sd 2)"),
        ("score ~ month * format + exponential(month | patient)", "exponential(log range)"),
    ],
)
def test_a_refit_held_at_a_limit_is_worse_by_the_quantile(formula: str, name: str) -> None:
    fit = fitted(formula)
    (row,) = profile_parameters(fit, name).itertuples()
    assert row.ci_low < row.estimate < row.ci_high
    assert row.estimate == fit.theta[name]
    for limit in (row.ci_low, row.ci_high):
        held = fit.model.fit(fixed={name: limit})
        assert held.criterion - fit.criterion == pytest.approx(QUANTILE, abs=EDGE)


@pytest.mark.parametrize("name", ["cov((Intercept), month | patient)", "var(month | patient)"])
def test_a_matrix_stays_a_covariance_matrix(name: str) -> None:
    """By elements the criterion falls below that of any covariance matrix: such a refit is refused."""
    fit = fitted("score ~ month * format + (month | patient)")
    (row,) = profile_parameters(fit, name).itertuples()
    held = fit.model.fit(fixed={name: row.ci_high}, bounded=False)
    assert held.criterion <= fit.criterion + QUANTILE + EDGE
    refused = []
    for limit in (row.ci_low, row.ci_high):
        try:
            held = fit.model.fit(fixed={name: limit})
        except MixedModelError as error:
            refused.append(str(error))
        else:
            assert held.criterion - fit.criterion == pytest.approx(QUANTILE, abs=EDGE)
    assert set(refused) <= {
        "With these parameters held, the best values of the others make (month | patient) no covariance matrix: "
        "a correlation is above 1. Hold all parameters of the term, or fit with bounded=False."
    }


def test_a_narrower_level() -> None:
    fit = fitted("score ~ month * format + baseline + (1 | patient)")
    (row,) = profile_parameters(fit, ["residual"], level=0.8).itertuples()
    held = fit.model.fit(fixed={"residual": row.ci_high})
    assert held.criterion - fit.criterion == pytest.approx(float(chdtri(1, 0.2)), abs=EDGE)


def test_an_icc_against_the_criterion_on_a_grid_of_its_own() -> None:
    """At a limit of the ICC, the best total variance leaves the criterion at the quantile."""
    fit = fitted("score ~ month * format + baseline + (1 | patient)")
    icc = {"icc": lambda theta: theta["var((Intercept) | patient)"] / theta.sum()}
    (row,) = profile_parameters(fit, icc).itertuples()
    total = fit.theta.sum()
    assert row.estimate == pytest.approx(fit.theta.iloc[0] / total)

    def profile(share: float) -> float:
        def at(log_total: float) -> float:
            both = np.exp(log_total) * np.array([share, 1 - share])
            return fit.model.fit(fixed=dict(zip(fit.theta.index, both, strict=True)), ddf="normal").criterion

        return float(minimize_scalar(at, bracket=np.log(total) + np.array([-0.2, 0.2]), options={"xtol": 1e-6}).fun)

    for limit in (row.ci_low, row.ci_high):
        assert profile(limit) - fit.criterion == pytest.approx(QUANTILE, abs=EDGE)


def test_a_function_that_rises_with_a_parameter_has_its_limits() -> None:
    fit = fitted("score ~ month * format + baseline + (1 | patient)")
    (plain,) = profile_parameters(fit, "residual").itertuples()
    (root,) = profile_parameters(fit, {"sd": lambda theta: np.sqrt(theta["residual"])}).itertuples()
    assert root.ci_low == pytest.approx(np.sqrt(plain.ci_low), rel=1e-7)
    assert root.ci_high == pytest.approx(np.sqrt(plain.ci_high), rel=1e-7)


def test_a_variance_that_is_zero_has_an_upper_limit() -> None:
    fit = fitted("score ~ month * format + (1 | patient)", file="singular.csv")
    (row,) = profile_parameters(fit, "var((Intercept) | patient)").itertuples()
    assert (row.estimate, row.ci_low) == (0.0, 0.0)
    held = fit.model.fit(fixed={"var((Intercept) | patient)": row.ci_high})
    assert held.criterion - fit.criterion == pytest.approx(QUANTILE, abs=EDGE)


@pytest.mark.parametrize("name", ["set 1", "set 13", "set 54"])
def test_where_a_variance_is_zero_at_the_maximum_another_limit_may_have_it_above(name: str) -> None:
    data = read_data(PAIRS, "zero_variances.csv").query("set == @name")
    fit = mixedlm("score ~ month + (1 | cohort) + (1 | patient)", data).fit(reml=False)
    assert fit.singular
    found, expected = fit.profile(), pd.DataFrame(reference()["zero_variances"][name])
    for column in ("ci_low", "ci_high"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=UNIROOT, abs=1e-9)


@pytest.mark.parametrize("reml", [True, False])
def test_limits_beside_a_singular_slope(reml: bool) -> None:
    """The matrix of the slope leaves its boundary at limits of other parameters."""
    fit = fitted("score ~ month * format + (month | patient)", reml, file="singular.csv")
    assert fit.singular
    for row in profile_parameters(fit).itertuples():
        for limit in (row.ci_low, row.ci_high):
            try:
                held = fit.model.fit(reml=reml, fixed={row.name: limit})
            except MixedModelError:  # by elements the best values of the others are no covariance matrix
                continue
            assert limit == 0 or held.criterion - fit.criterion == pytest.approx(QUANTILE, abs=1e-4)


def test_an_icc_beside_a_variance_of_zero() -> None:
    """At its lower limit the other variance is above 0; found by refits along lines of constant ICC."""
    data = read_data(PAIRS, "zero_variances.csv").query("set == 'set 54'")
    fit = mixedlm("score ~ month + (1 | cohort) + (1 | patient)", data).fit(reml=False)
    names = list(fit.theta.index)
    (row,) = fit.icc_interval("cohort").itertuples()

    def deviance(total: float, other: float) -> float:
        left = np.array([row.ci_high, other, 1 - row.ci_high - other]) * total
        held = fit.model.fit(reml=False, fixed=dict(zip(names, left, strict=True)), ddf="normal")
        return held.criterion - fit.criterion

    def best(other: float) -> float:
        return float(minimize_scalar(lambda log: deviance(np.exp(log), other), bracket=(0.0, 0.3)).fun)

    least = minimize_scalar(best, bounds=(0.0, 0.9 - row.ci_high), method="bounded").fun
    assert min(float(least), best(0.0)) == pytest.approx(QUANTILE, abs=1e-4)


def test_unbounded_variances_have_limits_below_zero() -> None:
    fit = fitted("score ~ month * format + (1 | patient)", bounded=False, file="singular.csv")
    (row,) = profile_parameters(fit, "var((Intercept) | patient)").itertuples()
    assert row.ci_low < row.estimate < row.ci_high < 0
    held = fit.model.fit(fixed={"var((Intercept) | patient)": row.ci_high}, bounded=False)
    assert held.criterion - fit.criterion == pytest.approx(QUANTILE, abs=EDGE)


def test_bad_requests() -> None:
    fit = fitted("score ~ month * format + baseline + (1 | patient)")
    with pytest.raises(MixedModelError) as error:
        profile_parameters(fit, "residuals")
    assert str(error.value) == "There is no covariance parameter 'residuals'. Did you mean 'residual'?"
    held = fit.model.fit(fixed={"residual": 30.0})
    with pytest.raises(MixedModelError) as error:
        profile_parameters(held, "residual")
    assert str(error.value) == "residual is held at 30 in this fit: it has no profile."
    all_held = fit.model.fit(fixed=dict(fit.theta))
    with pytest.raises(MixedModelError) as error:
        profile_parameters(all_held, {"sum": lambda theta: theta.sum()})
    assert str(error.value) == "Every covariance parameter of this fit is held: there is no profile."
    with pytest.raises(MixedModelError) as error:
        profile_parameters(fit, level=95)
    assert str(error.value) == "The confidence level is 95; give a number between 0 and 1, such as 0.95."


def test_a_lower_limit_of_zero_that_is_hardly_inside_the_region() -> None:
    """A variance of 0 costs 3.825 here, just under the quantile of 3.841; lme4's upper limit is 1.283234."""
    scores = [
        -0.45,
        -1.05,
        -0.13,
        1.52,
        0.94,
        -0.33,
        0.55,
        -0.06,
        -0.32,
        1.24,
        -1.92,
        -0.3,
        -0.03,
        0.33,
        -0.65,
        0.06,
        -0.55,
        -2.64,
        -1.74,
        -2.3,
        0.75,
        -0.5,
        -0.72,
        -0.54,
        -0.86,
        -0.16,
        0.8,
        -0.65,
        0.79,
        0.89,
        1.36,
        -1.07,
        1.58,
        2.5,
        0.38,
        0.0,
        0.24,
        0.45,
        0.93,
        -0.35,
    ]
    data = pd.DataFrame({"y": scores, "g": np.arange(40) // 5})
    model = mixedlm("y ~ 1 + (1 | g)", data)
    fit = model.fit(reml=False)
    name = "var((Intercept) | g)"
    assert 3.8 < model.fit(reml=False, fixed={name: 0.0}).criterion - fit.criterion < QUANTILE
    limits = profile_parameters(fit).set_index("name").loc[name]
    assert limits["ci_low"] == 0
    assert limits["ci_high"] == pytest.approx(1.283234, rel=SPLINE)
