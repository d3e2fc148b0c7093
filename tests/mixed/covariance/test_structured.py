"""Standard deviations times correlations that are products of parameters."""

import numpy as np
import pytest

from kap_analysis.mixed.covariance.structured import Structured
from kap_analysis.mixed.covariance.symmetric import matrix_of

LAG = np.subtract(*np.tril_indices(4))


def test_a_product_of_two_correlation_parameters():
    """gamma rho^(lag - 1), SAS's ARMA(1, 1): gamma is known from lag 1, then rho from lag 2 and 3."""
    block = Structured(4, True, np.array([LAG > 0, np.maximum(LAG - 1, 0)], float))
    phi = np.array([*np.log([1.0, 2, 3, 4]), 0.5, 0.8])
    lag = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    correlation = np.where(lag == 0, 1.0, 0.5 * 0.8 ** np.maximum(lag - 1.0, 0))
    assert matrix_of(block.elements(phi), 4) == pytest.approx(correlation * np.outer(*[np.arange(1.0, 5)] * 2))
    assert block.parameters(block.elements(phi)) == pytest.approx(phi)


def test_second_derivatives_where_parameters_stand_together():
    block = Structured(4, False, np.array([LAG > 0, np.maximum(LAG - 1, 0)], float))
    phi, slope, steps = np.array([0.2, 0.5, 0.8]), np.linspace(-1, 2, 10), np.eye(3) * 1e-5
    found = [slope @ (block.jacobian(phi + e) - block.jacobian(phi - e)) / 2e-5 for e in steps]
    assert block.second_derivative(phi, slope) == pytest.approx(np.array(found), abs=1e-8)


def test_correlations_of_zero_have_their_derivatives():
    block = Structured(4, False, LAG[None].astype(float))
    phi = np.array([0.0, 0.0])
    assert block.jacobian(phi)[:, 1].tolist() == (LAG == 1).astype(float).tolist()
    assert block.second_derivative(phi, np.ones(10))[1, 1] == 2.0 * (LAG == 2).sum()


def test_elements_that_no_parameters_give_have_a_start_near_them():
    """Lag 2 is larger than lag 1, so that rho would be above 1."""
    block = Structured(4, False, np.array([LAG > 0, np.maximum(LAG - 1, 0)], float))
    elements = np.array([1.0, 0.3, 0.6, 0.6])[LAG]
    assert block.parameters(elements) == pytest.approx([0.0, 0.3, 0.5])
    elements = np.array([1.0, 0.0, 0.6, 0.6])[LAG]
    assert block.parameters(elements) == pytest.approx([0.0, 0.0, 0.5])


def test_a_parameter_that_no_element_shows_is_an_error():
    block = Structured(4, False, np.array([LAG > 0, LAG], float))
    with pytest.raises(ValueError, match=r"^Each correlation parameter needs an element in which it stands once\.$"):
        block.parameters(np.ones(10))


def test_averages_of_correlations_are_brought_into_the_cone():
    """Lags 1 and 2 of -.9 and -.9 are correlations of no three visits."""
    block = Structured(3, False, np.array([[0, 1, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0]], float))
    assert block.room(np.array([0.0, -0.9, -0.9])) < 0
    assert block.room(block.parameters(np.array([1.0, -0.9, 1, -0.9, -0.9, 1]))) > 0
