"""A covariance matrix without a pattern, moved by its Cholesky factor: bar terms and `us()`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.block import CovarianceBlock
from kap_analysis.mixed.covariance.symmetric import cholesky_of_semidefinite, lower_indices, lower_triangle, matrix_of

Array = NDArray[np.float64]
#: A diagonal of the factor below this, in standard deviations of what least squares leaves over, counts as 0: where the
#: criterion is flat the search ends near 0 and not at it. lme4's ``isSingular`` takes 1e-4, too.
NEXT_TO_NOTHING = 1e-4


@dataclass(frozen=True)
class Unstructured(CovarianceBlock):
    """An unstructured matrix by its Cholesky factor L, lower triangle by rows; a diagonal of 0 is the boundary.

    The factor keeps the matrix positive semidefinite and, unlike its logarithm, reaches singular matrices: a variance
    of a random effect is often estimated as 0.
    """

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

    @property
    def _at(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return lower_indices(self.size)

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
    def second_derivatives(self) -> Array:
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
        return self.second_derivatives @ slope

    def parameters(self, elements: Array) -> Array:
        matrix = matrix_of(elements, self.size)
        return cholesky_of_semidefinite(matrix)[self._at]

    def shift(self, log_scale: float) -> None:
        return None

    def on_boundary(self, phi: Array, within: float) -> NDArray[np.bool_]:
        diagonal = np.array([i == j for i, j in self.pairs])
        return diagonal & (np.abs(phi) < within)
