"""Random effects: how far each patient and cohort is estimated to lie from the average, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.fitted_model import FittedModel

ERRORS = ("conditional", "prediction")


def effect_values(fit: FittedModel) -> np.ndarray:
    """All random effects in the order of ``fit.equations``: C Z'R^-1 (y - X beta) (effects,)."""
    equations, design = fit.equations, fit.design
    left = design.y - design.x @ fit.beta
    return np.asarray(equations.spread(equations.z.T @ (equations.r_inverse @ left)))


def estimated_effects(fit: FittedModel, errors: str = "conditional") -> pd.DataFrame:
    """The random effects of every group with their standard errors.

    Best linear unbiased predictions ``b = G Z'V^-1 (y - X beta)`` at the estimated covariance parameters.

    Parameters
    ----------
    fit : FittedModel
        A fit with bar terms, alone or beside a residual covariance.
    errors : {"conditional", "prediction"}
        "conditional": the root of ``C = G - G Z'V^-1 Z G``, the variance of the effect given the scores and the
        coefficients; lme4's ``ranef(condVar = TRUE)``. "prediction": the root of the variance of ``b - b hat``, the
        estimation of the coefficients included, ``C + D Cov(beta) D'`` with ``D = C Z'R^-1 X``; SAS's ``StdErrPred``,
        from the inverse of Henderson's equations, and what ``predict(conditional=True)`` gives. In neither is the
        estimation of the covariance parameters, but for Kenward-Roger's part in Cov(beta).

    Returns
    -------
    pandas.DataFrame
        One row per grouping, level and term: ``grouping term level estimate std_error``, in units of the response
        per unit of the term. Groups in which every column of the bar is 0 (individual patients under
        ``(0 + is_group | cohort)``) have no effect and no row.

    Raises
    ------
    MixedModelError
        When the model has no bar term.

    References
    ----------
    Henderson 1975, doi:10.2307/2529430;
    Bates, Maechler, Bolker & Walker 2015, doi:10.18637/jss.v067.i01; Robinson 1991, doi:10.1214/ss/1177011926.
    """
    if not fit.design.bars:
        raise MixedModelError(
            "The model has no bar term such as (1 | patient), and so no random effects. "
            "What a residual covariance says of one patient is in predict(conditional=True)."
        )
    require_name(errors, ERRORS, "kind of standard error")
    equations, values = fit.equations, effect_values(fit)
    more = np.zeros(len(values))
    if errors == "prediction":
        slope = equations.spread(equations.z.T @ (equations.r_inverse @ fit.design.x))
        more = np.einsum("ij,jk,ik->i", slope, fit.cov_params().to_numpy(), slope)
    frames = []
    for name in dict.fromkeys(bar.grouping for bar in fit.design.bars):
        group = next(group for group in equations.groups if group.grouping == name)
        variance = np.diagonal(equations.conditional(group), axis1=1, axis2=2).ravel() + more[group.start : group.stop]
        levels = np.empty(len(group.levels), dtype=object)
        levels[:] = group.levels
        frames.append(
            pd.DataFrame(
                {
                    "grouping": name,
                    "term": np.tile(np.array(group.terms, dtype=object), len(levels)),
                    "level": np.repeat(levels, group.q),
                    "estimate": values[group.start : group.stop],
                    "std_error": np.sqrt(np.maximum(variance, 0.0)),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def effects_by_group(fit: FittedModel) -> dict[str, pd.DataFrame]:
    """The estimates alone, one frame per grouping: a row per level, a column per term."""
    values = effect_values(fit) if fit.design.bars else np.zeros(0)
    return {
        group.grouping: pd.DataFrame(
            values[group.start : group.stop].reshape(-1, group.q),
            index=pd.Index(group.levels, name=group.grouping),
            columns=list(group.terms),
        )
        for group in fit.equations.groups
    }
