"""Coefficients of many fits with standard errors and df: `coefficients/` for many data sets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.many.parameters import jacobians, parameters_of, second_derivatives
from kap_analysis.mixed.many.solution import ManySolutions

Array = NDArray[np.float64]
#: Methods of df whose numbers come from the fit; between-within asks the design.
METHODS = ("kenward-roger", "satterthwaite", "residual", "normal")


@dataclass
class ManyInference:
    """The coefficients of many fits.

    Attributes
    ----------
    solutions : ManySolutions
    information : {"expected", "observed"}
        For Kenward-Roger.
    joint : bool
        Whether the standard errors are those of joint information (`coefficients.fixed_effects`).
    """

    solutions: ManySolutions
    information: str
    joint: bool = False

    @cached_property
    def _r(self) -> Array:
        return np.array([scaling.r for scaling in self.solutions.sums.scalings])

    @cached_property
    def _scale(self) -> Array:
        return np.array([scaling.scale for scaling in self.solutions.sums.scalings])

    @cached_property
    def beta(self) -> Array:
        """(f, p)."""
        centre = np.array([scaling.centre for scaling in self.solutions.sums.scalings])
        inside = np.linalg.solve(self._r, self.solutions.criterion.beta[:, :, None])[:, :, 0]
        return centre + self._scale[:, None] * inside

    @cached_property
    def theta(self) -> Array:
        """Covariance parameters as the user sees them (f, t)."""
        scalings, eta = self.solutions.sums.scalings, self.solutions.criterion.eta
        outside = np.array([scaling.outside(one) for scaling, one in zip(scalings, eta, strict=True)])
        return parameters_of(self.solutions.parameters.as_seen(), outside)

    def rows(self, rows: Array, method: str) -> tuple[Array, Array, Array]:
        """Estimates, standard errors and df (f, l) of each row of L (l, p)."""
        inside: Array = np.asarray(np.linalg.solve(self._r.swapaxes(1, 2), rows.T), dtype=float).swapaxes(1, 2)
        variance = np.sum((inside @ self._covariance(method)) * inside, axis=2)
        error = self._scale[:, None] * np.sqrt(np.maximum(variance, 0.0))
        return self.beta @ rows.T, error, self._df(inside, method)

    def _covariance(self, method: str) -> Array:
        """Covariance of the coefficients (f, p, p), inside scale, as `FixedInference.covariance`."""
        cov = self.solutions.criterion.unscaled_cov
        if method == "kenward-roger":
            added = self._addition
            return cov + added + (self._joint_addition(self._elements) if self.joint else added)
        return cov + self._joint_addition(self._interior) if self.joint else cov

    def _joint_addition(self, w: Array) -> Array:
        slope = self.solutions.criterion.beta_slope
        return np.asarray(slope @ w @ slope.swapaxes(1, 2))

    def _df(self, inside: Array, method: str) -> Array:
        here = self.solutions.criterion
        if method in ("kenward-roger", "satterthwaite"):
            w = self._elements if method == "kenward-roger" else self._interior
            return row_dfs(inside, here.unscaled_cov, here.s1, w)
        left = self.solutions.sums.n - here.beta.shape[1]
        one = left.astype(float) if method == "residual" else np.full(len(left), np.inf)
        return np.broadcast_to(one[:, None], inside.shape[:2])

    @cached_property
    def _seen(self) -> tuple[Array, Array]:
        """The parameters that the user sees, inside scale, and d elements / d these."""
        seen = self.solutions.parameters.as_seen()
        phi = parameters_of(seen, self.solutions.criterion.eta)
        return phi, jacobians(seen, phi)

    @cached_property
    def _elements(self) -> Array:
        """Covariance of the elements of V (f, m, m), as `element_covariance`."""
        here, (phi, jacobian) = self.solutions.criterion, self._seen
        turned = jacobian.swapaxes(1, 2)
        if self.information == "expected":
            return spreads(turned @ here.expected @ jacobian, jacobian)
        curved = second_derivatives(self.solutions.parameters.as_seen(), phi, here.gradient)
        return spreads((turned @ here.hessian @ jacobian + curved) / 2, jacobian)

    @cached_property
    def _interior(self) -> Array:
        """The same by the observed information, zero diagonals held, as `interior_covariance`."""
        found, here, parameters = self.solutions, self.solutions.criterion, self.solutions.parameters
        phi, jacobian = self._seen
        curved = second_derivatives(parameters.as_seen(), phi, here.gradient)
        out = spreads((jacobian.swapaxes(1, 2) @ here.hessian @ jacobian + curved) / 2, jacobian)
        at = np.flatnonzero(found.on_boundary.any(axis=1))
        if len(at):
            free = ~found.on_boundary[at]
            jacobian = jacobians(parameters, found.phi[at]) * free[:, None, :]
            curved = second_derivatives(parameters, found.phi[at], here.gradient[at])
            curved = curved * (free[:, :, None] & free[:, None, :])
            out[at] = spreads((jacobian.swapaxes(1, 2) @ here.hessian[at] @ jacobian + curved) / 2, jacobian)
        return out

    @cached_property
    def _addition(self) -> Array:
        """Kenward and Roger's Lambda (f, p, p), inside scale, as `KenwardRoger.addition`."""
        here, w = self.solutions.criterion, self._elements
        f, m = w.shape[:2]
        total = here.evaluation.weighted(w)[:, :-1, :-1] / 2
        partner = (w @ here.s1.reshape(f, m, -1)).reshape(here.s1.shape)
        total = total - (here.s1 @ here.unscaled_cov[:, None] @ partner).sum(axis=1)
        added = here.unscaled_cov @ total @ here.unscaled_cov
        return np.asarray(added + added.swapaxes(1, 2)) / 2


def spreads(information: Array, jacobian: Array) -> Array:
    """J I^-1 J' of each data set, without the directions in which the information is 0."""
    diagonal = np.arange(information.shape[1])
    size = np.sqrt(np.maximum(np.abs(information[:, diagonal, diagonal]), 1e-300))
    values, vectors = np.linalg.eigh(information / (size[:, :, None] * size[:, None, :]))
    known = values > 1e-10 * np.maximum(values.max(axis=1, keepdims=True), 1e-300)
    weight = np.where(known, 1 / np.sqrt(np.where(known, values, 1.0)), 0.0)
    root = (jacobian / size[:, None, :]) @ (vectors * weight[:, None, :])
    return root @ root.swapaxes(1, 2)


def row_dfs(rows: Array, unscaled_cov: Array, s1: Array, w: Array) -> Array:
    """`satterthwaite.row_df` of each data set: df (f, l) of rows (f, l, p)."""
    along = rows @ unscaled_cov
    variance = np.sum(along * rows, axis=2)
    slope = -np.einsum("flp,fjpq,flq->flj", along, s1, along, optimize=True)
    spread = np.sum((slope @ w) * slope, axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(spread > 0, 2 * variance**2 / spread, np.inf)
    return np.where(variance > 0, df, np.nan)
