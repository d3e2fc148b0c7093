"""Intraclass correlation: how alike the scores of two patients are because they share a cohort, or a patient's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.fitted_model import FittedModel


def intraclass_correlation(
    fit: FittedModel,
    grouping: str,
    *,
    at: Mapping[str, Any] | None = None,
    visit: Any = None,
    stratum: Any = None,
) -> float:
    """The share of a score's variance that belongs to one grouping.

    ``z'G z`` of the grouping over ``sum of z'G z of all bars + residual variance``, for a row with stated z. It is the
    correlation of two scores that share this group and no other: two patients of one cohort. Two scores that share more
    (the same therapist and so the same clinic) correlate by the sum of these shares.

    Parameters
    ----------
    fit : FittedModel
        A fit with a bar term of this grouping.
    grouping : str
        As in ``variance_components``: "cohort", "clinic:therapist".
    at : mapping, optional
        The value of each column that stands in the bars, such as ``{"is_group": 1, "month": 3}``.
    visit, stratum : optional
        The visit of a residual covariance; the level that has a residual variance or matrix of its own. Needed where
        the model has several.

    Returns
    -------
    float
        Between 0 and 1; below 0 where ``bounded=False`` let the variance become negative. The residual variance of a
        weighted model is that of a row of weight 1. ``icc_interval`` profiles it.

    Raises
    ------
    MixedModelError
        When the grouping, visit or stratum is not in the model, or a value that is needed is not given.

    References
    ----------
    Shrout & Fleiss 1979, doi:10.1037/0033-2909.86.2.420; Goldstein, Browne & Rasbash 2002,
    doi:10.1207/S15328031US0104_02.
    """
    return icc_of_theta(fit, grouping, at=at, visit=visit, stratum=stratum)(fit.theta)


def icc_of_theta(
    fit: FittedModel,
    grouping: str,
    *,
    at: Mapping[str, Any] | None = None,
    visit: Any = None,
    stratum: Any = None,
) -> Callable[[pd.Series], float]:
    """The same as a function of the covariance parameters, so that its profile can be taken.

    ``z'G z`` is linear in the elements of G: the weights of the elements are found once, for the profile evaluates the
    function some thousand times.
    """
    bars, residual = fit.design.bars, fit.design.residual
    require_name(grouping, dict.fromkeys(bar.grouping for bar in bars), "grouping of a bar term")
    row = _stated_row(fit, dict(at or {}))
    stratum_at = _position(stratum, residual.strata, "stratum")
    visit_at = _position(visit, residual.visits if residual.structure.over_visits else ("",), "visit")
    weights = [_element_weights(bar.coding.rows(row)[0]) for bar in bars]
    own = np.concatenate([w * (bar.grouping == grouping) for w, bar in zip(weights, bars, strict=True)])
    every = np.concatenate(weights)
    size, n_visits = residual.structure.n_elements(len(residual.visits)), len(residual.visits)
    start = len(every) + stratum_at * size
    seen = fit.model.parameters.as_seen()

    def share(theta: pd.Series) -> float:
        elements = seen.elements(theta.to_numpy(dtype=float))
        value = residual.structure.value(elements[start : start + size], n_visits)
        left = value[visit_at, visit_at] if value.ndim == 2 else value[0]
        between = elements[: len(every)]
        return float(own @ between / (every @ between + left))

    return share


def _element_weights(z: np.ndarray) -> np.ndarray:
    """What each element of G counts in z'G z: the lower triangle by rows, covariances twice."""
    products = np.outer(z, z) * (2 - np.eye(len(z)))
    return np.asarray(products[np.tril_indices(len(z))])


def _stated_row(fit: FittedModel, at: dict[str, Any]) -> pd.DataFrame:
    """One row with the columns of the bars."""
    needed = list(dict.fromkeys(name for bar in fit.design.formula.bars for name in bar.part.columns))
    for name in at:
        require_name(name, needed, "column of a bar term")
    lacking = [name for name in needed if name not in at]
    if lacking:
        example = ", ".join(f"{name!r}: ..." for name in lacking)
        raise MixedModelError(
            f"The variance of the bar terms depends on {', '.join(lacking)}. State the value, as in at={{{example}}}."
        )
    return pd.DataFrame({name: [value] for name, value in at.items()}, index=[0])


def _position(value: Any, known: tuple[Any, ...], what: str) -> int:
    """Where a level stands; the only one, which has no name, is ("",)."""
    if known == ("",):
        if value is not None:
            raise MixedModelError(f"The residual variance does not depend on a {what}. Leave {what}={value!r} out.")
        return 0
    if value is None:
        raise MixedModelError(
            f"The residual variance differs between {len(known)} levels. Name one, as in {what}={known[0]!r}."
        )
    require_name(value, known, f"{what} of the residual part")
    return known.index(value)
