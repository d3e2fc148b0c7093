"""-2 log (restricted) likelihood of a layout with its exact first and second derivatives in the elements of V.

With S = W'V^-1 W, W = [Q y], and c = (-beta, 1) at the generalised least squares beta, y'Py = c'S c. REML adds
log|Q'V^-1 Q| (Patterson & Thompson 1971, doi:10.1093/biomet/58.3.545).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.likelihood.evaluation import evaluate
from kap_analysis.mixed.likelihood.layout import Layout
from kap_analysis.mixed.likelihood.scaling import Scaling

Array = NDArray[np.float64]


class Evaluated(Protocol):
    """log|V| and S with their derivatives: of all units at once (`Evaluation`), or added up from parts (`Sums`)."""

    @property
    def eta(self) -> Array: ...

    @property
    def logdet(self) -> float: ...

    @property
    def s(self) -> Array: ...

    def first(self) -> tuple[Array, Array]: ...

    def logdet2(self, curved: bool = True) -> Array: ...

    def second(self, xi: Array, curved: bool = True) -> Array: ...

    def weighted(self, w: Array) -> Array: ...


@dataclass
class Criterion:
    """The criterion at one vector of elements.

    Attributes
    ----------
    value : float
        -2 log likelihood of the user's response (REML: of its error contrasts, as lme4 and mmrm count them).
    beta : numpy.ndarray
        (p,): coefficients of the scaled columns Q.
    unscaled_cov : numpy.ndarray
        (p, p): (Q'V^-1 Q)^-1.
    """

    evaluation: Evaluated
    reml: bool
    value: float
    beta: Array
    unscaled_cov: Array

    @cached_property
    def _c(self) -> Array:
        return np.append(-self.beta, 1.0)

    @cached_property
    def _fixed(self) -> Array:
        """Phi in the columns of X, 0 in that of y."""
        out = np.zeros((len(self._c),) * 2)
        out[:-1, :-1] = self.unscaled_cov
        return out

    @cached_property
    def _first(self) -> tuple[Array, Array]:
        return self.evaluation.first()

    @property
    def s1(self) -> Array:
        """Derivatives of Q'V^-1 Q (m, p, p)."""
        return self._first[1][:, :-1, :-1]

    @cached_property
    def gradient(self) -> Array:
        """(m,): first derivatives."""
        logdet1, s1 = self._first
        xi = np.outer(self._c, self._c)  # beta is where c'S c is least: that it moves changes nothing to first order
        if self.reml:
            xi = xi + self._fixed
        return logdet1 + np.tensordot(s1, xi, axes=([1, 2], [0, 1]))

    @cached_property
    def _turned(self) -> Array:
        """S_j c without the row of y (m, p)."""
        return (self._first[1] @ self._c)[:, :-1]

    @property
    def beta_slope(self) -> Array:
        """Derivatives of the coefficients along the elements of V (p, m)."""
        return self.unscaled_cov @ self._turned.T

    @cached_property
    def _quadratic(self) -> Array:
        """tr(Phi S_j Phi S_k)."""
        products = self.unscaled_cov @ self.s1
        m = len(products)
        return products.reshape(m, -1) @ products.transpose(0, 2, 1).reshape(m, -1).T

    @cached_property
    def hessian(self) -> Array:
        """(m, m): second derivatives."""
        xi = np.outer(self._c, self._c)
        if self.reml:
            xi = xi + self._fixed
        out = self.evaluation.logdet2() + self.evaluation.second(xi)
        out -= 2 * self._turned @ self.unscaled_cov @ self._turned.T
        if self.reml:
            out -= self._quadratic
        return (out + out.T) / 2

    @cached_property
    def expected(self) -> Array:
        """(m, m): expected information of the elements, for -log likelihood."""
        out = -self.evaluation.logdet2(curved=False)
        if self.reml:
            out = out - self.evaluation.second(self._fixed, curved=False) + self._quadratic
        return (out + out.T) / 4


def criterion_at(layout: Layout, eta: Array, reml: bool) -> Criterion | None:
    """The criterion at given elements; None where a V is not positive definite."""
    evaluation = evaluate(layout, eta)
    return None if evaluation is None else criterion_of(evaluation, layout.scaling, layout.n, reml)


def criterion_of(evaluation: Evaluated, scaling: Scaling, n: int, reml: bool) -> Criterion | None:
    """The criterion of n rows from what was evaluated; None where X'V^-1 X is not positive definite."""
    s = evaluation.s
    p = len(s) - 1
    try:
        root = np.linalg.cholesky(s[:p, :p])
    except np.linalg.LinAlgError:
        return None
    inverse = np.linalg.inv(root) if p else root
    unscaled_cov = np.asarray(inverse.T @ inverse, dtype=float)
    beta = unscaled_cov @ s[:p, p]
    rest = float(s[p, p] - s[:p, p] @ beta)
    value = evaluation.logdet - scaling.log_weights + rest + n * np.log(2 * np.pi) + 2 * n * np.log(scaling.scale)
    if reml:  # the determinant is that of the user's columns X = Q r, so that the criterion is lme4's and mmrm's
        value += 2 * np.log(np.diag(root)).sum() + 2 * scaling.log_size
        value -= p * (np.log(2 * np.pi) + 2 * np.log(scaling.scale))
    if not np.isfinite(value):
        return None
    return Criterion(evaluation, reml, float(value), beta, unscaled_cov)
