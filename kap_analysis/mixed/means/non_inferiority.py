"""Non-inferiority and equivalence: contrasts held against a margin that the user states. There is no default margin.

Schuirmann 1987, doi:10.1007/BF01068419 (two one-sided tests).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.fitted_model import Answering
from kap_analysis.mixed.means.contrasts import contrast_rows
from kap_analysis.mixed.means.estimability import NOT_ESTIMABLE, without_what_is_not_estimable

QUESTIONS = ("non-inferiority", "equivalence")


def compare_with_margin(
    fit: Answering,
    specs: str,
    *,
    margin: float,
    question: str = "non-inferiority",
    higher_is_better: bool = False,
    alpha: float = 0.025,
    ddf: str | None = None,
    by: str | Sequence[str] | None = None,
    method: str | Sequence[str] | Mapping[str, Sequence[float] | Mapping[Any, float]] = "pairwise",
    reference: Any = None,
    reverse: bool = False,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
) -> pd.DataFrame:
    """Whether a difference stays inside a stated margin.

    Parameters
    ----------
    fit : FittedModel or FitInParts
        The fit.
    specs : str
        The column that is compared.
    margin : float
        The largest difference that would still be called no worse (or the same), in units of the response, above 0.
    question : {"non-inferiority", "equivalence"}
        Non-inferiority is one-sided; equivalence is two one-sided tests, the larger p reported.
    higher_is_better : bool
        The direction of the scale. On a symptom scale lower is better and a contrast above 0 is worse.
    alpha : float
        One-sided level of each test; the interval has the level 1 - 2 alpha (0.025 goes with 95%, 0.05 with 90%).
    ddf : str, optional
        Another df method than that of the fit.
    by, method, reference, reverse, at, weights
        As for contrasts.

    Returns
    -------
    pandas.DataFrame
        One row per contrast: ``contrast``, the columns of ``by``, ``estimate std_error df statistic p_value ci_low
        ci_high margin conclusion``; conclusion is "shown", "not shown" or "not estimable". Not shown does not mean that
        the arms differ.

    Raises
    ------
    MixedModelError
        When the margin is not above 0 or alpha is not between 0 and 0.5.
    """
    require_name(question, QUESTIONS, "question")
    if not isinstance(margin, Real) or not 0 < margin < np.inf:
        raise MixedModelError(f"The margin is {margin!r}; give a number of points above 0, with its source.")
    if not isinstance(alpha, Real) or not 0 < alpha < 0.5:
        raise MixedModelError(f"alpha is {alpha!r}; give a one-sided level between 0 and 0.5, such as 0.025.")
    contrasts = contrast_rows(
        fit, specs, by=by, method=method, reference=reference, reverse=reverse, at=at, weights=weights
    )
    found = fit.inference(contrasts.rows, ddf)
    from_below = (found.estimate + margin) / found.std_error
    from_above = (found.estimate - margin) / found.std_error
    p_below, p_above = stdtr(found.df, -from_below), stdtr(found.df, from_above)
    nearer = p_below > p_above if question == "equivalence" else np.full(len(found.df), higher_is_better)
    p_value = np.where(nearer, p_below, p_above)
    half = stdtrit(found.df, 1 - alpha) * found.std_error
    frame = contrasts.labels.assign(
        estimate=found.estimate,
        std_error=found.std_error,
        df=found.df,
        statistic=np.where(nearer, from_below, from_above),
        p_value=p_value,
        ci_low=found.estimate - half,
        ci_high=found.estimate + half,
    )
    shown = np.where(p_value < alpha, "shown", "not shown")
    return without_what_is_not_estimable(frame, contrasts.estimable, fit).assign(
        margin=float(margin), conclusion=np.where(contrasts.estimable, shown, NOT_ESTIMABLE)
    )
