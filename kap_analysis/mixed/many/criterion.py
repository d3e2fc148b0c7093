"""-2 log (restricted) likelihood of many data sets with its derivatives: `likelihood/criterion.py` for many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.many.evaluation import ManyEvaluation, evaluate_many
from kap_analysis.mixed.many.small_matrices import cholesky_factors
from kap_analysis.mixed.many.sums import ManySums

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass
class ManyCriterion:
    """The criterion of each data set at its elements.

    Attributes
    ----------
    good : numpy.ndarray
        (d,): whether the elements lie in the parameter space.
    value : numpy.ndarray
        (d,): infinite where they do not.
    beta, unscaled_cov : numpy.ndarray
        (d, p) and (d, p, p): of the scaled columns Q of each data set.
    """

    evaluation: ManyEvaluation
    eta: Array
    reml: bool
    good: Mask
    value: Array
    beta: Array
    unscaled_cov: Array

    @cached_property
    def _c(self) -> Array:
        return np.concatenate([-self.beta, np.ones((len(self.beta), 1))], axis=1)

    @cached_property
    def _fixed(self) -> Array:
        out = np.zeros_like(self.evaluation.s)
        out[:, :-1, :-1] = self.unscaled_cov
        return out

    @cached_property
    def _xi(self) -> Array:
        own = self._c[:, :, None] * self._c[:, None, :]
        return own + self._fixed if self.reml else own

    @property
    def s1(self) -> Array:
        """Derivatives of Q'V^-1 Q (d, m, p, p)."""
        return self.evaluation.first[1][:, :, :-1, :-1]

    @cached_property
    def gradient(self) -> Array:
        """(d, m)."""
        logdet1, s1 = self.evaluation.first
        d, m = logdet1.shape
        return logdet1 + (s1.reshape(d, m, -1) @ self._xi.reshape(d, -1, 1))[:, :, 0]

    @cached_property
    def _turned(self) -> Array:
        """S_j c without the row of y (d, m, p)."""
        return (self.evaluation.first[1] @ self._c[:, None, :, None])[:, :, :-1, 0]

    @property
    def beta_slope(self) -> Array:
        """Derivatives of the coefficients along the elements of V (d, p, m)."""
        return self.unscaled_cov @ self._turned.swapaxes(1, 2)

    @cached_property
    def _quadratic(self) -> Array:
        products = self.unscaled_cov[:, None] @ self.s1
        d, m = products.shape[:2]
        return products.reshape(d, m, -1) @ products.swapaxes(-1, -2).reshape(d, m, -1).swapaxes(1, 2)

    @cached_property
    def hessian(self) -> Array:
        """(d, m, m)."""
        out = self.evaluation.logdet2 + self.evaluation.second(self._xi)
        out = out - 2 * self._turned @ self.unscaled_cov @ self._turned.swapaxes(1, 2)
        if self.reml:
            out = out - self._quadratic
        return (out + out.swapaxes(1, 2)) / 2

    @cached_property
    def expected(self) -> Array:
        """(d, m, m): expected information of the elements, for -log likelihood."""
        out = -self.evaluation.logdet2
        if self.reml:
            out = out - self.evaluation.second(self._fixed) + self._quadratic
        return (out + out.swapaxes(1, 2)) / 4


def criteria_at(sums: ManySums, eta: Array, reml: bool) -> ManyCriterion:
    """The criterion of each data set at the elements (d, m)."""
    evaluation = evaluate_many(sums, eta)
    s, p = evaluation.s, sums.k - 1
    root, fine = cholesky_factors(s[:, :p, :p])
    inverse = np.linalg.inv(root) if p else root
    cov = inverse.swapaxes(1, 2) @ inverse
    beta = (cov @ s[:, :p, p, None])[:, :, 0]
    rest = s[:, p, p] - np.sum(s[:, :p, p] * beta, axis=1)
    scale = np.log([scaling.scale for scaling in sums.scalings])
    weights = np.array([scaling.log_weights for scaling in sums.scalings])
    value = evaluation.logdet - weights + rest + sums.n * np.log(2 * np.pi) + 2 * sums.n * scale
    if reml:
        size = np.array([scaling.log_size for scaling in sums.scalings])
        diagonal = np.arange(p)
        value = value + 2 * np.log(root[:, diagonal, diagonal]).sum(axis=1) + 2 * size
        value = value - p * (np.log(2 * np.pi) + 2 * scale)
    good = evaluation.good & fine & np.isfinite(value)
    return ManyCriterion(evaluation, eta, reml, good, np.where(good, value, np.inf), beta, cov)
