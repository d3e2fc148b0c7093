"""Newton's method: the single step, and the search that it makes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.estimation.newton import Search, has_arrived, newton_step
from kap_analysis.mixed.estimation.starting_values import starting_elements
from kap_analysis.mixed.model import mixedlm
from tests.mixed.estimation.searches import COHORTS, SLOPES, VISITS, model, search


def test_a_step_goes_to_the_minimum_of_a_quadratic() -> None:
    hessian, gradient = np.array([[4.0, 1.0], [1.0, 2.0]]), np.array([0.3, -0.4])
    step, decrement, convex = newton_step(gradient, hessian)
    np.testing.assert_allclose(step, -np.linalg.solve(hessian, gradient))
    assert decrement == pytest.approx(gradient @ np.linalg.solve(hessian, gradient))
    assert convex


def test_the_units_of_a_parameter_do_not_matter() -> None:
    hessian, gradient, units = np.array([[4.0, 1.0], [1.0, 2.0]]), np.array([0.3, -0.4]), np.array([1e-3, 1e3])
    step, decrement, _ = newton_step(gradient, hessian)
    other, same, _ = newton_step(gradient * units, hessian * np.outer(units, units))
    assert same == pytest.approx(decrement)
    direction = other * units / np.linalg.norm(other * units)
    np.testing.assert_allclose(direction, step / np.linalg.norm(step), rtol=1e-9)


def test_along_negative_curvature_the_step_goes_downhill() -> None:
    hessian, gradient = np.diag([2.0, -3.0]), np.array([0.1, 0.3])
    step, _, convex = newton_step(gradient, hessian)
    assert not convex and gradient @ step < 0
    np.testing.assert_allclose(step, [-0.05, -0.1])


def test_a_flat_direction_without_a_slope_is_left_alone_and_no_step_is_longer_than_one() -> None:
    step, decrement, convex = newton_step(np.array([8.0, 0.0]), np.diag([2.0, 0.0]))
    assert step.tolist() == [-1.0, 0.0] and convex
    assert decrement == pytest.approx(32.0)
    assert newton_step(np.zeros(0), np.zeros((0, 0))) == (pytest.approx(np.zeros(0)), 0.0, True)


@pytest.mark.parametrize("formula", [SLOPES, COHORTS, VISITS])
@pytest.mark.parametrize("reml", [True, False])
def test_the_search_ends_where_the_slope_is_zero_after_few_steps(formula: str, reml: bool) -> None:
    made = model(formula)
    looking = search(made, reml)
    found = looking.run(made.parameters.from_elements(starting_elements(made.layout, made.parameters)))
    assert found is not None
    phi, here, decrement = found
    gradient, hessian = looking.derivatives(phi, here)
    assert decrement < 1e-14 and looking.steps < 15
    assert gradient @ np.linalg.solve(hessian, gradient) < 1e-14
    assert np.linalg.eigvalsh(hessian)[0] > 0


def test_derivatives_are_those_of_the_criterion_in_the_parameters() -> None:
    made = model(SLOPES)
    looking, phi = search(made), np.array([0.8, 0.1, 0.4, -0.3])
    here = looking.at(phi)
    assert here is not None
    gradient, hessian = looking.derivatives(phi, here)

    def value(at: np.ndarray) -> float:
        there = looking.at(at)
        assert there is not None
        return there.value

    steps = np.eye(4) * 1e-4
    np.testing.assert_allclose(gradient, [(value(phi + e) - value(phi - e)) / 2e-4 for e in steps], rtol=1e-6)
    twice = [
        [(value(phi + e + f) - value(phi + e - f) - value(phi - e + f) + value(phi - e - f)) / 4e-8 for f in steps]
        for e in steps
    ]
    np.testing.assert_allclose(hessian, twice, rtol=1e-4, atol=1e-3 * np.abs(hessian).max())


def test_what_is_held_does_not_move() -> None:
    made = model(COHORTS)
    held = np.array([True, False, False])
    found = Search(made.layout, made.parameters, True, held).run(np.array([0.3, 0.5, -0.5]))
    assert found is not None and found[0][0] == 0.3


def test_outside_the_parameter_space_there_is_no_criterion_and_no_search() -> None:
    made = model(SLOPES)
    looking = Search(made.layout, made.parameters.as_seen(), True, np.zeros(4, dtype=bool))
    assert looking.run(np.array([-9.0, 0.0, 1.0, 0.0])) is None


def test_where_rounding_is_as_large_as_a_step_the_search_ends_and_is_not_refused() -> None:
    """Patients differ a thousand times as much as their scores within: no step is as short as it should be."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame([(f"s{s}", f"v{v}") for s in range(20) for v in range(4)], columns=["s", "v"])
    rows["y"] = 5 * np.repeat(rng.standard_normal(20), 4) + 0.005 * rng.standard_normal(80)
    fit = mixedlm("y ~ v + us(v | s)", rows[rng.random(80) < 0.8]).fit()
    assert fit.converged and fit.criterion == pytest.approx(-199.106660, abs=1e-4)


def test_a_search_goes_on_while_steps_become_shorter() -> None:
    assert not has_arrived(1e-12, 1e-5, 100.0, True)
    assert has_arrived(1e-16, 1e-5, 100.0, True) and not has_arrived(1e-16, 1e-5, 100.0, False)
    assert has_arrived(5e-11, 1e-10, 100.0, True)  # a flat criterion
    assert has_arrived(5e-6, 1e-7, 100.0, True) and not has_arrived(5e-6, 1e-5, 100.0, True)  # rounding
