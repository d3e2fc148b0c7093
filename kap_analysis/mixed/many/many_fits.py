"""The result of many fits of one model: frames with one row per data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kap_analysis.mixed.many.estimates import ManyEstimates


@dataclass(frozen=True, eq=False)
class ManyFits:
    """One model fitted to many data sets. Frames have one row per data set; numbers are missing where there is no fit.

    Attributes
    ----------
    params : pandas.DataFrame
        The coefficients, a column each.
    bse : pandas.DataFrame
        Their standard errors, by the df method that was asked for.
    theta : pandas.DataFrame
        Covariance parameters, named as in the ``theta`` of one fit.
    contrasts : pandas.DataFrame
        One row per data set and row of L: ``data_set contrast estimate std_error df``.
    status : pandas.DataFrame
        ``criterion`` (-2 log restricted likelihood, or -2 log likelihood), ``converged``, ``singular`` (a covariance
        matrix of a bar term stands on its boundary), ``alone`` (the ordinary fit of one data set was needed) and
        ``problem``: why there is no fit, missing where there is one.
    """

    params: pd.DataFrame
    bse: pd.DataFrame
    theta: pd.DataFrame
    contrasts: pd.DataFrame
    status: pd.DataFrame

    def __len__(self) -> int:
        return len(self.status)

    def __repr__(self) -> str:
        refused = int(self.status["problem"].notna().sum())
        return f"<ManyFits of {len(self):,} data sets, {refused:,} without a fit>"


def make_many_fits(found: ManyEstimates, names: Sequence[str], theta: Sequence[str]) -> ManyFits:
    """The frames of some estimates."""
    estimate, error, df = found.contrasts
    d, rows = estimate.shape
    sets = pd.RangeIndex(d, name="data_set")
    contrasts = {
        "data_set": np.repeat(np.arange(d), rows),
        "contrast": np.tile(np.arange(1, rows + 1), d),
        "estimate": estimate.ravel(),
        "std_error": error.ravel(),
        "df": df.ravel(),
    }
    status = {
        "criterion": found.criterion,
        "converged": found.converged,
        "singular": found.singular,
        "alone": found.alone,
        "problem": found.problem,
    }
    return ManyFits(
        pd.DataFrame(found.beta, sets, list(names)),
        pd.DataFrame(found.std_error, sets, list(names)),
        pd.DataFrame(found.theta, sets, list(theta)),
        pd.DataFrame(contrasts),
        pd.DataFrame(status, sets),
    )
