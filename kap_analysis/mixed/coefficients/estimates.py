"""Statistic, p-value and interval from estimate, standard error and df: the columns of every table of estimates."""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from kap_analysis.mixed.errors import MixedModelError, numbers_of

ESTIMATE_COLUMNS = ("estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high")


def check_level(level: float) -> float:
    """A confidence level strictly between 0 and 1, or an error that says what was given."""
    if not isinstance(level, Real) or not 0 < level < 1:
        raise MixedModelError(f"The confidence level is {level!r}; give a number between 0 and 1, such as 0.95.")
    return float(level)


def rows_of_l(rows: ArrayLike, p: int) -> np.ndarray:
    """Rows of L (l, p) as a user gives them, one alone or several.

    Raises
    ------
    MixedModelError
        When they do not have one finite number per coefficient.
    """
    found = np.atleast_2d(numbers_of(rows, "The rows of L"))
    if found.ndim != 2 or found.shape[1] != p:
        raise MixedModelError(
            f"Each row of L must have {p} numbers, one per coefficient; found the shape {np.shape(rows)}."
        )
    if not np.isfinite(found).all():
        raise MixedModelError("The rows of L must be finite numbers; found a missing or infinite one.")
    return found


def two_sided_p(statistic: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Twice the tail beyond \\|t\\|; infinite df is the normal distribution."""
    return 2 * stdtr(df, -np.abs(statistic))


def estimate_frame(
    labels: pd.DataFrame,
    estimate: np.ndarray,
    std_error: np.ndarray,
    df: np.ndarray,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """The labels with ``estimate std_error df statistic p_value ci_low ci_high`` beside them.

    Parameters
    ----------
    labels : pandas.DataFrame
        One row per estimate; its columns come first and its index is kept.
    estimate, std_error, df : numpy.ndarray
        One value per row. A standard error of 0 gives a missing statistic.
    level : float
        Confidence level of the interval, ``estimate -+ t(df) * std_error``.

    Returns
    -------
    pandas.DataFrame
        One row per estimate; the test is of the value 0.
    """
    check_level(level)
    estimate, std_error, df = (np.asarray(values, float) for values in (estimate, std_error, df))
    statistic = np.divide(estimate, std_error, out=np.full(estimate.shape, np.nan), where=std_error > 0)
    half = stdtrit(df, (1 + level) / 2) * std_error
    numbers = estimate, std_error, df, statistic, two_sided_p(statistic, df), estimate - half, estimate + half
    # One frame made at once: adding seven columns to one takes as long as a step of the fit.
    columns = {name: labels[name].array for name in labels.columns}
    return pd.DataFrame(columns | dict(zip(ESTIMATE_COLUMNS, numbers, strict=True)), index=labels.index)
