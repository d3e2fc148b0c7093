"""Marginal means: what the model expects for each level of a factor, averaged over all else in a stated way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kap_analysis.mixed.coefficients.estimates import estimate_frame
from kap_analysis.mixed.fitted_model import Answering
from kap_analysis.mixed.means.averaged_rows import mean_rows
from kap_analysis.mixed.means.estimability import without_what_is_not_estimable


def marginal_means(
    fit: Answering,
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
    fit : FittedModel or FitInParts
        The fit.
    specs, by : str or sequence of str
        Columns of the formula. What a nested factor lies in joins ``specs``, and only combinations that are seen have a
        row.
    at : mapping, optional
        Column to value or values: restricts a factor to some of its levels, sets a covariate.
    weights : {"equal", "proportional", "patients"}
        How the other columns are averaged. "equal", the default of emmeans: each level of a factor counts the same, and
        so does each value of a number that has only two (true and false, 0 and 1); other numbers stand at their mean
        over the rows. A factor that lies within another (a class within a school) is averaged over the levels that are
        seen there. "proportional": combinations count by the rows that have them. "patients": the columns of ``specs``
        and ``by`` are set, everything else stays as it is on the first row of each analysed patient, and the patients
        are averaged, each counted once (standardisation).
    level : float
        Confidence level.
    ddf : str, optional
        Another df method than that of the fit.

    Returns
    -------
    pandas.DataFrame
        One row per mean, ``by`` varying slowest: the columns of ``specs`` and ``by``, then ``estimate std_error df
        statistic p_value ci_low ci_high``, in units of the response; the test is of the mean being 0. Where the data
        cannot give a mean, such as that of a combination of levels without rows in a model with their interaction, its
        numbers are missing, and a column ``note`` says "not estimable".

    Raises
    ------
    MixedModelError
        When a column or level is not in the model.

    Warns
    -----
    MixedModelWarning
        When a mean is not estimable.
    """
    means = mean_rows(fit, specs, by=by, at=at, weights=weights)
    inference = fit.inference(means.rows, ddf)
    frame = estimate_frame(means.labels, inference.estimate, inference.std_error, inference.df, level=level)
    return without_what_is_not_estimable(frame, means.estimable(), fit)
