"""The parametric bootstrap: the model is fitted again to responses drawn from it.

For variance components and ratios of them near 0, whose profile assumes a smooth likelihood, and for any statistic that
has no interval of its own (Davison & Hinkley 1997, section 5.2). It takes the fitted model as true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.coefficients.estimates import check_level
from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.inference.simulation import simulate_responses

Statistic = Callable[[FittedModel], Mapping[str, float] | pd.Series | float]
KINDS = ("percentile", "basic")
MOST_AT_ONCE = 5_000_000  # numbers drawn at once
TOGETHER = 100  # refits between two reports of progress
MOST_FAILED = 0.1


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Statistics of refits to drawn responses.

    Attributes
    ----------
    estimate : pandas.Series
        The statistics of the fit itself, by name.
    draws : pandas.DataFrame
        One row per draw, one column per statistic; missing where the refit had no maximum.
    n_failed : int
        Refits without a maximum.
    n_singular : int
        Refits with a variance on its boundary.
    """

    estimate: pd.Series
    draws: pd.DataFrame
    n_failed: int
    n_singular: int

    def intervals(self, level: float = 0.95, *, kind: str = "percentile") -> pd.DataFrame:
        """Standard errors and intervals.

        Parameters
        ----------
        level : float
            Confidence level.
        kind : {"percentile", "basic"}
            Quantiles of the draws, or twice the estimate minus them.

        Returns
        -------
        pandas.DataFrame
            ``name estimate bias std_error ci_low ci_high``; bias is the mean of the draws minus the estimate.
        """
        check_level(level)
        require_name(kind, KINDS, "kind of interval")
        known = self.draws.dropna()
        tail = (1 - level) / 2
        low, high = known.quantile(tail), known.quantile(1 - tail)
        if kind == "basic":
            low, high = 2 * self.estimate - high, 2 * self.estimate - low
        return pd.DataFrame(
            {
                "name": list(self.estimate.index),
                "estimate": self.estimate.to_numpy(),
                "bias": (known.mean() - self.estimate).to_numpy(),
                "std_error": known.std(ddof=1).to_numpy(),
                "ci_low": low.to_numpy(),
                "ci_high": high.to_numpy(),
            }
        )


def bootstrap_fit(
    fit: FittedModel,
    statistic: Statistic | None = None,
    n_draws: int = 999,
    *,
    seed: int,
    progress: Callable[[int, int], Any] | None = None,
) -> Bootstrap:
    """Refit the model to responses drawn from it.

    Parameters
    ----------
    fit : FittedModel
        The fit; refits are made with its settings, on its rows.
    statistic : callable, optional
        Takes a fit and returns numbers by name (or one number, named "statistic"); the coefficients and covariance
        parameters where it is not given.
    n_draws : int
        How many responses to draw.
    seed : int
        Seed of ``numpy.random.default_rng``.
    progress : callable, optional
        Called with the draws that are done and their number.

    Returns
    -------
    Bootstrap

    Raises
    ------
    MixedModelError
        When fewer than 2 draws are asked for, or more than a tenth of the refits have no maximum.
    """
    if n_draws < 2:
        raise MixedModelError(f"n_draws is {n_draws}; a bootstrap needs 2 draws or more, and 999 for an interval.")
    whole = statistic is None and fit.settings.bounded and not fit.settings.fixed
    function = statistic or _all_parameters
    estimate = _named(function(fit))
    rows = np.full((n_draws, len(estimate)), np.nan)
    n_failed = n_singular = done = 0
    seeds = np.random.default_rng(seed)
    while done < n_draws:
        size = min(n_draws - done, max(1, MOST_AT_ONCE // fit.nobs))
        responses = simulate_responses(fit, size, seed=int(seeds.integers(2**63))).to_numpy()
        step = TOGETHER if whole else 1
        for first in range(0, size, step):
            some = responses[:, first : first + step]
            found, singular = (
                _parameters_of(fit, some) if whole else _statistics_of(fit, some, function, estimate.index)
            )
            rows[done : done + len(found)] = found
            n_failed += int(np.isnan(singular).sum())
            n_singular += int(np.nansum(singular))
            done += len(found)
            if progress is not None:
                progress(done, n_draws)
    if n_failed > MOST_FAILED * n_draws:
        raise MixedModelError(
            f"{n_failed} of {n_draws} refits have no maximum: the model asks more than data of this size hold. "
            "Leave out a term."
        )
    return Bootstrap(estimate, pd.DataFrame(rows, columns=estimate.index), n_failed, n_singular)


def _parameters_of(fit: FittedModel, responses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and covariance parameters of each response, all fitted together; and which fits are singular."""
    kept = fit.settings
    fits = fit.model.fit_many(responses, kept.reml, "normal", information=kept.information)
    singular = fits.status["singular"].where(fits.status["problem"].isna()).to_numpy(dtype=float)
    return np.hstack([fits.params, fits.theta]), singular


def _statistics_of(
    fit: FittedModel, responses: np.ndarray, function: Statistic, names: pd.Index
) -> tuple[np.ndarray, np.ndarray]:
    """A statistic of each refit, missing where there is none; and which fits are singular."""
    rows = np.full((responses.shape[1], len(names)), np.nan)
    singular = np.full(len(rows), np.nan)
    for column, row in enumerate(rows):
        try:
            again = fit.model.with_response(responses[:, column]).fit(**fit.settings.as_keywords())
        except MixedModelError:
            continue
        row[:] = _named(function(again)).reindex(names).to_numpy()
        singular[column] = again.singular
    return rows, singular


def _all_parameters(fit: FittedModel) -> pd.Series:
    return pd.concat([fit.params, fit.theta])


def _named(values: Mapping[str, float] | pd.Series | float) -> pd.Series:
    """Numbers with names."""
    if isinstance(values, (pd.Series, Mapping)):
        return pd.Series(values, dtype=float)
    return pd.Series({"statistic": float(values)})
