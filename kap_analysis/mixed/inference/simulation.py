"""New responses drawn from a fit: the same patients and visits, new random effects and residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kap_analysis.mixed.fitted_model import FittedModel


def simulate_responses(fit: FittedModel, n_draws: int = 1, *, seed: int) -> pd.DataFrame:
    """Responses drawn from the fitted model, its estimates taken as true.

    Parameters
    ----------
    fit : FittedModel
        The fit.
    n_draws : int
        How many responses to draw.
    seed : int
        Seed of ``numpy.random.default_rng``; the same seed gives the same numbers on every machine.

    Returns
    -------
    pandas.DataFrame
        One row per analysed row (the index of the data), one column per draw, in units of the response:
        ``y* = X beta + L z`` with ``L L' = V`` for each independent unit.
    """
    rng = np.random.default_rng(seed)
    draws = np.repeat((fit.design.x @ fit.beta)[:, None], n_draws, axis=1)
    for unit in range(len(fit.units)):
        rows = fit.units.rows[unit]
        root = np.linalg.cholesky(fit.units.covariance(unit))
        draws[rows] += root @ rng.standard_normal((len(rows), n_draws))
    return pd.DataFrame(draws, index=fit.design.frame.index, columns=range(n_draws))
