"""A fit from sums that were added: of parts of the data, of partitions, of practices that do not pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.coefficients.estimates import estimate_frame
from kap_analysis.mixed.coefficients.fixed_effects import FixedInference, FTest, Inference
from kap_analysis.mixed.coefficients.information import element_covariance, usual_information
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.few_evaluations import BAR_SHARE, search_by_sums
from kap_analysis.mixed.estimation.parameters import Parameters, Part, make_parameters
from kap_analysis.mixed.estimation.solution import Solution, starts_far
from kap_analysis.mixed.estimation.starting_values import elements_to_begin_with, mean_products
from kap_analysis.mixed.likelihood.first_sums import FirstSums
from kap_analysis.mixed.likelihood.scaling import AgreedColumns, Scaling
from kap_analysis.mixed.likelihood.sums import Asked, Sums

Array = NDArray[np.float64]
SUMMED_DDF = ("kenward-roger", "satterthwaite", "normal")


@dataclass(frozen=True, eq=False)
class SummedFit:
    """What sums say of a mixed model fitted by REML: everything but what needs rows.

    Attributes
    ----------
    design : Design
        What the columns and the covariance are; its rows are not looked at.
    names : tuple of str
        The p coefficients that are shared by all parts.
    scaling : Scaling
        Of the agreed columns.
    solution : Solution
        The covariance parameters that were found, and the criterion there.
    nobs : int
        Rows of all parts.
    """

    design: Design
    names: tuple[str, ...]
    scaling: Scaling
    solution: Solution
    nobs: int

    @property
    def criterion(self) -> float:
        """-2 log restricted likelihood."""
        return self.solution.criterion.value

    @property
    def n_evaluations(self) -> int:
        """How often the sums were asked for."""
        return self.solution.steps

    @cached_property
    def theta(self) -> pd.Series:
        """Covariance parameters by name, in the user's units."""
        parameters = make_parameters(self.design)
        values = parameters.seen_values(self.solution.criterion.evaluation.eta, self.scaling)
        return pd.Series(values, parameters.names, name="theta")

    @cached_property
    def _fixed(self) -> FixedInference:
        return FixedInference(self.design, self.scaling, self.solution, usual_information(self.design))

    @property
    def params(self) -> pd.Series:
        """Coefficients by name."""
        return pd.Series(self._fixed.beta, self.names, name="estimate")

    def inference(self, rows: ArrayLike, method: str = "kenward-roger") -> Inference:
        """Each row of L (l, p) by itself."""
        return self._fixed.rows(rows, _known(method))

    def f_test(self, rows: ArrayLike, method: str = "kenward-roger") -> FTest:
        """All rows of L at once: an F test of L beta = 0."""
        return self._fixed.joint(rows, _known(method))

    def coefficients(self, *, level: float = 0.95, ddf: str = "kenward-roger") -> pd.DataFrame:
        """One row per coefficient: ``term estimate std_error df statistic p_value ci_low ci_high``."""
        each = self.inference(np.eye(len(self.names)), ddf)
        terms = pd.DataFrame({"term": list(self.names)})
        return estimate_frame(terms, each.estimate, each.std_error, each.df, level=level)


def _known(method: str) -> str:
    if method not in SUMMED_DDF:
        raise MixedModelError(f"Degrees of freedom {method!r} need rows; from sums there are {', '.join(SUMMED_DDF)}.")
    return method


def fit_from_sums(
    design: Design,
    names: tuple[str, ...],
    first: FirstSums,
    sums_at: Callable[[AgreedColumns, Array, Asked], Sums | None],
    columns: AgreedColumns | None = None,
) -> SummedFit:
    """Fit by REML from sums alone: equal to the fit of all rows.

    Parameters
    ----------
    design : Design
        What the columns and the covariance are; of any part of the data, or of no row.
    names : tuple of str
        The columns of X that are shared by all parts and independent.
    first : FirstSums
        Of all units, for these columns.
    sums_at : callable
        (agreed columns, elements, asked) -> Sums of all units.
    columns : AgreedColumns, optional
        In which the first sums are, where that is not as the user has them.

    Raises
    ------
    MixedModelError
        When the data do not hold what the model asks.
    """
    inner = first.agreed_columns([bar.z.shape[1] for bar in design.bars])
    agreed = inner if columns is None else inner.within(columns)
    scaling = scaling_of(design, agreed, first.log_weights)
    parameters = make_parameters(design)
    begin = _begin(parameters, first, scaling_of(design, inner, first.log_weights))
    turned = np.vstack([np.column_stack([np.linalg.inv(inner.r), -inner.centre]), np.append(np.zeros(len(names)), 1)])
    turned[:, -1] /= inner.scale
    solution = search_by_sums(
        parameters,
        scaling,
        begin,
        turned.T @ first.s @ turned,
        lambda eta, asked: sums_at(agreed, eta, asked),
        lambda found: element_covariance(found, usual_information(design)),
    )
    return SummedFit(design, names, scaling, solution, round(first.n))


def scaling_of(design: Design, agreed: AgreedColumns, log_weights: float) -> Scaling:
    """The way back from agreed columns to the user's units."""
    residual = design.residual
    factor, shift = residual.structure.units(agreed.scale, len(residual.visits))
    bars = [agreed.scale**2 / np.outer(size, size)[np.tril_indices(len(size))] for size in agreed.sizes]
    n_bars, n_strata = sum(map(len, bars)), len(residual.strata)
    return Scaling(
        agreed.centre,
        agreed.r,
        agreed.scale,
        np.concatenate([*bars, *[factor] * n_strata]),
        np.concatenate([np.zeros(n_bars), *[shift] * n_strata]),
        log_weights,
    )


def _begin(parameters: Parameters, first: FirstSums, scaling: Scaling) -> Array:
    """Elements to begin with, as the usual search has them."""
    n_bars = sum(part.elements.stop - part.elements.start for part in parameters.parts if part.is_bar)

    def products(part: Part) -> Array:
        at = slice(part.elements.start - n_bars, part.elements.stop - n_bars)
        return mean_products(*first.mean_products(at, part.size, scaling))

    return elements_to_begin_with(parameters, 0.5 if starts_far(parameters) else BAR_SHARE, products, lambda _: 1.0)
