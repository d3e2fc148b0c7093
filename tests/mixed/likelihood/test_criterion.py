"""The engine against the multivariate normal density written out: values, derivatives, information.

Everything is compared at parameters that are not the estimates, so that no derivative is 0. The density is that of
`dense.py`; its first derivatives are complex steps (exact to rounding), its second ones central differences of those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from kap_analysis.mixed.likelihood.criterion import criterion_at
from kap_analysis.mixed.model import MixedModel
from tests.mixed import dense
from tests.mixed.dense_cases import CASES, US4, covariance_at, model_of

VALUE = 1e-10  # relative: sums of some 100 terms in another order
SLOPE = 1e-8  # relative to the largest
BEND = 2e-6  # relative to the largest: central differences with steps of 1e-5, in two random directions
EXPECTED = 1e-8  # relative to the largest


@dataclass(frozen=True)
class Found:
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    expected: np.ndarray
    beta: np.ndarray
    unscaled_cov: np.ndarray


def engine_at(model: MixedModel, theta: np.ndarray, reml: bool) -> Found:
    """What the engine says at parameters in the user's units."""
    layout, parameters = model.layout, model.parameters
    scaling = layout.scaling
    here = criterion_at(layout, parameters.inside(theta, scaling), reml)
    assert here is not None
    seen = parameters.as_seen()
    phi = seen.from_elements(here.evaluation.eta)
    jacobian, back = seen.jacobian(phi), np.linalg.inv(parameters.seen_derivative(scaling))
    curvature = seen.second_derivative(phi, here.gradient)
    half = np.linalg.solve(scaling.r, here.unscaled_cov)
    return Found(
        here.value,
        back.T @ jacobian.T @ here.gradient,
        back.T @ (jacobian.T @ here.hessian @ jacobian + curvature) @ back,
        back.T @ jacobian.T @ here.expected @ jacobian @ back,
        scaling.coefficients(here.beta),
        scaling.scale**2 * np.linalg.solve(scaling.r, half.T),
    )


def dense_slopes(v: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> list[np.ndarray]:
    """dV / d theta by complex steps."""
    steps = np.eye(len(theta)) * dense.STEP * 1j
    return [np.imag(v(theta + step)) / dense.STEP for step in steps]


@pytest.mark.parametrize("reml", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("name", CASES)
def test_criterion_and_derivatives(name: str, reml: bool) -> None:
    v, model = covariance_at(name), model_of(name)
    theta = np.array(CASES[name].theta)
    assert len(theta) == model.parameters.n
    x, y = model.design.x, model.design.y

    def density(at: np.ndarray) -> complex:
        return dense.criterion(v(at), x, y, reml)

    found = engine_at(model, theta, reml)
    assert found.value == pytest.approx(float(np.real(density(theta))), rel=VALUE)
    gradient = dense.complex_gradient(density, theta)
    assert np.max(np.abs(found.gradient - gradient)) < SLOPE * np.max(np.abs(gradient))
    size = np.maximum(np.abs(theta), 0.1)
    for direction in np.random.default_rng(len(name)).standard_normal((2, len(theta))):
        step = 1e-5 * size * direction
        above, below = (dense.complex_gradient(density, theta + sign * step) for sign in (1, -1))
        along = size * (above - below) / 2e-5
        assert np.max(np.abs(size * (found.hessian @ (size * direction)) - along)) < BEND * np.max(np.abs(along))


@pytest.mark.parametrize("reml", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("name", CASES)
def test_expected_information_and_coefficients(name: str, reml: bool) -> None:
    """tr(P V_j P V_k) / 2 under REML, tr(V^-1 V_j V^-1 V_k) / 2 under ML."""
    v, model = covariance_at(name), model_of(name)
    theta, x = np.array(CASES[name].theta), model.design.x
    found = engine_at(model, theta, reml)
    inverse = np.linalg.inv(v(theta))
    cov = np.linalg.inv(x.T @ inverse @ x)
    p = inverse - inverse @ x @ cov @ x.T @ inverse if reml else inverse
    products = [p @ slope for slope in dense_slopes(v, theta)]
    expected = np.array([[np.sum(a * b.T) for b in products] for a in products]) / 2
    size = np.sqrt(np.diag(expected))
    assert np.max(np.abs(found.expected - expected) / np.outer(size, size)) < EXPECTED
    assert np.max(np.abs(found.beta - cov @ x.T @ inverse @ model.design.y) / np.sqrt(np.diag(cov))) < VALUE * 1e3
    assert np.max(np.abs(found.unscaled_cov - cov) / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))) < VALUE * 1e2


# Variances below 0


@pytest.mark.parametrize("theta", [(-6.0, 60.0), (-11.0, 60.0)])
def test_criterion_and_derivatives_with_a_negative_variance(theta: tuple[float, float]) -> None:
    model, v = model_of("patients"), covariance_at("patients")
    at = np.array(theta)
    x, y = model.design.x, model.design.y

    def density(where: np.ndarray) -> complex:
        return dense.criterion(v(where), x, y)

    found = engine_at(model, at, True)
    assert found.value == pytest.approx(float(np.real(density(at))), rel=VALUE)
    assert found.gradient == pytest.approx(dense.complex_gradient(density, at), rel=SLOPE)


@pytest.mark.parametrize(
    ("name", "theta"),
    [("patients", (-16.0, 60.0)), ("slopes", (-30.0, 0.0, -3.0, 60.0)), ("cohorts and us", (-12.0, *US4))],
)
def test_no_criterion_where_a_v_is_indefinite(name: str, theta: tuple[float, ...]) -> None:
    model = model_of(name)
    assert np.linalg.eigvalsh(covariance_at(name)(np.array(theta)))[0] < 0
    assert criterion_at(model.layout, model.parameters.inside(np.array(theta), model.layout.scaling), True) is None
