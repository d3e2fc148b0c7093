"""What every covariance matrix of a model can do for the optimiser, and the two simplest ones.

A matrix is described in two ways. Its *elements* enter V linearly (variances and covariances, lower triangle by rows);
the likelihood is differentiated in them. Its *parameters* are what the optimiser moves: a Cholesky factor, log standard
deviations, correlations. The chain rule from elements to parameters needs `jacobian` and `second_derivative`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class CovarianceBlock(ABC):
    """One covariance matrix of a model, or one variance."""

    #: Whether V is linear in the elements; where it is not, elements and parameters are the same numbers.
    linear: ClassVar[bool] = True
    n_elements: int
    n_parameters: int

    @abstractmethod
    def elements(self, phi: Array) -> Array:
        """The elements (n_elements,) at the parameters."""

    @abstractmethod
    def jacobian(self, phi: Array) -> Array:
        """d elements / d parameters (n_elements, n_parameters)."""

    @abstractmethod
    def second_derivative(self, phi: Array, slope: Array) -> Array:
        """sum_e slope_e d2 element_e / d parameters2 (n_parameters, n_parameters)."""

    @abstractmethod
    def parameters(self, elements: Array) -> Array:
        """Parameters that give these elements, or come near them where the block cannot."""

    @abstractmethod
    def shift(self, log_scale: float) -> Array | None:
        """What each parameter grows by when the scores are multiplied by exp(log_scale); None: it is multiplied too."""

    def room(self, phi: Array) -> float:
        """How far the matrix is inside the cone of covariance matrices; not above 0 where it is no covariance matrix.

        1 where the parameters cannot leave the cone, or may.
        """
        return 1.0

    def on_boundary(self, phi: Array, within: float) -> NDArray[np.bool_]:
        """Parameters that stand on the boundary of the parameter space, or nearer to it than ``within``."""
        return np.zeros(self.n_parameters, dtype=bool)


@dataclass(frozen=True)
class Natural(CovarianceBlock):
    """The elements themselves, which may leave the cone of covariance matrices."""

    n_elements: int

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        return self.n_elements

    def elements(self, phi: Array) -> Array:
        return phi

    def jacobian(self, phi: Array) -> Array:
        return np.eye(self.n_elements)

    def second_derivative(self, phi: Array, slope: Array) -> Array:
        return np.zeros((self.n_elements, self.n_elements))

    def parameters(self, elements: Array) -> Array:
        return np.array(elements, float)

    def shift(self, log_scale: float) -> None:
        return None


@dataclass(frozen=True)
class LogVariance(CovarianceBlock):
    """One variance that is above 0, by its logarithm."""

    n_elements: int = 1
    n_parameters: int = 1

    def elements(self, phi: Array) -> Array:
        return np.exp(phi)

    def jacobian(self, phi: Array) -> Array:
        return np.exp(phi)[:, None]

    def second_derivative(self, phi: Array, slope: Array) -> Array:
        return (np.exp(phi) * slope)[:, None]

    def parameters(self, elements: Array) -> Array:
        return np.log(elements)

    def shift(self, log_scale: float) -> Array:
        return np.array([2 * log_scale])
