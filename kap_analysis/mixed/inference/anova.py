"""Tests of whole terms: the analysis-of-variance table of type 3.

The hypotheses are those of sum-to-zero coding: a main effect is averaged over the levels of the factors that it
interacts with, each level counted the same, and taken where covariates are 0. R's lmerTest and SAS test the same where
every combination of levels is observed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.collinearity import independent_columns
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.formula.formula import Factor, Part, sum_to_zero

Array = NDArray[np.float64]
COLUMNS = ["term", "df_num", "df_den", "statistic", "p_value"]


def anova_table(fit: FittedModel, *, ddf: str | None = None) -> pd.DataFrame:
    """One F test per term of the fixed part, the intercept left out.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    ddf : str, optional
        Another df method than that of the fit.

    Returns
    -------
    pandas.DataFrame
        ``term df_num df_den statistic p_value`` in the order of the formula; the statistic is F, scaled under
        Kenward-Roger.

    Raises
    ------
    MixedModelError
        When the df method does not suit the fit.
    """
    rows = []
    for term, hypothesis in term_hypotheses(fit).items():
        test = fit.f_test(hypothesis, ddf)
        rows.append((term, test.df_num, test.df_den, test.statistic, test.p_value))
    return pd.DataFrame(rows, columns=COLUMNS)


def term_hypotheses(fit: FittedModel) -> dict[str, Array]:
    """The rows of L (l, p) of each term but the intercept, in the columns of the fit.

    With the columns Xs of sum-to-zero coding, Xs = X T, so that its coefficients are T^-1 beta: the rows of T^-1. Where
    columns are collinear those are left out that sum-to-zero coding leaves out.
    """
    x, terms = fit.design.x, fit.design.formula.fixed.terms
    rows = Rows.of(fit.design.frame)
    coded_terms = tuple(tuple(_sum_coded(factor, rows) for factor in term) for term in terms)
    coding, columns = make_coding(Part("type 3", coded_terms), rows)
    kept = independent_columns(columns)
    inverse = np.asarray(np.linalg.inv(_coordinates(x, columns[:, kept])), dtype=float)
    place = {column: at for at, column in enumerate(kept)}
    found = {}
    for term, coded in zip(terms, coding.terms, strict=True):
        own = [place[column] for column in coded.columns if column in place]
        if term and own:
            found[":".join(factor.text for factor in term)] = inverse[own]
    return found


def _sum_coded(factor: Factor, rows: Rows) -> Factor:
    """A factor of the formula, in sum-to-zero coding where its values are levels."""
    is_plain = factor.kind == "column" and rows.is_factor(factor.text)
    column = factor.text if is_plain else factor.levels_of
    return factor if column is None else sum_to_zero(column)


def _coordinates(x: Array, other: Array) -> Array:
    """T with other = x T, for two bases of one space."""
    size = np.sqrt(np.einsum("ij,ij->j", x, x))
    q, r = np.linalg.qr(x / size)
    t = q.T @ other
    gap = np.abs(other - q @ t).max(initial=0.0)
    if other.shape[1] != x.shape[1] or gap > 1e-6 * np.abs(other).max(initial=1.0):
        raise MixedModelError(
            "The terms of this formula have no hypotheses of type 3: in sum-to-zero coding the fixed part would be "
            "another model. Test rows of L of your own with f_test()."
        )
    return np.asarray(np.linalg.solve(r, t) / size[:, None])
