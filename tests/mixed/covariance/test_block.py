"""The two simplest blocks: elements as they are, and one variance by its logarithm."""

import numpy as np
import pytest

from kap_analysis.mixed.covariance.block import CovarianceBlock, LogVariance, Natural
from kap_analysis.mixed.covariance.unstructured import NEXT_TO_NOTHING


def test_elements_are_their_own_parameters():
    block: CovarianceBlock = Natural(3)
    values = np.array([4.0, -1.0, 9.0])
    assert block.elements(values).tolist() == block.parameters(values).tolist() == values.tolist()
    assert block.jacobian(values).tolist() == np.eye(3).tolist()
    assert block.shift(0.5) is None and not block.on_boundary(np.zeros(3), NEXT_TO_NOTHING).any()


def test_a_variance_by_its_logarithm_stays_above_zero():
    block = LogVariance()
    assert block.elements(np.array([-50.0]))[0] > 0
    assert block.parameters(np.array([4.0])) == pytest.approx([np.log(4)])
    assert block.jacobian(np.log([4.0])) == pytest.approx(np.array([[4.0]]))
    assert block.second_derivative(np.log([4.0]), np.array([3.0])) == pytest.approx(np.array([[12.0]]))
    assert block.shift(0.5).tolist() == [1.0]
