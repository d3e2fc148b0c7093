"""Marginal means: what the model expects for each level of a factor, averaged over all else in a stated way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kap_analysis.mixed.coefficients.estimates import estimate_frame
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.means.reference_grid import mean_rows


def marginal_means(
    fit: FittedModel,
    specs: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
    level: float = 0.95,
    ddf: str | None = None,
) -> pd.DataFrame:
    """What the model expects on average for each level of ``specs``, within each level of ``by``.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    specs, by : str or sequence of str
        Columns of the formula.
    at : mapping, optional
        Column to value or values: restricts a factor to some of its levels, sets a covariate.
    weights : {"equal", "proportional", "patients"}
        How the other factors are averaged. "equal": each combination of their levels counts the same and covariates
        stand at their mean over the rows (the default of emmeans). "proportional": combinations count by the rows that
        have them. "patients": the columns of ``specs`` and ``by`` are set, everything else stays as it is on the first
        row of each analysed patient, and the patients are averaged, each counted once (standardisation).
    level : float
        Confidence level.
    ddf : str, optional
        Another df method than that of the fit.

    Returns
    -------
    pandas.DataFrame
        One row per mean, ``by`` varying slowest: the columns of ``specs`` and ``by``, then ``estimate std_error df
        statistic p_value ci_low ci_high``, in units of the response; the test is of the mean being 0.

    Raises
    ------
    MixedModelError
        When a column or level is not in the model, or a mean cannot be estimated because the design lacks it.
    """
    grid = mean_rows(fit, specs, by=by, at=at, weights=weights)
    inference = fit.inference(grid.rows, ddf)
    return estimate_frame(grid.labels, inference.estimate, inference.std_error, inference.df, level=level)
