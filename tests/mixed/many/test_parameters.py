"""Parameters and elements of many data sets are those of each."""

import numpy as np
import pytest

from kap_analysis.mixed.many.parameters import (
    elements_of,
    have_room,
    jacobians,
    on_boundary,
    parameters_of,
    second_derivatives,
)
from tests.mixed.many.data_sets_drawn import PATTERNED, SLOPES, VISITS, model

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("formula", [SLOPES, VISITS, PATTERNED])
def test_each_row_is_what_the_parameters_of_one_model_say(formula: str) -> None:
    parameters = model(formula).parameters
    phi = 0.3 * RNG.random((4, parameters.n)) + 0.1
    slope = RNG.standard_normal((4, parameters.parts[-1].elements.stop))
    eta = elements_of(parameters, phi)
    assert have_room(parameters, phi).all()
    for d in range(4):
        np.testing.assert_allclose(eta[d], parameters.elements(phi[d]))
        np.testing.assert_allclose(jacobians(parameters, phi)[d], parameters.jacobian(phi[d]))
        second = parameters.second_derivative(phi[d], slope[d])
        np.testing.assert_allclose(second_derivatives(parameters, phi, slope)[d], second)
        np.testing.assert_allclose(parameters_of(parameters, eta)[d], parameters.from_elements(eta[d]), atol=1e-12)


def test_a_diagonal_of_0_is_on_the_boundary() -> None:
    parameters = model(SLOPES).parameters
    phi = np.full((2, parameters.n), 0.5)
    phi[1, 2] = 1e-7
    assert np.argwhere(on_boundary(parameters, phi)).tolist() == [[1, 2]]


def test_correlations_beyond_the_cone_have_no_room() -> None:
    parameters = model(PATTERNED).parameters
    phi = np.zeros((2, parameters.n))
    phi[1, -1] = 1.2
    assert have_room(parameters, phi).tolist() == [True, False]
