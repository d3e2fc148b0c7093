"""Names of the covariance parameters, how they are moved, and what of them the user sees."""

from __future__ import annotations

import numpy as np
import pytest

from tests.mixed.estimation.searches import COHORTS, SLOPES, VISITS, model

FORMULAS = [
    SLOPES,
    COHORTS,
    VISITS,
    "score ~ visit + (1 | cohort) + ar1h(visit | format/patient)",
    "score ~ month + (1 | cohort) + exponential(month | patient)",
]


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        (
            SLOPES,
            "var((Intercept) | patient), cov((Intercept), month | patient), var(month | patient), residual",
        ),
        (COHORTS, "var(is_group | cohort), var((Intercept) | patient), residual"),
        (
            "score ~ visit + cs(visit | format/patient)",
            "cs[individual](log sd), cs[individual](correlation), cs[group](log sd), cs[group](correlation)",
        ),
        (
            "score ~ month + exponential(month | patient)",
            "exponential(log variance), exponential(log range)",
        ),
    ],
)
def test_parameters_are_named_by_term_and_grouping(formula: str, names: str) -> None:
    assert ", ".join(model(formula).parameters.names) == names


@pytest.mark.parametrize("formula", FORMULAS)
def test_derivatives_lead_from_parameters_to_elements(formula: str) -> None:
    parameters = model(formula).parameters
    phi = model(formula).fit().solution.phi + 0.03
    steps = np.eye(len(phi)) * 1e-6
    slopes = np.array([(parameters.elements(phi + e) - parameters.elements(phi - e)) / 2e-6 for e in steps]).T
    np.testing.assert_allclose(parameters.jacobian(phi), slopes, atol=1e-7)
    weight = np.random.default_rng(1).standard_normal(len(slopes))
    twice = [weight @ (parameters.jacobian(phi + e) - parameters.jacobian(phi - e)) / 2e-6 for e in steps]
    np.testing.assert_allclose(parameters.second_derivative(phi, weight), twice, atol=1e-6)


@pytest.mark.parametrize("formula", FORMULAS)
def test_what_the_user_sees_leads_back_to_the_elements(formula: str) -> None:
    made = model(formula)
    eta, scaling = made.fit().solution.criterion.evaluation.eta, made.layout.scaling
    seen = made.parameters.seen_values(eta, scaling)
    assert len(seen) == len(made.parameters.names)
    np.testing.assert_allclose(made.parameters.inside(seen, scaling), eta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(made.parameters.elements(made.parameters.from_elements(eta)), eta, rtol=1e-7, atol=1e-9)


def test_only_bars_have_a_boundary() -> None:
    parameters = model(COHORTS).parameters
    assert parameters.on_boundary(np.array([0.0, 1.0, 0.0])).tolist() == [True, False, False]
    assert not parameters.as_seen().on_boundary(np.zeros(3)).any()
