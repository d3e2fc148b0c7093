"""The adjustment of Kenward & Roger 1997 for small samples, doi:10.2307/2533558, without second derivatives of V.

SAS calls it DDFM=KENWARDROGER(FIRSTORDER), mmrm "Kenward-Roger-Linear"; pbkrtest gives the same for variance
components. It does not depend on how the covariance is parametrised. Sections and equations are those of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.coefficients.satterthwaite import row_df
from kap_analysis.mixed.likelihood.criterion import Criterion

Array = NDArray[np.float64]


@dataclass
class KenwardRoger:
    """Adjusted covariance and df of any hypothesis about the coefficients of one REML fit.

    Attributes
    ----------
    criterion : Criterion
        The fit, in the scaled columns Q.
    w : numpy.ndarray
        (m, m): covariance of the elements of V, the inverse of their information.
    """

    criterion: Criterion
    w: Array

    @property
    def covariance(self) -> Array:
        """The adjusted covariance (p, p), equation (5) with R_ij = 0."""
        return self.criterion.unscaled_cov + 2 * self.addition

    @cached_property
    def addition(self) -> Array:
        """Lambda (p, p), section 2: what estimating V adds to the covariance of the coefficients, on average over y.

        The adjusted covariance holds it twice: once for that, and once because (X'V^-1 X)^-1 at an estimated V is too
        small by about as much.
        """
        cov, s1 = self.criterion.unscaled_cov, self.criterion.s1
        total = self.criterion.evaluation.weighted(self.w)[:-1, :-1] / 2
        partner = np.tensordot(self.w, s1, axes=1)
        total = total - ((s1 @ cov) @ partner).sum(axis=0)
        added = cov @ total @ cov
        return np.asarray(added + added.T) / 2

    def df(self, rows: Array) -> Array:
        """Denominator df of each row alone: there the paper's df and Satterthwaite's agree, and the scale is 1."""
        return row_df(rows, self.criterion.unscaled_cov, self.criterion.s1, self.w)

    def scaled_f(self, rows: Array) -> tuple[float, float]:
        """Denominator df and scale of F for all rows at once, section 2.4; missing where F has no df."""
        cov, s1, w = self.criterion.unscaled_cov, self.criterion.s1, self.w
        q = len(rows)
        theta = rows.T @ np.linalg.solve(rows @ cov @ rows.T, rows)
        products = (theta @ cov) @ s1 @ cov
        traces = np.trace(products, axis1=1, axis2=2)
        a1 = float(traces @ w @ traces)
        flat = products.reshape(len(w), -1)
        a2 = float(np.sum(w * (flat @ products.transpose(0, 2, 1).reshape(len(w), -1).T)))
        return f_scale(a1, a2, q)


def f_scale(a1: float, a2: float, q: int) -> tuple[float, float]:
    """Denominator df and scale of F from A1 and A2, with the modified moments of the paper's section 3.

    The numbers are those of pbkrtest's ``KRmodcomp``, its guards included. Below 4 df the variance of F, and with it
    rho, is negative by its formula; the df that follow are lawful, and exact in balanced designs. Where they are not
    above 0 there is no F distribution, and both are missing.
    """
    if a2 <= 1e-14:
        return np.inf, 1.0
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    bottom = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / bottom, (q - g) / bottom, (q + 2 - g) / bottom
    below = 1 - a2 / q
    v0, v1, v2 = 1 + c1 * b, 1 - c2 * b, 1 - c3 * b
    v0 = 0.0 if abs(v0) < 1e-10 else v0
    # At 2 df both are 0 in balanced designs, and their ratio is 1.
    ratio = 1.0 if abs(below) < 1e-14 and abs(v1) < 1e-14 else below / v1
    if v2 == 0:
        return 4.0, 2 * below  # rho is infinite
    excess = ratio**2 * v0 / v2 - 1  # q rho - 1
    if abs(excess) < 1e-12:
        return np.inf, below
    df = 4 + (q + 2) / excess
    if df <= 0:
        return np.nan, np.nan
    # The scale is 0 / 0 at 2 df; pbkrtest leaves F alone that near.
    return df, 1.0 if abs(df - 2) < 0.01 else df * below / (df - 2)
