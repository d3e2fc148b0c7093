"""Tests of whole terms: the analysis-of-variance table of type 3, as R's lmerTest and SAS give it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.errors import MixedModelWarning, listed
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.inference.type_three import TypeThree

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
        Kenward-Roger. A term that other terms leave nothing of its own to test has ``df_num`` 0 and no numbers.

    Raises
    ------
    MixedModelError
        When the df method does not suit the fit, or the formula has no hypotheses of type 3.

    Warns
    -----
    MixedModelWarning
        When combinations of levels have no rows: what is tested is then no longer a comparison of means that count each
        combination the same.
    """
    rows = []
    for term, hypothesis in term_hypotheses(fit).items():
        if not len(hypothesis):
            rows.append((term, 0, np.nan, np.nan, np.nan))
            continue
        test = fit.f_test(hypothesis, ddf)
        rows.append((term, test.df_num, test.df_den, test.statistic, test.p_value))
    return pd.DataFrame(rows, columns=COLUMNS)


def term_hypotheses(fit: FittedModel) -> dict[str, Array]:
    """The rows of L (l, p) of each term but the intercept, in the columns of the fit."""
    hypotheses = TypeThree.of(fit)
    if hypotheses.empty:
        warnings.warn(
            f"No row has {listed(hypotheses.empty, 4)}. Where a combination of levels is empty, a type-3 test compares "
            "what the others tell: read it with care.",
            MixedModelWarning,
            stacklevel=4,  # where anova is called
        )
    found = {term.label: hypotheses.rows(term) for term in hypotheses.terms if term.label}
    untested = [label for label, rows in found.items() if not len(rows)]
    if untested:
        warnings.warn(
            f"{listed(untested)} cannot be told apart from other terms, and no hypothesis is left to test.",
            MixedModelWarning,
            stacklevel=4,
        )
    return found
