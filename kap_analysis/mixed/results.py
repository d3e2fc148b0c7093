"""The results of a fit: each question that can be asked of it is a method, which hands the fit to one function."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.diagnostics.influence import Progress, leave_one_out
from kap_analysis.mixed.diagnostics.residuals import marginal_residuals
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.inference.anova import anova_table
from kap_analysis.mixed.inference.likelihood_ratio import LikelihoodRatio, compare_likelihoods
from kap_analysis.mixed.inference.parametric_bootstrap import Bootstrap, Statistic, bootstrap_fit
from kap_analysis.mixed.inference.profile import profile_parameters
from kap_analysis.mixed.inference.robust_covariance import ClusterRobust, cluster_robust
from kap_analysis.mixed.inference.simulation import simulate_responses
from kap_analysis.mixed.means.contrasts import contrast_means
from kap_analysis.mixed.means.estimated_means import marginal_means
from kap_analysis.mixed.means.non_inferiority import compare_with_margin
from kap_analysis.mixed.output.saved_fit import save_fit
from kap_analysis.mixed.output.summary import Summary, one_line, summary_of
from kap_analysis.mixed.random_effects.effects import effects_by_group, estimated_effects
from kap_analysis.mixed.random_effects.icc import icc_of_theta, intraclass_correlation
from kap_analysis.mixed.random_effects.prediction import fitted_values, predict_rows
from kap_analysis.mixed.random_effects.r_squared import RSquared, explained_variance

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MixedResults(FittedModel):
    """A fit of a mixed model, with the questions that can be asked of it as methods.

    Its estimates, standard errors, tests and covariance parameters are those of
    :class:`~kap_analysis.mixed.fitted_model.FittedModel`.
    """

    # Means and contrasts

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
        """Marginal means of the levels of ``specs`` within each level of ``by``, averaged by ``weights``.

        ``weights`` is "equal", "proportional" or "patients"; see ``marginal_means``.
        """
        return marginal_means(self, specs, by=by, at=at, weights=weights, level=level, ddf=ddf)

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
        """Differences of marginal means: later level minus earlier one; ``reverse=True`` the other way, as emmeans.

        ``method`` is "pairwise", "reference", "differences" or one's own coefficients; ``adjustment`` is "none",
        "bonferroni", "holm" or "tukey"; see ``contrast_means``.
        """
        return contrast_means(
            self,
            specs,
            by=by,
            method=method,
            reference=reference,
            reverse=reverse,
            adjustment=adjustment,
            at=at,
            weights=weights,
            level=level,
            ddf=ddf,
        )

    def within_margin(
        self,
        specs: str,
        *,
        margin: float,
        question: str = "non-inferiority",
        higher_is_better: bool = False,
        alpha: float = 0.025,
        ddf: str | None = None,
        by: str | Sequence[str] | None = None,
        method: str | Sequence[str] | Mapping[str, Sequence[float] | Mapping[Any, float]] = "pairwise",
        reference: Any = None,
        reverse: bool = False,
        at: Mapping[str, Any] | None = None,
        weights: str = "equal",
    ) -> pd.DataFrame:
        """Contrasts held against a margin: non-inferiority or equivalence; see ``compare_with_margin``."""
        return compare_with_margin(
            self,
            specs,
            margin=margin,
            question=question,
            higher_is_better=higher_is_better,
            alpha=alpha,
            ddf=ddf,
            by=by,
            method=method,
            reference=reference,
            reverse=reverse,
            at=at,
            weights=weights,
        )

    # Other inference

    def cluster_robust(self, *, kind: str = "CR2", cluster: str | ArrayLike | None = None) -> ClusterRobust:
        """The sandwich covariance; see ``cluster_robust``."""
        return cluster_robust(self, kind=kind, cluster=cluster)

    def compare(self, other: FittedModel) -> LikelihoodRatio:
        """A likelihood-ratio comparison; see ``compare_likelihoods``."""
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
    def random_effects(self) -> dict[str, pd.DataFrame]:
        """Estimated effects, one frame per grouping: a row per level, a column per term."""
        return effects_by_group(self)

    def effects(self, errors: str = "conditional") -> pd.DataFrame:
        """Random effects with conditional standard errors or prediction errors; see ``estimated_effects``."""
        return estimated_effects(self, errors)

    @cached_property
    def fittedvalues(self) -> pd.Series:
        """X beta + Z b, one per row that was used: given the random effects, as in lme4."""
        return fitted_values(self)

    def predict(
        self,
        newdata: pd.DataFrame | None = None,
        *,
        conditional: bool = False,
        allow_new_groups: bool = False,
        interval: bool = False,
        level: float = 0.95,
    ) -> pd.Series | pd.DataFrame:
        """What is expected of each row; see ``predict_rows``."""
        return predict_rows(
            self, newdata, conditional=conditional, allow_new_groups=allow_new_groups, interval=interval, level=level
        )

    # Terms and variances

    def anova(self, *, ddf: str | None = None) -> pd.DataFrame:
        """F tests of type 3, one per term: ``term df_num df_den statistic p_value``; see ``anova_table``."""
        return anova_table(self, ddf=ddf)

    def profile(self, names: str | list[str] | Mapping[str, Any] | None = None, level: float = 0.95) -> pd.DataFrame:
        """Profile intervals of covariance parameters or functions of ``theta``; see ``profile_parameters``."""
        return profile_parameters(self, names, level)

    def r_squared(self) -> RSquared:
        """Marginal and conditional R squared; see ``explained_variance``."""
        return explained_variance(self)

    def icc(
        self, grouping: str, *, at: Mapping[str, Any] | None = None, visit: Any = None, stratum: Any = None
    ) -> float:
        """The share of a grouping in the variance; see ``intraclass_correlation``."""
        return intraclass_correlation(self, grouping, at=at, visit=visit, stratum=stratum)

    def icc_interval(
        self,
        grouping: str,
        *,
        at: Mapping[str, Any] | None = None,
        visit: Any = None,
        stratum: Any = None,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Its profile interval, in one row: ``name estimate ci_low ci_high``; see ``icc`` for ``at visit stratum``."""
        return profile_parameters(
            self, {"icc": icc_of_theta(self, grouping, at=at, visit=visit, stratum=stratum)}, level
        )

    def bootstrap(
        self,
        statistic: Statistic | None = None,
        n_draws: int = 999,
        *,
        seed: int,
        progress: Callable[[int, int], Any] | None = None,
    ) -> Bootstrap:
        """Refits to drawn responses; see ``bootstrap_fit``."""
        return bootstrap_fit(self, statistic, n_draws, seed=seed, progress=progress)

    # On one page

    def summary(self, *, level: float = 0.95) -> Summary:
        """The fit on one page; print it, or let Jupyter show it."""
        return summary_of(self, level=level)

    def __repr__(self) -> str:
        return one_line(self)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit with its rows to one file; ``load_fit`` reads it."""
        return save_fit(self, path)

    def influence(
        self,
        grouping: str | ArrayLike | None = None,
        *,
        row: ArrayLike | None = None,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Refits without each cohort or patient; see ``leave_one_out``."""
        return leave_one_out(self, grouping, row=row, progress=progress)
