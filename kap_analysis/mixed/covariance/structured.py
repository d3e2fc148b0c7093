"""A covariance matrix over visits as standard deviations times correlations that follow a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.block import CovarianceBlock
from kap_analysis.mixed.covariance.symmetric import matrix_of

Array = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Structured(CovarianceBlock):
    """Standard deviations times correlations, each of which is a product of correlation parameters.

    Parameters are the log standard deviations (one, or one per visit), then the correlation parameters. They are not
    transformed: a correlation may be negative in every structure, and where the matrix stops being positive definite
    depends on the structure and its size. There the search turns back, also where a random effect beside the residual
    keeps V positive definite: a correlation of 1.04 is none.

    Attributes
    ----------
    size : int
        Visits.
    by_visit : bool
        Whether each visit has a standard deviation of its own.
    powers : numpy.ndarray
        (correlation parameters, elements) how often each stands in the correlation of each pair of visits, lower
        triangle by rows: all 1 for compound symmetry, the lag for ar1.
    """

    size: int
    by_visit: bool
    powers: Array

    @cached_property
    def n_elements(self) -> int:  # type: ignore[override]
        return self.size * (self.size + 1) // 2

    @property
    def n_deviations(self) -> int:
        return self.size if self.by_visit else 1

    @property
    def n_parameters(self) -> int:  # type: ignore[override]
        return self.n_deviations + len(self.powers)

    @cached_property
    def _deviation_powers(self) -> Array:
        """(deviations, elements): how often each standard deviation stands in each element."""
        i, j = np.tril_indices(self.size)
        if not self.by_visit:
            return np.full((1, self.n_elements), 2.0)
        at = np.arange(self.size)[:, None]
        return (i == at).astype(float) + (j == at)

    @cached_property
    def _together(self) -> tuple[tuple[int, int], ...]:
        """Pairs of correlation parameters, of which a second derivative is not 0 everywhere."""
        p = self.powers
        return tuple(
            (k, m)
            for k in range(len(p))
            for m in range(k + 1)
            if ((p[k] > 1).any() if k == m else ((p[k] > 0) & (p[m] > 0)).any())
        )

    def _parts(self, phi: Array) -> tuple[Array, Array, Array]:
        """Products of deviations (elements,), correlations (elements,) and their slopes (correlations, elements)."""
        scale = np.exp(phi[: self.n_deviations] @ self._deviation_powers)
        factors, slopes = (self._differentiated(phi, times) for times in (0, 1))
        own = np.eye(len(slopes), dtype=bool)[:, :, None]
        return scale, factors.prod(axis=0), np.where(own, slopes, factors).prod(axis=1)

    def _differentiated(self, phi: Array, times: int) -> Array:
        """(correlations, elements): rho^power, differentiated by rho so many times."""
        rho = phi[self.n_deviations :, None]
        before = np.prod([self.powers - i for i in range(times)], axis=0)
        return np.where(self.powers >= times, before * rho ** np.maximum(self.powers - times, 0), 0.0)

    def elements(self, phi: Array) -> Array:
        scale, correlation, _ = self._parts(phi)
        return scale * correlation

    def room(self, phi: Array) -> float:
        """The smallest eigenvalue of the correlations over all visits."""
        return float(np.linalg.eigvalsh(matrix_of(self._parts(phi)[1], self.size))[0])

    def jacobian(self, phi: Array) -> Array:
        scale, correlation, first = self._parts(phi)
        return np.vstack([self._deviation_powers * (scale * correlation), first * scale]).T

    def second_derivative(self, phi: Array, slope: Array) -> Array:
        scale, correlation, first = self._parts(phi)
        cut, share = self.n_deviations, self._deviation_powers
        out = np.zeros((self.n_parameters, self.n_parameters))
        out[:cut, :cut] = (share * (slope * scale * correlation)) @ share.T
        out[cut:, :cut] = (first * (slope * scale)) @ share.T
        out[:cut, cut:] = out[cut:, :cut].T
        of_order = [self._differentiated(phi, times) for times in range(3)]
        for k, m in self._together:
            factors = of_order[0].copy()
            for which in (k, m):
                factors[which] = of_order[2 if k == m else 1][which]
            out[cut + k, cut + m] = out[cut + m, cut + k] = factors.prod(axis=0) @ (slope * scale)
        return out

    @cached_property
    def _solved_from(self) -> tuple[tuple[int, Marks], ...]:
        """Each correlation parameter with the elements that give it, in the order in which they are solved.

        These are the elements in which it stands once, alone or beside parameters that are known by then.
        """
        p, steps = self.powers, []
        unknown = np.ones(len(p), dtype=bool)
        while unknown.any():
            once = p[unknown].sum(axis=0) == 1
            found = [(int(k), (p[k] == 1) & once) for k in np.flatnonzero(unknown) if ((p[k] == 1) & once).any()]
            if not found:
                raise ValueError("Each correlation parameter needs an element in which it stands once.")
            steps += found
            unknown[[k for k, _ in found]] = False
        return tuple(steps)

    def parameters(self, elements: Array) -> Array:
        matrix = matrix_of(elements, self.size)
        deviations = np.sqrt(np.diag(matrix))
        correlation = (matrix / np.outer(deviations, deviations))[np.tril_indices(self.size)]
        if not self.by_visit:
            deviations = np.sqrt(np.mean(deviations**2, keepdims=True))
        rho = np.ones(len(self.powers))
        for k, marks in self._solved_from:
            others = (rho[:, None] ** self.powers)[:, marks].prod(axis=0)  # rho[k] is 1 until it is known
            rho[k] = np.mean(correlation[marks] / others) if others.all() else np.inf
            if (others != 1).any() and not abs(rho[k]) < 1:
                rho[k] = 0.5  # no matrix of this structure has these elements: the search goes on from here
        found = np.concatenate([np.log(deviations), rho])
        for _ in range(40):
            if np.isfinite(found).all() and self.room(found) > 0:
                break
            found[self.n_deviations :] *= 0.8  # averages of correlations may leave the cone
        return found

    def shift(self, log_scale: float) -> Array:
        return np.where(np.arange(self.n_parameters) < self.n_deviations, log_scale, 0.0)
