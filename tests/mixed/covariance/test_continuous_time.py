"""A correlation that falls with time: V and its derivatives by log variance and log range."""

import numpy as np
import pytest

from kap_analysis.mixed.covariance.continuous_time import VarianceAndRange, covariance_at_times
from kap_analysis.mixed.covariance.families import InTime
from kap_analysis.mixed.covariance.structures import STRUCTURES, exponential

IN_TIME = [record.decay for record in STRUCTURES.values() if isinstance(record, InTime)]
TIMES = np.array([[0.0, 0.3, 1.0, 2.5], [0.0, 1.0, 1.2, 4.0]])
AT = np.array([0.7, -0.2])
STEP = np.eye(2) * 1e-5
SLOPE = 1e-8  # central differences with steps of 1e-5


def gaussian(apart):
    """exp(-(distance / range)^2), which bends where the exponential does not."""
    return -(apart**2), -2 * apart, np.full_like(apart, -2.0)


@pytest.mark.parametrize("decay", [*IN_TIME, gaussian])
def test_derivatives_are_those_of_v(decay):
    value, first, second = covariance_at_times(decay, TIMES, AT)
    assert value.shape == (2, 4, 4) and first.shape == (2, 2, 4, 4) and second.shape == (2, 2, 2, 4, 4)
    for j, step in enumerate(STEP):
        above, below = (covariance_at_times(decay, TIMES, AT + sign * step) for sign in (1, -1))
        assert first[:, j] == pytest.approx((above[0] - below[0]) / 2e-5, abs=SLOPE)
        assert second[:, :, j] == pytest.approx((above[1] - below[1]) / 2e-5, abs=SLOPE)


def test_the_exponential_written_out():
    value, _, _ = covariance_at_times(exponential, TIMES, np.log([5.0, 2.0]))
    apart = np.abs(TIMES[:, :, None] - TIMES[:, None, :])
    assert value == pytest.approx(5 * np.exp(-apart / 2), rel=1e-12)


def test_other_units_of_the_scores_change_the_variance_and_not_the_range():
    assert VarianceAndRange().shift(np.log(2.5)).tolist() == [2 * np.log(2.5), 0.0]
