"""The model: a formula with its data, ready to be fitted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.coefficients.estimates import rows_of_l
from kap_analysis.mixed.coefficients.fixed_effects import DDF_METHODS
from kap_analysis.mixed.coefficients.information import JOINT, KINDS, usual_information
from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.design.residual import check_one_residual
from kap_analysis.mixed.errors import MixedModelError, numbers_of, require_name
from kap_analysis.mixed.estimation.fixed_parameters import check_cone
from kap_analysis.mixed.estimation.parameters import Parameters, make_parameters
from kap_analysis.mixed.estimation.solution import minimise
from kap_analysis.mixed.fitted_model import FitSettings
from kap_analysis.mixed.formula.formula import MixedFormula
from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.inference.design_precision import expected_precision
from kap_analysis.mixed.likelihood.layout import Layout, make_layout
from kap_analysis.mixed.many.data_sets import design_of_data_set, read_data_sets
from kap_analysis.mixed.many.many_fits import ManyFits, make_many_fits
from kap_analysis.mixed.many.together import fit_together
from kap_analysis.mixed.parts.model_in_parts import ModelInParts
from kap_analysis.mixed.parts.parts_of_data import Partitioned, is_in_parts, parts_of
from kap_analysis.mixed.parts.wanted import Wanted, check_formula
from kap_analysis.mixed.results import MixedResults


@dataclass(frozen=True, eq=False)
class MixedModel:
    """A linear mixed model of one response on the rows of one frame.

    Attributes
    ----------
    design : Design
        The rows that are used, as matrices and codes.
    """

    design: Design

    def __repr__(self) -> str:
        return f"<MixedModel {self.design.in_words}>"

    @cached_property
    def layout(self) -> Layout:
        return make_layout(self.design)

    @cached_property
    def parameters(self) -> Parameters:
        return make_parameters(self.design)

    def with_response(self, y: ArrayLike) -> MixedModel:
        """The same model for another response on the same rows (n,), none of them missing.

        Raises
        ------
        MixedModelError
            When the response is no number for each row. `fit_many` takes missing ones.
        """
        response = numbers_of(y, "The response")
        if response.shape != self.design.y.shape:
            raise MixedModelError(f"The response has the shape {response.shape}; give {len(self.design.y)} numbers.")
        wrong = int((~np.isfinite(response)).sum())
        if wrong:
            raise MixedModelError(
                f"The response is missing or infinite in {wrong} of {len(response)} rows. Make the model of the rows "
                "that were observed, or use fit_many."
            )
        return self.on_design(replace(self.design, y=response))

    def on_design(self, design: Design) -> MixedModel:
        """The same kind of model on another design, such as one without some of the rows."""
        return MixedModel(design)

    def fit(
        self,
        reml: bool = True,
        ddf: str | None = None,
        *,
        bounded: bool = True,
        fixed: Mapping[str, float] | None = None,
        information: str | None = None,
        start: Mapping[str, float] | None = None,
    ) -> MixedResults:
        """Estimate by exact (restricted) maximum likelihood.

        Parameters
        ----------
        reml : bool
            Restricted maximum likelihood; False is ordinary maximum likelihood.
        ddf : {"kenward-roger", "satterthwaite", "between-within", "residual", "normal"}, optional
            Degrees of freedom: Kenward-Roger under REML and Satterthwaite under ML, where it is not given.
        bounded : bool
            False lets variances of bar terms become negative while every V stays positive definite (SAS: NOBOUND).
        fixed : mapping, optional
            Covariance parameters to hold, by the names of ``theta``.
        information : {"expected", "observed", "joint"}, optional
            Information for Kenward-Roger: the expected one for models with bars (as pbkrtest) and the observed one for
            models with a residual covariance only (as mmrm), where it is not given. "joint" takes the standard errors
            from the observed information of coefficients and covariance parameters together, as glmmTMB, by every df
            method; degrees of freedom do not change. See docs/mixed_models.md.
        start : mapping, optional
            Values of all of ``theta`` to begin with.

        Returns
        -------
        MixedResults

        Raises
        ------
        MixedModelError
            When a covariance is not identified, no maximum can be certified, or the arguments contradict each other.
        """
        ddf = ddf or ("kenward-roger" if reml else "satterthwaite")
        check_asked(reml, ddf, information)
        kind = information or usual_information(self.design)
        settings = FitSettings(reml, ddf, bounded, dict(fixed or {}), kind)
        for name in settings.fixed:
            require_name(name, self.parameters.names, "covariance parameter")
        parameters = self.parameters_under(settings)
        begin = None if start is None else self._start(start)
        solution = minimise(self.layout, parameters, reml, settings.fixed, begin)
        if settings.fixed:
            check_cone(parameters, solution.criterion.evaluation.eta, settings.bounded)
        return MixedResults(self, settings, solution)

    def fit_many(
        self,
        responses: ArrayLike,
        reml: bool = True,
        ddf: str | None = None,
        *,
        contrasts: ArrayLike | None = None,
        covariates: Mapping[str, ArrayLike] | None = None,
        information: str | None = None,
    ) -> ManyFits:
        """Fit the model to many data sets at once: simulated or resampled responses on the rows of this design.

        The matrices of all data sets are worked on together, Newton step by Newton step. The numbers are those of
        ``with_response(y).fit()`` of each, up to rounding. A data set that needs more care (a search that fails, a
        boundary that is a saddle) is fitted by itself, as are all data sets of models with crossed groupings, several
        groupings above the subject or a correlation in time, and of between-within df.

        Parameters
        ----------
        responses : array or pandas.DataFrame
            (n, data sets): one column per data set. Missing: the row is not observed in this data set, as after
            dropout; its factors keep the levels of the design, and a data set whose rows say nothing of a coefficient
            is refused. Random slopes are then scaled by all rows, so that estimates agree with a fit of the observed
            rows to about 1e-6 standard errors, the criterion to 1e-8. Where the variance of subjects is 1e5 times that
            within them, or more, rounding leaves 1e-6 of the criterion open, in either fit.
        reml, ddf, information
            As ``fit`` takes them.
        contrasts : array, optional
            (l, p): rows of L, whose estimates, standard errors and df are wanted.
        covariates : mapping, optional
            Columns of numbers of the fixed part that differ between data sets, by name: (n, data sets) each.

        Returns
        -------
        ManyFits

        Raises
        ------
        MixedModelError
            When shapes or names do not suit the model. A data set without a fit raises nothing: ``status`` says why.

        Examples
        --------
        >>> fits = fit.model.fit_many(fit.simulate(3, seed=1))
        >>> fits.status["converged"].tolist()
        [True, True, True]
        """
        ddf = ddf or ("kenward-roger" if reml else "satterthwaite")
        check_asked(reml, ddf, information)
        kind = information or usual_information(self.design)
        sets, frames = read_data_sets(self.design, responses, covariates)
        rows = self._contrasts(contrasts)
        found = fit_together(self.design, self.parameters, sets, rows, reml=reml, ddf=ddf, information=kind)
        for d in np.flatnonzero(found.alone).tolist():
            try:
                design = design_of_data_set(self.design, sets, frames, d)
                found.put(d, self.on_design(design).fit(reml, ddf, information=kind), rows)
            except MixedModelError as error:
                found.problem[d] = str(error)
        return make_many_fits(found, self.design.fixed.names, self.parameters.names)

    def expected(self, theta: Mapping[str, float], contrasts: ArrayLike, ddf: str = "kenward-roger") -> pd.DataFrame:
        """What the rows of this model would tell if the covariance parameters were so: no response is looked at.

        For a study that is planned: the frame has a row for each observation that is hoped for, and any numbers as
        the response.

        Parameters
        ----------
        theta : mapping
            The assumed value of every covariance parameter, by the names of ``parameters.names``: variances and
            covariances in squared units of the response.
        contrasts : array
            (l, p): rows of L, one number per coefficient.
        ddf : {"kenward-roger", "satterthwaite"}
            With Kenward-Roger the standard error is adjusted; the df of one row are those of Satterthwaite.

        Returns
        -------
        pandas.DataFrame
            One row per row of L: ``contrast std_error df``, by the expected information of the covariance parameters.

        Raises
        ------
        MixedModelError
            When a value is missing, or there is no such covariance.

        Examples
        --------
        >>> planned = fit.model.expected(fit.theta, [[0, 1]])
        >>> abs(float(planned["std_error"].iloc[0]) / fit.bse.iloc[1] - 1) < 1e-6
        True
        """
        rows = self._contrasts(contrasts)
        return expected_precision(self.layout, self.design, self.parameters, theta, rows, ddf)

    def parameters_under(self, settings: FitSettings) -> Parameters:
        """The parameters as the optimiser moves them under these settings."""
        parts = []
        for part in self.parameters.parts:
            partly = part.size > 1 and any(name in settings.fixed for name in part.names)
            natural = partly or (part.is_bar and not settings.bounded)
            parts.append(replace(part, block=part.seen) if natural else part)
        return Parameters(tuple(parts))

    def _contrasts(self, contrasts: ArrayLike | None) -> NDArray[np.float64]:
        """Rows of L (l, p), none where none are given."""
        p = self.design.x.shape[1]
        return np.zeros((0, p)) if contrasts is None else rows_of_l(contrasts, p)

    def _start(self, start: Mapping[str, float]) -> NDArray[np.float64]:
        """Elements inside from values of theta."""
        missing = [name for name in self.parameters.names if name not in start]
        if missing:
            raise MixedModelError(f"The start lacks {', '.join(missing[:3])}: give a value for each name of theta.")
        values = np.array([float(start[name]) for name in self.parameters.names])
        return self.parameters.inside(values, self.layout.scaling)


def check_asked(reml: bool, ddf: str, information: str | None) -> None:
    """Raise where the arguments of a fit are not known or contradict each other."""
    require_name(ddf, DDF_METHODS, "df method")
    if ddf == "kenward-roger" and not reml:
        raise MixedModelError(
            "Kenward-Roger is defined for REML; found reml=False. Use ddf='satterthwaite', or fit by REML."
        )
    if information is not None:
        require_name(information, (*KINDS, JOINT), "kind of information")


@overload
def mixedlm(
    formula: str | MixedFormula,
    data: str | os.PathLike[str] | Partitioned,
    *,
    residual_by: str | None = None,
    weights: str | None = None,
) -> ModelInParts: ...


@overload
def mixedlm(
    formula: str | MixedFormula,
    data: Any,
    *,
    residual_by: str | None = None,
    weights: str | ArrayLike | None = None,
) -> MixedModel: ...


def mixedlm(
    formula: str | MixedFormula,
    data: Any,
    *,
    residual_by: str | None = None,
    weights: str | ArrayLike | None = None,
) -> MixedModel | ModelInParts:
    """A linear mixed model, or a mixed model for repeated measures.

    Parameters
    ----------
    formula : str or MixedFormula
        ``response ~ fixed part + (columns | grouping) + structure(visit | subject)``. The response is a column or an
        expression such as ``score - baseline``. The fixed part is read by formulaic (factors by treatment contrasts,
        ``*``, ``:``, transforms, splines); bar terms are lme4's, with ``||``, nested ``a/b`` and crossed groupings;
        the residual covariance is over an ordered visit, such as ``us(visit | patient_id)``, ``us(visit |
        format/patient_id)`` for one matrix per format and ``ar1``, or in time: ``exponential(month | patient_id)``
        (docs/mixed_models.md lists all). A formula holds columns, arithmetic, comparisons and a list of functions; it
        cannot run code.
    data : pandas.DataFrame, a table of polars or Arrow, a path of Parquet data, or a Dask DataFrame
        One row per observation. Of a path (a file, or a folder of files that end in ``.parquet``) and of a Dask
        DataFrame never more than a row group or a partition is in memory (docs/scale.md says what is fitted so).
        Numbers of any type are read as 64-bit floats, words and categories as levels. Rows
        with a missing value in a needed column are left out and counted in ``design.n_left_out``; a grouping may be
        missing where the columns of its bar are 0.
    residual_by : str, optional
        A column; each of its levels has a residual variance of its own.
    weights : str or array, optional
        Precision weights above 0: the residual variance is sigma2 / weight.

    Returns
    -------
    MixedModel or ModelInParts
        Call ``fit()`` on it.

    Raises
    ------
    MixedModelError
        When the formula does not parse or the data do not suit it; the message says what to change.

    Examples
    --------
    >>> scores = pd.DataFrame({"score": [20.0, 12, 25, 16, 18, 13, 30, 19], "visit": ["a", "b"] * 4})
    >>> scores["patient"] = [1, 1, 2, 2, 3, 3, 4, 4]
    >>> fit = mixedlm("score ~ visit + (1 | patient)", scores).fit()
    >>> fit.params.round(2).to_dict()
    {'Intercept': 23.25, 'visit[T.b]': -8.25}
    """
    if is_in_parts(data):
        return _in_parts(formula, data, residual_by, weights)
    return MixedModel(build_design(formula, data, residual_by=residual_by, weights=weights))


def _in_parts(
    formula: str | MixedFormula, data: Any, residual_by: str | None, weights: str | ArrayLike | None
) -> ModelInParts:
    if weights is not None and not isinstance(weights, str):
        raise MixedModelError("Of data in parts weights are the name of a column; found an array.")
    read = read_formula(formula)
    check_one_residual(read.residual, residual_by)
    wanted = Wanted(read, residual_by, weights)
    check_formula(wanted)
    return ModelInParts(wanted, parts_of(data, wanted.columns))
