"""How much of the variance a model with bar terms explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel


@dataclass(frozen=True, slots=True)
class RSquared:
    """Shares of the variance of a score, and what they are made of.

    Attributes
    ----------
    marginal : float
        What the fixed part explains: fixed / (fixed + random + residual).
    conditional : float
        What the fixed part and the groups explain together: (fixed + random) / (fixed + random + residual).
    fixed, random, residual : float
        The three variances, in squared units of the response.
    """

    marginal: float
    conditional: float
    fixed: float
    random: float
    residual: float


def explained_variance(fit: FittedModel) -> RSquared:
    """Marginal and conditional R squared.

    The variance of the fixed part is that of ``X beta`` over the analysed rows (n - 1 below); that of the groups is the
    mean over these rows of ``z'G z``, which for random intercepts is the sum of their variances.

    Parameters
    ----------
    fit : FittedModel
        A fit with bar terms and one residual variance.

    Returns
    -------
    RSquared

    Raises
    ------
    MixedModelError
        When the model has no bar term, or its residual is more than one variance: R squared is not defined then.

    References
    ----------
    Nakagawa & Schielzeth 2013, doi:10.1111/j.2041-210x.2012.00261.x; random slopes: Johnson 2014,
    doi:10.1111/2041-210X.12225.
    """
    design = fit.design
    if not design.bars:
        raise MixedModelError(
            "R squared is defined for models with bar terms such as (1 | patient); this one has none."
        )
    if design.residual.subject is not None or len(design.residual.strata) > 1 or design.weights is not None:
        has = design.residual.text or (
            "weights" if design.weights is not None else f"{len(design.residual.strata)} residual variances"
        )
        raise MixedModelError(
            f"R squared is defined for models with one residual variance for all rows; this one has {has}. "
            "Report the variances themselves."
        )
    random = sum(
        float(np.einsum("ij,jk,ik->", bar.z, g, bar.z)) / fit.nobs
        for bar, g in zip(design.bars, fit.units.matrices, strict=True)
    )
    fixed = float(np.var(design.x @ fit.beta, ddof=1))
    residual = float(fit.units.residual[0][0, 0])
    total = fixed + random + residual
    return RSquared(fixed / total, (fixed + random) / total, fixed, random, residual)
