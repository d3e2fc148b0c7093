"""A covariance of scores that are less alike the further apart in time they were taken: one variance and one range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.block import CovarianceBlock

Array = NDArray[np.float64]
#: The log correlation of two scores as a function of their distance in ranges, with its first two derivatives.
Decay = Callable[[Array], tuple[Array, Array, Array]]


@dataclass(frozen=True)
class VarianceAndRange(CovarianceBlock):
    """log variance and log range.

    V is linear in no function of the range. So the likelihood is differentiated in the parameters themselves
    (`covariance_at_times`), and they stand for the elements too.
    """

    linear: ClassVar[bool] = False
    n_elements: int = 2
    n_parameters: int = 2

    def elements(self, phi: Array) -> Array:
        return phi

    def jacobian(self, phi: Array) -> Array:
        return np.eye(2)

    def second_derivative(self, phi: Array, slope: Array) -> Array:
        return np.zeros((2, 2))

    def parameters(self, elements: Array) -> Array:
        return np.array(elements, float)

    def shift(self, log_scale: float) -> Array:
        return np.array([2 * log_scale, 0.0])


def covariance_at_times(decay: Decay, times: Array, phi: Array) -> tuple[Array, Array, Array]:
    """V of rows at times (P, r), and its derivatives by log variance and log range.

    Returns
    -------
    tuple of numpy.ndarray
        V (P, r, r), its first derivatives (P, 2, r, r) and its second ones (P, 2, 2, r, r).
    """
    apart = np.abs(times[:, :, None] - times[:, None, :]) * np.exp(-phi[1])
    log_correlation, slope, second_slope = decay(apart)
    value = np.exp(phi[0] + log_correlation)
    by_range = -apart * slope  # of the log correlation, by the log range
    twice = by_range**2 + apart * slope + apart**2 * second_slope
    mixed = value * by_range
    first = np.stack([value, mixed], axis=1)
    second = np.stack([np.stack([value, mixed], axis=1), np.stack([mixed, value * twice], axis=1)], axis=1)
    return value, first, second
