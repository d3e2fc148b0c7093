"""What a design would tell at assumed covariance parameters, before there is any response.

Standard errors and df follow from X and V alone. The covariance parameters have their expected information, as R's
powerlmm takes it (Magnusson, Andersson & Carlbring) and as Kenward & Roger 1997, doi:10.2307/2533558, do.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.coefficients.fixed_effects import FixedInference
from kap_analysis.mixed.coefficients.information import element_covariance
from kap_analysis.mixed.coefficients.kenward_roger import KenwardRoger
from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.errors import MixedModelError, listed, require_name
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.estimation.solution import Solution
from kap_analysis.mixed.likelihood.criterion import criterion_at
from kap_analysis.mixed.likelihood.layout import Layout

Array = NDArray[np.float64]
EXPECTED_DDF = ("kenward-roger", "satterthwaite")


def expected_precision(
    layout: Layout, design: Design, parameters: Parameters, theta: Mapping[str, float], rows: Array, ddf: str
) -> pd.DataFrame:
    """One row per row of L: ``contrast std_error df``."""
    require_name(ddf, EXPECTED_DDF, "df method that a design has before its data")
    solution = _solution_at(layout, parameters, _values(parameters, theta))
    w = element_covariance(solution, "expected")
    fixed = FixedInference(design, layout.scaling, solution, "expected")
    covariance = fixed.covariance(ddf)
    df = KenwardRoger(solution.criterion, w).df(layout.scaling.rows(rows))
    std_error = np.sqrt(np.einsum("lp,pq,lq->l", rows, covariance, rows))
    return pd.DataFrame({"contrast": np.arange(1, len(rows) + 1), "std_error": std_error, "df": df})


def _values(parameters: Parameters, theta: Mapping[str, float]) -> Array:
    """The assumed values in the order of the parameters."""
    theta = dict(theta)
    missing = [name for name in parameters.names if name not in theta]
    if missing:
        raise MixedModelError(f"theta lacks {listed(missing, 3)}: give a value for each covariance parameter.")
    for name in theta:
        require_name(name, parameters.names, "covariance parameter")
    values = np.array([float(theta[name]) for name in parameters.names])
    wrong = [name for name, value in zip(parameters.names, values, strict=True) if not np.isfinite(value)]
    if wrong:
        raise MixedModelError(f"{wrong[0]} is {theta[wrong[0]]}: give a finite number.")
    return values


def _solution_at(layout: Layout, parameters: Parameters, values: Array) -> Solution:
    """The likelihood at these values, as of a search that ended there, nothing of it held."""
    eta = parameters.inside(values, layout.scaling)
    for part in parameters.parts:
        lowest = np.linalg.eigvalsh(matrix_of(eta[part.elements], part.size))[0] if part.is_bar else 0.0
        if lowest < -1e-10 * np.abs(eta[part.elements]).max():
            raise MixedModelError(
                f"theta makes {part.text} no covariance matrix: a variance is below 0, or a "
                "correlation above 1. Give other values."
            )
    here = criterion_at(layout, eta, reml=True)
    if here is None:
        raise MixedModelError(
            "theta makes the covariance of a unit not positive definite. Give residual variances above 0, and "
            "correlations between -1 and 1."
        )
    seen = parameters.as_seen()
    every = np.ones(seen.n, dtype=bool)
    return Solution(seen, seen.from_elements(eta), here, every, ~every, 0.0, (), 1)
