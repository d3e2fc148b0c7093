"""The fit of data in parts: estimates, standard errors, df, marginal means, as of all rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.coefficients.fixed_effects import FTest, Inference
from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.means.averaged_rows import WEIGHTS
from kap_analysis.mixed.means.contrasts import contrast_means
from kap_analysis.mixed.means.estimated_means import marginal_means
from kap_analysis.mixed.random_effects.prediction import predict_rows
from kap_analysis.mixed.summed_fit import SummedFit

_SAMPLE = "Fit a sample of whole patients in memory and ask that fit."
_ROWS_OF_L = "Give rows of L of your own: f_test(L) tests them together, inference(L) each."
#: What a fit of rows in memory answers, and what to do instead.
NEED_ROWS: Final = {
    "anova": _ROWS_OF_L,
    "within_margin": "Hold the interval of contrasts() against the margin.",
    "conf_int": "coefficients(level=0.95) has the intervals.",
    "tvalues": "coefficients() has them as statistic.",
    "compare": "Compare the criterion of two fits with the same fixed part.",
    **dict.fromkeys(
        (
            "resid", "residuals", "fittedvalues", "random_effects", "effects", "influence", "cluster_robust",
            "simulate", "bootstrap", "profile", "icc", "icc_interval", "r_squared", "save", "units", "equations",
            "information",
        ),
        _SAMPLE,
    ),
    **dict.fromkeys(("aic", "bic", "ml"), "They are of maximum likelihood, which needs the rows in memory."),
    "test": _ROWS_OF_L,
    "unscaled_cov": "cov_params() has the covariance of the coefficients.",
    "summary": "Print coefficients() and theta.",
    "variance_components": "theta has the variances and covariances by name.",
    "residual": "theta has the variances and covariances by name.",
    "boundary": "singular says whether a covariance matrix stands on its boundary.",
    "n_parameters": "theta and params have them.",
}  # fmt: skip


class NeedsRowsError(MixedModelError, AttributeError):
    """It cannot be told without the rows; the message says what to do."""


@dataclass(frozen=True, eq=False)
class FitInParts(SummedFit):
    """The fit of data in parts; what needs rows, such as residuals and predicted random effects, it refuses.

    Attributes
    ----------
    design : Design
        What the columns and the covariance are. It has no rows; its frame has one for each combination of levels.
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

    def __getattr__(self, name: str) -> Any:
        if name in NEED_ROWS:
            raise NeedsRowsError(f"A fit of data in parts keeps no rows and has no {name}. {NEED_ROWS[name]}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

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

    @property
    def beta(self) -> NDArray[np.float64]:
        """Coefficients (p,)."""
        return self._fixed.beta

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

    def means(
        self,
        specs: str | Sequence[str],
        *,
        by: str | Sequence[str] | None = None,
        at: Mapping[str, Any] | None = None,
        weights: str = "equal",
        level: float = 0.95,
        ddf: str | None = None,
    ) -> pd.DataFrame:
        """Marginal means; see ``marginal_means``. Other columns are averaged with equal weights."""
        _check_weights(weights)
        return marginal_means(self, specs, by=by, at=at, level=level, ddf=ddf)

    def contrasts(
        self,
        specs: str | Sequence[str],
        *,
        by: str | Sequence[str] | None = None,
        method: str | Sequence[str] | Mapping[str, Sequence[float] | Mapping[Any, float]] = "pairwise",
        reference: Any = None,
        reverse: bool = False,
        adjustment: str = "none",
        at: Mapping[str, Any] | None = None,
        weights: str = "equal",
        level: float = 0.95,
        ddf: str | None = None,
    ) -> pd.DataFrame:
        """Differences of marginal means; see ``contrast_means``. Other columns are averaged with equal weights."""
        _check_weights(weights)
        return contrast_means(
            self,
            specs,
            by=by,
            method=method,
            reference=reference,
            reverse=reverse,
            adjustment=adjustment,
            at=at,
            level=level,
            ddf=ddf,
        )

    def predict(
        self, newdata: pd.DataFrame, *, interval: bool = False, level: float = 0.95
    ) -> pd.Series | pd.DataFrame:
        """What is expected of each new row by the fixed part; see ``predict_rows``."""
        # Of the fixed part it asks no more than `Answering`.
        return predict_rows(self, newdata, interval=interval, level=level)  # type: ignore[arg-type]


def _check_weights(weights: str) -> None:
    require_name(weights, WEIGHTS, "kind of weights")
    if weights != "equal":
        raise NeedsRowsError(
            f"weights={weights!r} counts rows or patients, and a fit of data in parts keeps none. Take "
            "weights='equal', or rows of L of your own with inference(L)."
        )
