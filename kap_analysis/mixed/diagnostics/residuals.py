"""Residuals, raw and made comparable."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kap_analysis.mixed.errors import require_name
from kap_analysis.mixed.fitted_model import FittedModel

KINDS = ("raw", "standardised", "normalised")


def marginal_residuals(fit: FittedModel, kind: str = "raw") -> pd.Series:
    """Each score minus what the fixed part expects of it.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    kind : {"raw", "standardised", "normalised"}
        "raw": ``y - X beta``. "standardised": divided by its standard deviation in the model, the root of V's diagonal.
        "normalised": ``L^-1 (y - X beta)`` with ``L L' = V`` for each independent unit, uncorrelated with variance 1 if
        the model holds (nlme calls it normalized).

    Returns
    -------
    pandas.Series
        One value per analysed row, with the index of the data; rows left out for missing values are not in it.
    """
    require_name(kind, KINDS, "kind of residual")
    raw = fit.design.y - fit.design.x @ fit.beta
    values = raw.copy()
    if kind != "raw":
        for unit in range(len(fit.units)):
            rows, v = fit.units.rows[unit], fit.units.covariance(unit)
            if kind == "standardised":
                values[rows] = raw[rows] / np.sqrt(np.diag(v))
            else:
                values[rows] = np.linalg.solve(np.linalg.cholesky(v), raw[rows])
    return pd.Series(values, index=fit.design.frame.index, name=f"{kind}_residual")
