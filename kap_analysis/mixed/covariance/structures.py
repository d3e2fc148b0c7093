"""Covariance matrices as functions of their parameters, with exact first and second derivatives.

Two languages are spoken of one block. Its *elements* enter V linearly (variances and covariances, lower triangle by
rows); the likelihood is differentiated in them. Its *parameters* are what the optimiser moves: a Cholesky factor, log
standard deviations, correlations. `jacobian` and `second_derivative` translate derivatives from one to the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import cholesky_of_semidefinite, lower_triangle, matrix_of

Array = NDArray[np.float64]


class CovarianceBlock(ABC):
    """One covariance matrix of a model, or one variance."""

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

    def on_boundary(self, phi: Array) -> NDArray[np.bool_]:
        """Parameters that stand on the boundary of the parameter space."""
        return np.zeros(self.n_parameters, dtype=bool)


@dataclass(frozen=True)
class Natural(CovarianceBlock):
    """The elements themselves, free to leave the cone of covariance matrices."""

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


@dataclass(frozen=True)
class Factor(CovarianceBlock):
    """An unstructured matrix by its Cholesky factor L, lower triangle by rows; a diagonal of 0 is the boundary."""

    size: int

    @cached_property
    def n_elements(self) -> int:  # type: ignore[override]
        return self.size * (self.size + 1) // 2

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        return self.n_elements

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        return lower_triangle(self.size)

    @cached_property
    def _at(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return np.tril_indices(self.size)

    def factor(self, phi: Array) -> Array:
        """L (size, size)."""
        out = np.zeros((self.size, self.size))
        out[self._at] = phi
        return out

    def elements(self, phi: Array) -> Array:
        root = self.factor(phi)
        return (root @ root.T)[self._at]

    def jacobian(self, phi: Array) -> Array:
        root = self.factor(phi)
        i, j = self._at
        out = np.zeros((self.n_elements, self.n_parameters))
        for at, (a, b) in enumerate(self.pairs):
            out[:, at] = (i == a) * root[j, b] + (j == a) * root[i, b]
        return out

    @cached_property
    def _second_derivatives(self) -> Array:
        """(parameters, parameters, elements): constant, because LL' is quadratic."""
        size = self.n_parameters
        where = {pair: at for at, pair in enumerate(self.pairs)}
        out = np.zeros((size, size, size))
        for m, (a, b) in enumerate(self.pairs):
            for n, (c, d) in enumerate(self.pairs):
                if b == d:
                    out[m, n, where[max(a, c), min(a, c)]] = 2.0 if a == c else 1.0
        return out

    def second_derivative(self, phi: Array, slope: Array) -> Array:
        return self._second_derivatives @ slope

    def parameters(self, elements: Array) -> Array:
        matrix = matrix_of(elements, self.size)
        return cholesky_of_semidefinite(matrix)[self._at]

    def shift(self, log_scale: float) -> None:
        return None

    def on_boundary(self, phi: Array) -> NDArray[np.bool_]:
        diagonal = np.array([i == j for i, j in self.pairs])
        return diagonal & (np.abs(phi) < 1e-5)


@dataclass(frozen=True)
class Banded(CovarianceBlock):
    """Standard deviations times correlations that follow a rule: cs, csh, ar1, ar1h, toep, toeph.

    Parameters are the log standard deviations (one, or one per visit with the h), then the correlations: one (cs, ar1),
    or one per lag (toep).
    """

    structure: str
    size: int

    @cached_property
    def n_elements(self) -> int:  # type: ignore[override]
        return self.size * (self.size + 1) // 2

    @property
    def n_deviations(self) -> int:
        return self.size if self.structure.endswith("h") else 1

    @property
    def n_correlations(self) -> int:
        return 0 if self.size == 1 else (self.size - 1 if self.structure.startswith("toep") else 1)

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        return self.n_deviations + self.n_correlations

    @cached_property
    def _lag(self) -> NDArray[np.intp]:
        i, j = np.tril_indices(self.size)
        return i - j

    @cached_property
    def _share(self) -> Array:
        """(deviations, elements): how often each log standard deviation stands in each element."""
        i, j = np.tril_indices(self.size)
        if self.n_deviations == 1:
            return np.full((1, self.n_elements), 2.0)
        at = np.arange(self.size)[:, None]
        return (i == at).astype(float) + (j == at)

    def _correlations(self, rho: Array) -> tuple[Array, Array, Array]:
        """Correlations (elements,), their slopes (correlations, elements) and own second derivatives (same shape)."""
        lag = self._lag
        if self.structure.startswith("toep"):
            slopes = (lag == np.arange(1, self.size)[:, None]).astype(float)
            return np.where(lag == 0, 1.0, np.r_[1.0, rho][lag]), slopes, np.zeros_like(slopes)
        if not len(rho):
            return np.ones(1), np.zeros((0, 1)), np.zeros((0, 1))
        power = np.minimum(lag, 1) if self.structure.startswith("cs") else lag
        r = float(rho[0])
        first = np.where(power > 0, power * r ** np.maximum(power - 1, 0), 0.0)
        second = np.where(power > 1, power * (power - 1) * r ** np.maximum(power - 2, 0), 0.0)
        return np.asarray(r**power), np.asarray(first)[None], np.asarray(second)[None]

    def _parts(self, phi: Array) -> tuple[Array, Array, Array, Array]:
        scale = np.exp(phi[: self.n_deviations] @ self._share)
        return scale, *self._correlations(phi[self.n_deviations :])

    def elements(self, phi: Array) -> Array:
        scale, correlation, _, _ = self._parts(phi)
        return scale * correlation

    def jacobian(self, phi: Array) -> Array:
        scale, correlation, first, _ = self._parts(phi)
        return np.vstack([self._share * (scale * correlation), first * scale]).T

    def second_derivative(self, phi: Array, slope: Array) -> Array:
        scale, correlation, first, second = self._parts(phi)
        cut = self.n_deviations
        out = np.zeros((self.n_parameters, self.n_parameters))
        out[:cut, :cut] = (self._share * (slope * scale * correlation)) @ self._share.T
        out[cut:, :cut] = (first * (slope * scale)) @ self._share.T
        out[:cut, cut:] = out[cut:, :cut].T
        out[cut:, cut:] += np.diag(second @ (slope * scale))
        return out

    def parameters(self, elements: Array) -> Array:
        matrix = matrix_of(elements, self.size)
        deviations = np.sqrt(np.diag(matrix))
        correlation = (matrix / np.outer(deviations, deviations))[np.tril_indices(self.size)]
        if self.n_deviations == 1:
            deviations = np.sqrt(np.mean(deviations**2, keepdims=True))
        if self.n_correlations == 0:
            return np.log(deviations)
        lags = np.array([correlation[self._lag == lag].mean() for lag in range(1, self.size)])
        if self.structure.startswith("cs"):
            lags = np.array([correlation[self._lag > 0].mean()])
        elif self.structure.startswith("ar1"):
            lags = lags[:1]
        return np.concatenate([np.log(deviations), lags])

    def shift(self, log_scale: float) -> Array:
        return np.where(np.arange(self.n_parameters) < self.n_deviations, log_scale, 0.0)


@dataclass(frozen=True)
class InTime(CovarianceBlock):
    """log variance and log range of `variance * exp(-|t - s| / range)`; V is not linear in them."""

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
