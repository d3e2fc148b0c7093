"""Tests of linear combinations of the coefficients: estimates, standard errors and df under each df method.

With joint information the covariance of the coefficients is (X'V^-1 X)^-1 + J W J' (see `joint_addition`), with the
observed information as in glmmTMB. The df are those without it, by every method: they say how well the large part of
the variance is known. Kenward and Roger's Lambda is the mean of J W J' over y, for the rows that there are and their W:
there J W J' with this W takes the place of the first of the two Lambdas. Added to both it would count the same
uncertainty twice. Under loss at random the two differ, because which rows there are depends on y.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc

from kap_analysis.mixed.coefficients.between_within import between_within_df
from kap_analysis.mixed.coefficients.estimates import rows_of_l
from kap_analysis.mixed.coefficients.information import (
    JOINT,
    element_covariance,
    interior_covariance,
    joint_addition,
    usual_information,
)
from kap_analysis.mixed.coefficients.kenward_roger import KenwardRoger
from kap_analysis.mixed.coefficients.satterthwaite import f_df, row_df, uncorrelated_rows
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning, require_name
from kap_analysis.mixed.estimation.solution import Solution
from kap_analysis.mixed.likelihood.scaling import Scaling

Array = NDArray[np.float64]
DDF_METHODS = ("kenward-roger", "satterthwaite", "between-within", "residual", "normal")


@dataclass(frozen=True)
class Inference:
    """l linear combinations of the coefficients.

    Attributes
    ----------
    estimate, std_error, df : numpy.ndarray
        (l,).
    covariance : numpy.ndarray
        (l, l): adjusted under Kenward-Roger.
    """

    estimate: Array
    covariance: Array
    std_error: Array
    df: Array


@dataclass(frozen=True)
class FTest:
    """A joint test of L beta = 0; missing numbers where Kenward-Roger finds no denominator df."""

    statistic: float
    df_num: int
    df_den: float
    p_value: float


@dataclass
class FixedInference:
    """The coefficients of one fit with their covariance, plain and adjusted."""

    design: Design
    scaling: Scaling
    solution: Solution
    information: str

    @cached_property
    def beta(self) -> Array:
        return self.scaling.coefficients(self.solution.criterion.beta)

    @cached_property
    def unadjusted(self) -> Array:
        """(X'V^-1 X)^-1 in the user's units."""
        return self._outside(self.solution.criterion.unscaled_cov)

    @cached_property
    def kenward_roger(self) -> KenwardRoger:
        kind = usual_information(self.design) if self.information == JOINT else self.information
        return KenwardRoger(self.solution.criterion, element_covariance(self.solution, kind))

    @cached_property
    def _interior(self) -> Array:
        return interior_covariance(self.solution)

    @cached_property
    def adjusted(self) -> Array:
        """Kenward and Roger's covariance in the user's units."""
        if self.information != JOINT:
            return self._outside(self.kenward_roger.covariance)
        added = joint_addition(self.solution.criterion, self.kenward_roger.w)
        return self.unadjusted + self._outside(self.kenward_roger.addition + added)

    @cached_property
    def _joint(self) -> Array:
        return self.unadjusted + self._outside(joint_addition(self.solution.criterion, self._interior))

    def _outside(self, inside: Array) -> Array:
        half = np.linalg.solve(self.scaling.r, inside)
        return self.scaling.scale**2 * np.linalg.solve(self.scaling.r, half.T)

    def covariance(self, method: str) -> Array:
        """Covariance of the coefficients under a df method (p, p)."""
        if method == "kenward-roger":
            return self.adjusted
        return self._joint if self.information == JOINT else self.unadjusted

    def rows(self, rows: ArrayLike, method: str) -> Inference:
        """Each row of L (l, p) by itself."""
        rows = self._checked(rows, method)
        covariance = rows @ self.covariance(method) @ rows.T
        return Inference(
            rows @ self.beta, covariance, np.sqrt(np.maximum(np.diag(covariance), 0.0)), self._df(rows, method)
        )

    def _checked(self, rows: ArrayLike, method: str) -> Array:
        require_name(method, DDF_METHODS, "df method")
        rows = rows_of_l(rows, len(self.beta))
        if method == "kenward-roger" and not self.solution.criterion.reml:
            raise MixedModelError(
                "Kenward-Roger is defined for REML; this fit is by ML. Use 'satterthwaite', or refit."
            )
        return rows

    def _df(self, rows: Array, method: str) -> Array:
        here = self.solution.criterion
        if method == "kenward-roger":
            return self.kenward_roger.df(self.scaling.rows(rows))
        if method == "satterthwaite":
            return row_df(self.scaling.rows(rows), here.unscaled_cov, here.s1, self._interior)
        if method == "between-within":
            return between_within_df(self.design, rows)
        n, p = self.design.x.shape
        return np.full(len(rows), float(n - p) if method == "residual" else np.inf)

    def joint(self, rows: ArrayLike, method: str) -> FTest:
        """All rows of L at once; a basis of what they span, but for Satterthwaite, whose df depend on the rows."""
        given = self._checked(rows, method)
        rows = independent_rows(given)
        q = len(rows)
        estimate, covariance = rows @ self.beta, rows @ self.covariance(method) @ rows.T
        f = float(estimate @ np.linalg.solve(covariance, estimate)) / q
        if method == "kenward-roger" and q > 1:
            df, scale = self.kenward_roger.scaled_f(self.scaling.rows(rows))
            f *= scale
            if np.isnan(df):
                _warn_of_no_df(q)
        elif method == "satterthwaite" and q > 1:
            df = f_df(self._df(uncorrelated_rows(given, self.covariance(method)), method))
        else:
            df = float(self._df(rows, method).min())
        return FTest(f, q, float(df), float(fdtrc(q, min(df, 1e12), f)))


def _warn_of_no_df(q: int) -> None:
    warnings.warn(
        f"The Kenward-Roger F test of {q} rows has no denominator df, and no p-value is given: too few groups carry "
        "the contrast for its moments. Use ddf='satterthwaite'.",
        MixedModelWarning,
        stacklevel=5,  # where f_test or anova is called
    )


def independent_rows(rows: Array) -> Array:
    """An orthonormal basis of what the rows of L span."""
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows = rows[length > 0] / length[length > 0, None]
    if not len(rows):
        raise MixedModelError("Every row of L is zero: there is no hypothesis to test.")
    _, values, vectors = np.linalg.svd(rows, full_matrices=False)
    return vectors[values > 1e-9 * values[0]]
