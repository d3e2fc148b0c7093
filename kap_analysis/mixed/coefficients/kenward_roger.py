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

    @cached_property
    def covariance(self) -> Array:
        """The adjusted covariance (p, p), equation (5) with R_ij = 0."""
        cov, s1 = self.criterion.unscaled_cov, self.criterion.s1
        total = self.criterion.evaluation.weighted(self.w)[:-1, :-1] / 2
        partner = np.tensordot(self.w, s1, axes=1)
        total = total - np.einsum("jab,bc,jcd->ad", s1, cov, partner, optimize=True)
        adjusted = cov + 2 * cov @ total @ cov
        return (adjusted + adjusted.T) / 2

    def df(self, rows: Array) -> Array:
        """Denominator df of each row alone: there the paper's df and Satterthwaite's agree, and the scale is 1."""
        return row_df(rows, self.criterion.unscaled_cov, self.criterion.s1, self.w)

    def scaled_f(self, rows: Array) -> tuple[float, float]:
        """Denominator df and scale of the F statistic of all rows at once, section 2.4; rows of full rank."""
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
    """Denominator df and scale of F from A1 and A2, with the modified moments of the paper's section 3."""
    if a2 <= 1e-14:
        return np.inf, 1.0
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    bottom = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / bottom, (q - g) / bottom, (q + 2 - g) / bottom
    below = 1 - a2 / q
    v0, v1, v2 = 1 + c1 * b, 1 - c2 * b, 1 - c3 * b
    if abs(v2) < 1e-10 and abs(v0) < 1e-10:  # balanced limits, where both vanish together
        v0 = v2 = 1.0
    ratio = below / v1
    rho = ratio**2 * v0 / v2 / q
    if not q * rho - 1 > 0:
        return np.inf, below
    df = 4 + (q + 2) / (q * rho - 1)
    scale = df * below / (df - 2) if abs(df - 2) > 1e-10 else 1.0
    return float(df), float(scale)
