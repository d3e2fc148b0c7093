"""The fit of data in parts: estimates, standard errors, df and covariance parameters, as of all rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kap_analysis.mixed.coefficients.fixed_effects import FTest, Inference
from kap_analysis.mixed.summed_fit import SummedFit


@dataclass(frozen=True, eq=False)
class FitInParts(SummedFit):
    """The fit of data in parts; what needs rows, such as residuals and predicted random effects, it does not have.

    Attributes
    ----------
    design : Design
        What the columns and the covariance are; it has no rows.
    names : tuple of str
        The p coefficients.
    scaling, solution
        Of the agreed columns, and the covariance parameters that were found there.
    nobs, n_left_out : int
        Rows that were used, and rows that lack a value.
    ddf : str
        The df method where none is asked for.
    """

    n_left_out: int
    ddf: str

    def __repr__(self) -> str:
        return f"<FitInParts {self.design.formula.text!r}, {self.nobs:,} rows>"

    @property
    def formula(self) -> str:
        """The formula."""
        return self.design.formula.text

    @property
    def converged(self) -> bool:
        """Whether the gradient and the information at the solution certify a maximum; a fit that is not raises."""
        return bool(self.solution.decrement < 1e-6)

    @property
    def singular(self) -> bool:
        """Whether a covariance matrix of a bar term stands on its boundary."""
        return bool(self.solution.boundary)

    @property
    def llf(self) -> float:
        """Log restricted likelihood."""
        return -self.criterion / 2

    def inference(self, rows: ArrayLike, method: str | None = None) -> Inference:
        """Each row of L (l, p) by itself, with the df method of the fit or another."""
        return super().inference(rows, method or self.ddf)

    def f_test(self, rows: ArrayLike, method: str | None = None) -> FTest:
        """All rows of L at once: an F test of L beta = 0."""
        return super().f_test(rows, method or self.ddf)

    def coefficients(self, *, level: float = 0.95, ddf: str | None = None) -> pd.DataFrame:
        """One row per coefficient: ``term estimate std_error df statistic p_value ci_low ci_high``."""
        return super().coefficients(level=level, ddf=ddf or self.ddf)

    def cov_params(self, ddf: str | None = None) -> pd.DataFrame:
        """Covariance of the coefficients, adjusted under Kenward-Roger."""
        found = self.inference(np.eye(len(self.names)), ddf).covariance
        return pd.DataFrame(found, list(self.names), list(self.names))

    @property
    def bse(self) -> pd.Series:
        """Standard errors by name."""
        return self.coefficients().set_index("term")["std_error"]

    @property
    def df(self) -> pd.Series:
        """Degrees of freedom by name."""
        return self.coefficients().set_index("term")["df"]

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values by name."""
        return self.coefficients().set_index("term")["p_value"]
