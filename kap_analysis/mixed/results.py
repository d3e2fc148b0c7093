"""A fitted mixed model: what was estimated, how well it is known, and the ways to ask it more."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.anova import anova_table
from kap_analysis.mixed.cluster_robust import ClusterRobust, cluster_robust
from kap_analysis.mixed.components import residual_frame, variance_frame
from kap_analysis.mixed.contrasts import contrast_means
from kap_analysis.mixed.design import Design
from kap_analysis.mixed.effects import effects_by_group, random_effects
from kap_analysis.mixed.estimates import check_level, estimate_frame
from kap_analysis.mixed.fitting import Solution
from kap_analysis.mixed.icc import intraclass_correlation
from kap_analysis.mixed.inference import DDF_METHODS, FixedInference, FTest, Inference
from kap_analysis.mixed.influence import Progress, leave_one_out
from kap_analysis.mixed.information import seen_information
from kap_analysis.mixed.likelihood_ratio import LikelihoodRatio, compare_likelihoods
from kap_analysis.mixed.marginal_means import marginal_means
from kap_analysis.mixed.margins import compare_with_margin
from kap_analysis.mixed.mixed_equations import MixedEquations
from kap_analysis.mixed.names import require_name
from kap_analysis.mixed.parametric_bootstrap import Bootstrap, Statistic, bootstrap_fit
from kap_analysis.mixed.prediction import fitted_values, predict_rows
from kap_analysis.mixed.profile import profile_parameters
from kap_analysis.mixed.r_squared import RSquared, explained_variance
from kap_analysis.mixed.residuals import marginal_residuals
from kap_analysis.mixed.saved_fit import save_fit
from kap_analysis.mixed.simulate import simulate_responses
from kap_analysis.mixed.summary import Summary, one_line, summary_of
from kap_analysis.mixed.units import Units, make_units

if TYPE_CHECKING:
    from kap_analysis.mixed.model import MixedModel

__all__ = ["DDF_METHODS", "FitSettings", "MixedResults"]
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


@dataclass(frozen=True)
class MixedResults:
    """A fit of a mixed model.

    Attributes
    ----------
    model : MixedModel
        What was fitted.
    settings : FitSettings
        How.
    solution : Solution
        The covariance parameters that were found, and the likelihood there.
    """

    model: MixedModel
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
    def ml(self) -> MixedResults:
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
        """Elements of V in the user's units; log variance and log range of an exponential correlation."""
        eta, scaling = self.solution.criterion.evaluation.eta, self.model.layout.scaling
        if self.design.residual.kind != "exponential":
            return scaling.outside(eta)
        return self.solution.parameters.natural_bars().as_seen().seen_values(eta, scaling)

    @cached_property
    def theta(self) -> pd.Series:
        """Covariance parameters by name, in the user's units: the names that ``fixed`` and ``start`` take."""
        values = self.model.parameters.seen_values(self.solution.criterion.evaluation.eta, self.model.layout.scaling)
        return pd.Series(values, self.model.parameters.names, name="theta")

    def information(self, kind: str | None = None) -> pd.DataFrame:
        """Information of ``theta``, "expected" or "observed"; parameters that were held are left out."""
        kind = kind or self.settings.information
        require_name(kind, ("expected", "observed"), "kind of information")
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
    def phi(self) -> Array:
        """(X'V^-1 X)^-1 (p, p): their covariance before any adjustment."""
        return self._fixed.unadjusted

    @cached_property
    def params(self) -> pd.Series:
        """Coefficients by name."""
        return pd.Series(self.beta, self.design.fixed.names, name="estimate")

    def cov_params(self, ddf: str | None = None) -> pd.DataFrame:
        """Covariance of the coefficients, adjusted under Kenward-Roger."""
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

    def coefficients(self, level: float = 0.95, *, ddf: str | None = None) -> pd.DataFrame:
        """One row per coefficient: ``term estimate std_error df statistic p_value ci_low ci_high``."""
        each = self._each if ddf is None else self.inference(np.eye(len(self.beta)), ddf)
        terms = pd.DataFrame({"term": list(self.design.fixed.names)})
        return estimate_frame(terms, each.estimate, each.std_error, each.df, level=level)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Intervals of the coefficients: columns ``ci_low ci_high``, one row per term."""
        check_level(level)
        return self.coefficients(level).set_index("term")[["ci_low", "ci_high"]]

    def inference(self, rows: ArrayLike, method: str | None = None) -> Inference:
        """Each row of L (l, p) by itself, with the df method of the fit or another."""
        return self._fixed.rows(np.asarray(rows, float), method or self.settings.ddf)

    def f_test(self, rows: ArrayLike, method: str | None = None) -> FTest:
        """All rows of L at once: an F test of L beta = 0."""
        return self._fixed.joint(np.asarray(rows, float), method or self.settings.ddf)

    def test(self, rows: ArrayLike, *, level: float = 0.95, labels: list[str] | None = None) -> pd.DataFrame:
        """Each row of L (l, p) as an estimate: ``term estimate std_error df statistic p_value ci_low ci_high``."""
        each = self.inference(rows)
        names = labels or [f"row {i + 1}" for i in range(len(each.estimate))]
        return estimate_frame(pd.DataFrame({"term": names}), each.estimate, each.std_error, each.df, level=level)

    # Means and contrasts

    def means(self, specs: str | list[str], **options: Any) -> pd.DataFrame:
        """Marginal means; see ``kap_analysis.mixed.marginal_means.marginal_means`` for ``by at weights level ddf``."""
        return marginal_means(self, specs, **options)

    def contrasts(self, specs: str | list[str], **options: Any) -> pd.DataFrame:
        """Differences of marginal means; see ``kap_analysis.mixed.contrasts.contrast_means`` for the options."""
        return contrast_means(self, specs, **options)

    def within_margin(self, specs: str, *, margin: float, **options: Any) -> pd.DataFrame:
        """Non-inferiority or equivalence; see ``kap_analysis.mixed.margins.compare_with_margin``."""
        return compare_with_margin(self, specs, margin=margin, **options)

    # Other inference

    def cluster_robust(self, *, kind: str = "CR2", cluster: str | ArrayLike | None = None) -> ClusterRobust:
        """The sandwich covariance; see ``kap_analysis.mixed.cluster_robust.cluster_robust``."""
        return cluster_robust(self, kind=kind, cluster=cluster)

    def compare(self, other: MixedResults) -> LikelihoodRatio:
        """A likelihood-ratio comparison; see ``kap_analysis.mixed.likelihood_ratio.compare_likelihoods``."""
        return compare_likelihoods(self, other)

    # Rows

    @cached_property
    def resid(self) -> pd.Series:
        """Marginal residuals y - X beta, one per row that was used."""
        return marginal_residuals(self)

    def residuals(self, kind: str = "raw") -> pd.Series:
        """Marginal residuals: "raw", "standardised" or "normalised"."""
        return marginal_residuals(self, kind)

    def simulate(self, n_draws: int = 1, *, seed: int) -> pd.DataFrame:
        """New responses drawn from the fitted model, one column per draw."""
        return simulate_responses(self, n_draws, seed=seed)

    # Groups

    @cached_property
    def equations(self) -> MixedEquations:
        """The mixed-model equations at the estimates."""
        return MixedEquations(self.units)

    @cached_property
    def random_effects(self) -> dict[str, pd.DataFrame]:
        """Estimated effects, one frame per grouping: a row per level, a column per term."""
        return effects_by_group(self)

    def effects(self) -> pd.DataFrame:
        """Random effects with standard errors: ``grouping term level estimate std_error``."""
        return random_effects(self)

    @cached_property
    def fittedvalues(self) -> pd.Series:
        """X beta + Z b, one per row that was used: given the random effects, as in lme4."""
        return fitted_values(self)

    def predict(
        self,
        newdata: pd.DataFrame | None = None,
        *,
        conditional: bool = False,
        interval: bool = False,
        level: float = 0.95,
    ) -> pd.Series | pd.DataFrame:
        """What is expected of each row; see ``kap_analysis.mixed.prediction.predict_rows``."""
        return predict_rows(self, newdata, conditional=conditional, interval=interval, level=level)

    # Terms and variances

    def anova(self, *, ddf: str | None = None) -> pd.DataFrame:
        """F tests of type 3, one per term: ``term df_num df_den statistic p_value``; see ``anova_table``."""
        return anova_table(self, ddf=ddf)

    def profile(self, names: str | list[str] | Mapping[str, Any] | None = None, level: float = 0.95) -> pd.DataFrame:
        """Profile intervals of covariance parameters or functions of ``theta``; see ``profile_parameters``."""
        return profile_parameters(self, names, level)

    def r_squared(self) -> RSquared:
        """Marginal and conditional R squared; see ``kap_analysis.mixed.r_squared.explained_variance``."""
        return explained_variance(self)

    def icc(
        self, grouping: str, *, at: Mapping[str, Any] | None = None, visit: Any = None, stratum: Any = None
    ) -> float:
        """The share of a grouping in the variance; see ``kap_analysis.mixed.icc.intraclass_correlation``."""
        return intraclass_correlation(self, grouping, at=at, visit=visit, stratum=stratum)

    def bootstrap(self, statistic: Statistic | None = None, n_draws: int = 999, **options: Any) -> Bootstrap:
        """Refits to drawn responses; see ``bootstrap_fit`` for ``seed`` and ``progress``."""
        return bootstrap_fit(self, statistic, n_draws, **options)

    # On one page

    def summary(self, *, level: float = 0.95) -> Summary:
        """The fit on one page; print it, or let Jupyter show it."""
        return summary_of(self, level=level)

    def __repr__(self) -> str:
        return one_line(self)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit with its rows to one file; ``kap_analysis.mixed.storage.load_fit`` reads it."""
        return save_fit(self, path)

    def influence(
        self,
        grouping: str | ArrayLike | None = None,
        *,
        row: ArrayLike | None = None,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Refits without each cohort or patient; see ``kap_analysis.mixed.influence.leave_one_out``."""
        return leave_one_out(self, grouping, row=row, progress=progress)
