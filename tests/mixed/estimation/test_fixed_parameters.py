"""Covariance parameters that the user holds stay at the user's numbers, or are refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.fixed_parameters import held_values, with_held
from tests.mixed.estimation.searches import COHORTS, SLOPES, model

COHORT, PATIENT = "var(is_group | cohort)", "var((Intercept) | patient)"


@pytest.mark.parametrize(
    ("formula", "fixed"),
    [
        (COHORTS, {COHORT: 4.0}),
        (COHORTS, {COHORT: 0.0, "residual": 30.0}),
        (SLOPES, {"cov((Intercept), month | patient)": 0.0}),
        ("score ~ visit + ar1h(visit | patient)", {"ar1h(correlation)": 0.3, "ar1h(log sd 1)": 1.9}),
        ("score ~ month + exponential(month | patient)", {"exponential(log range)": 1.0}),
        ("score ~ visit + us(visit | patient)", {"us(1, 2)": 20.0}),
    ],
)
def test_what_is_held_is_what_the_fit_says(formula: str, fixed: dict[str, float]) -> None:
    made = model(formula)
    fit, free = made.fit(fixed=fixed), made.fit()
    for name, value in fixed.items():
        assert fit.theta[name] == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert fit.criterion > free.criterion
    assert fit.n_parameters == free.n_parameters - len(fixed)
    again = made.fit(fixed=free.theta[list(fixed)].to_dict())
    assert again.criterion == pytest.approx(free.criterion, abs=1e-7)


def test_nothing_is_held_where_nothing_is_asked() -> None:
    made = model(COHORTS)
    held, values = held_values(made.parameters, made.layout.scaling, {})
    assert not held.any() and not values.any()


def test_a_start_around_a_held_covariance_is_positive_definite() -> None:
    parameters = model(SLOPES).parameters.as_seen()
    held = np.array([False, True, False, False])
    phi = with_held(parameters, np.array([0.1, 0.0, 0.1, 0.0]), held, np.array([0.0, 0.5, 0.0, 0.0]))
    assert phi[1] == 0.5
    assert np.linalg.eigvalsh([[phi[0], phi[1]], [phi[1], phi[2]]])[0] > 0


def test_a_slope_held_at_zero_leaves_the_model_without_it() -> None:
    held = {"var(month | patient)": 0.0, "cov((Intercept), month | patient)": 0.0}
    fit, without = model(SLOPES).fit(fixed=held), model("score ~ month * format + (1 | patient)").fit()
    assert fit.criterion == pytest.approx(without.criterion, abs=1e-7)
    np.testing.assert_allclose(fit.theta.drop(list(held)), without.theta, rtol=1e-6)


@pytest.mark.parametrize(
    ("fixed", "sentence"),
    [
        ({COHORT: np.inf}, f"{COHORT} is held at inf: give a finite number."),
        (
            {COHORT: -1.0},
            f"{COHORT} is held at -1, and a variance is not below 0. Hold it at 0 or above or fit with bounded=False.",
        ),
        ({"residual": 0.0}, "residual is held at 0, and a residual variance is above 0. Hold it above 0."),
        ({"residual": -2.0}, "residual is held at -2, and a variance is not below 0. Hold it at 0 or above."),
    ],
)
def test_values_that_cannot_be_held(fixed: dict[str, float], sentence: str) -> None:
    with pytest.raises(MixedModelError) as error:
        model(COHORTS).fit(fixed=fixed)
    assert str(error.value) == sentence


def test_a_variance_below_zero_is_held_where_it_may_be() -> None:
    assert model(COHORTS).fit(fixed={COHORT: -1.0}, bounded=False).theta[COHORT] == pytest.approx(-1.0)


def test_an_element_of_us_is_held_where_variances_may_be_negative() -> None:
    """bounded=False held an element of the Cholesky factor in its place: 0.888 was fitted where 1 was held."""
    made = model("score ~ visit + (0 + is_group | cohort) + us(visit | patient)")
    assert made.fit(fixed={"us(1, 2)": 20.0}, bounded=False).theta["us(1, 2)"] == pytest.approx(20.0, rel=1e-9)
