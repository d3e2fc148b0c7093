"""A fitted model: what was estimated and how well it is known. It knows none of the questions that are asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.coefficients.estimates import check_level, estimate_frame
from kap_analysis.mixed.coefficients.fixed_effects import FixedInference, FTest, Inference
from kap_analysis.mixed.coefficients.information import JOINT, KINDS, seen_information, usual_information
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.estimation.solution import Solution
from kap_analysis.mixed.fitted_covariance.components import residual_frame, variance_frame
from kap_analysis.mixed.fitted_covariance.mixed_equations import MixedEquations
from kap_analysis.mixed.fitted_covariance.units import Units, make_units
from kap_analysis.mixed.likelihood.layout import Layout
from kap_analysis.mixed.many.many_fits import ManyFits

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FitSettings:
    """What ``fit`` was asked for."""

    reml: bool = True
    ddf: str = "kenward-roger"
    bounded: bool = True
    fixed: Mapping[str, float] = field(default_factory=dict)
    information: str = "expected"

    def as_keywords(self) -> dict[str, Any]:
        """Arguments of ``fit`` that ask for the same."""
        return {
            "reml": self.reml,
            "ddf": self.ddf,
            "bounded": self.bounded,
            "fixed": dict(self.fixed),
            "information": self.information,
        }


class Fittable(Protocol):
    """What a fit needs of its model: enough to fit it again, to other responses or under other settings."""

    @property
    def design(self) -> Design: ...

    @property
    def layout(self) -> Layout: ...

    @property
    def parameters(self) -> Parameters: ...

    def with_response(self, y: ArrayLike) -> Fittable: ...

    def on_design(self, design: Design) -> Fittable: ...

    def parameters_under(self, settings: FitSettings) -> Parameters: ...

    def fit(
        self,
        reml: bool = True,
        ddf: str | None = None,
        *,
        bounded: bool = True,
        fixed: Mapping[str, float] | None = None,
        information: str | None = None,
        start: Mapping[str, float] | None = None,
    ) -> FittedModel: ...

    def fit_many(
        self,
        responses: ArrayLike,
        reml: bool = True,
        ddf: str | None = None,
        *,
        contrasts: ArrayLike | None = None,
        covariates: Mapping[str, ArrayLike] | None = None,
        information: str | None = None,
    ) -> ManyFits: ...


class Answering(Protocol):
    """What marginal means and predictions of the fixed part need of a fit, of rows in memory or in parts."""

    @property
    def design(self) -> Design: ...

    @property
    def beta(self) -> Array: ...

    def inference(self, rows: ArrayLike, method: str | None = None) -> Inference: ...


@dataclass(frozen=True, eq=False)
class FittedModel:
    """What a fit knows of itself: the estimates and how well they are known.

    Attributes
    ----------
    model : MixedModel
        What was fitted.
    settings : FitSettings
        How.
    solution : Solution
        The covariance parameters that were found, and the likelihood there.
    """

    model: Fittable
    settings: FitSettings
    solution: Solution

    # What was fitted

    @property
    def design(self) -> Design:
        """The rows that were used, as matrices and codes."""
        return self.model.design

    @property
    def formula(self) -> str:
        """The formula."""
        return self.design.formula.text

    @property
    def nobs(self) -> int:
        """Rows that were used."""
        return len(self.design.y)

    @property
    def n_left_out(self) -> int:
        """Rows left out because a value was missing."""
        return self.design.n_left_out

    @property
    def converged(self) -> bool:
        """Whether the gradient and the information at the solution certify a maximum; a fit that is not raises."""
        return bool(self.solution.decrement < 1e-6)

    @property
    def singular(self) -> bool:
        """Whether a covariance matrix of a bar term stands on its boundary."""
        return bool(self.solution.boundary)

    @property
    def boundary(self) -> tuple[str, ...]:
        """The terms whose covariance matrix is singular."""
        return self.solution.boundary

    # The likelihood

    @property
    def criterion(self) -> float:
        """-2 log restricted likelihood, or -2 log likelihood under ML, as lme4 and mmrm count it."""
        return self.solution.criterion.value

    @property
    def llf(self) -> float:
        """Log restricted likelihood, or log likelihood under ML."""
        return -self.criterion / 2

    @cached_property
    def ml(self) -> FittedModel:
        """The same model by maximum likelihood."""
        if not self.settings.reml:
            return self
        keywords = self.settings.as_keywords() | {"reml": False, "ddf": "satterthwaite"}
        return self.model.fit(**keywords)

    @property
    def n_parameters(self) -> int:
        """Coefficients and covariance parameters that were estimated."""
        return self.design.x.shape[1] + self.model.parameters.n - len(self.settings.fixed)

    @property
    def aic(self) -> float:
        """-2 log likelihood of the ML fit + 2 times all parameters."""
        return self.ml.criterion + 2 * self.n_parameters

    @property
    def bic(self) -> float:
        """-2 log likelihood of the ML fit + log(rows) times all parameters."""
        return self.ml.criterion + float(np.log(self.nobs)) * self.n_parameters

    # Covariance parameters

    @cached_property
    def _elements(self) -> Array:
        """Elements of V in the user's units; log variance and log range of a correlation in time."""
        return self.model.layout.scaling.outside(self.solution.criterion.evaluation.eta)

    @cached_property
    def theta(self) -> pd.Series:
        """Covariance parameters by name, in the user's units: the names that ``fixed`` and ``start`` take."""
        values = self.model.parameters.seen_values(self.solution.criterion.evaluation.eta, self.model.layout.scaling)
        return pd.Series(values, self.model.parameters.names, name="theta")

    def information(self, kind: str | None = None) -> pd.DataFrame:
        """Information of ``theta``, "expected" or "observed"; parameters that were held are left out."""
        kept = self.settings.information
        kind = kind or (usual_information(self.design) if kept == JOINT else kept)
        require_name(kind, KINDS, "kind of information")
        information, _, moved = seen_information(self.solution, kind)
        back = np.linalg.inv(self.model.parameters.seen_derivative(self.model.layout.scaling))
        names = np.array(self.model.parameters.names)[moved]
        return pd.DataFrame((back.T @ information @ back)[np.ix_(moved, moved)], names, names)

    @cached_property
    def variance_components(self) -> pd.DataFrame:
        """One row per variance and covariance of the bar terms: ``grouping term1 term2 variance sd correlation``."""
        return variance_frame(self.design, self.units)

    @cached_property
    def residual(self) -> pd.DataFrame:
        """The residual part: ``stratum visit1 visit2 variance sd correlation``."""
        return residual_frame(self.design, self.units)

    @cached_property
    def units(self) -> Units:
        """Independent units with their covariance."""
        return make_units(self.design, self._elements)

    # Coefficients

    @cached_property
    def _fixed(self) -> FixedInference:
        return FixedInference(self.design, self.model.layout.scaling, self.solution, self.settings.information)

    @property
    def beta(self) -> Array:
        """Coefficients (p,)."""
        return self._fixed.beta

    @property
    def unscaled_cov(self) -> Array:
        """(X'V^-1 X)^-1 (p, p): their covariance before any adjustment."""
        return self._fixed.unadjusted

    @cached_property
    def params(self) -> pd.Series:
        """Coefficients by name."""
        return pd.Series(self.beta, self.design.fixed.names, name="estimate")

    def cov_params(self, ddf: str | None = None) -> pd.DataFrame:
        """Covariance of the coefficients, adjusted under Kenward-Roger or with joint information."""
        names = list(self.design.fixed.names)
        return pd.DataFrame(self._fixed.covariance(ddf or self.settings.ddf), names, names)

    @cached_property
    def _each(self) -> Inference:
        return self.inference(np.eye(len(self.beta)))

    @property
    def bse(self) -> pd.Series:
        """Standard errors by name."""
        return pd.Series(self._each.std_error, self.design.fixed.names, name="std_error")

    @property
    def df(self) -> pd.Series:
        """Degrees of freedom by name."""
        return pd.Series(self._each.df, self.design.fixed.names, name="df")

    @property
    def tvalues(self) -> pd.Series:
        """t statistics by name."""
        return self.coefficients().set_index("term")["statistic"]

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values by name."""
        return self.coefficients().set_index("term")["p_value"]

    def coefficients(self, *, level: float = 0.95, ddf: str | None = None) -> pd.DataFrame:
        """One row per coefficient: ``term estimate std_error df statistic p_value ci_low ci_high``."""
        each = self._each if ddf is None else self.inference(np.eye(len(self.beta)), ddf)
        terms = pd.DataFrame({"term": list(self.design.fixed.names)})
        return estimate_frame(terms, each.estimate, each.std_error, each.df, level=level)

    def conf_int(self, alpha: float = 0.05, *, level: float | None = None) -> pd.DataFrame:
        """Intervals of the coefficients: columns ``ci_low ci_high``, one row per term.

        Parameters
        ----------
        alpha : float
            As in statsmodels: 0.05 gives 95% intervals. At most 0.5, so that a level is not taken for it.
        level : float, optional
            Confidence level, in place of ``alpha``: 0.95 gives 95% intervals.
        """
        if level is None and not 0 < alpha <= 0.5:
            raise MixedModelError(
                f"alpha is {alpha!r}; give a number above 0 and at most 0.5, such as 0.05 for 95% intervals, or "
                "level=0.95."
            )
        if level is not None and alpha != 0.05:
            raise MixedModelError("alpha and level were both given, and they say the same. Give one.")
        chosen = 1 - alpha if level is None else check_level(level)
        return self.coefficients(level=chosen).set_index("term")[["ci_low", "ci_high"]]

    def inference(self, rows: ArrayLike, method: str | None = None) -> Inference:
        """Each row of L (l, p) by itself, with the df method of the fit or another."""
        return self._fixed.rows(rows, method or self.settings.ddf)

    def f_test(self, rows: ArrayLike, method: str | None = None) -> FTest:
        """All rows of L at once: an F test of L beta = 0."""
        return self._fixed.joint(rows, method or self.settings.ddf)

    def test(self, rows: ArrayLike, *, level: float = 0.95, labels: list[str] | None = None) -> pd.DataFrame:
        """Each row of L (l, p) as an estimate: ``term estimate std_error df statistic p_value ci_low ci_high``."""
        each = self.inference(rows)
        names = labels or [f"row {i + 1}" for i in range(len(each.estimate))]
        return estimate_frame(pd.DataFrame({"term": names}), each.estimate, each.std_error, each.df, level=level)

    @cached_property
    def equations(self) -> MixedEquations:
        """The mixed-model equations at the estimates."""
        return MixedEquations(self.units)
