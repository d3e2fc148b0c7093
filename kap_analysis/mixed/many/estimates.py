"""What many fits give: one row per data set, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.coefficients.fixed_effects import Inference

Array = NDArray[np.float64]


class OneFit(Protocol):
    """What is written down of an ordinary fit."""

    @property
    def beta(self) -> Array: ...

    @property
    def bse(self) -> pd.Series: ...

    @property
    def criterion(self) -> float: ...

    @property
    def theta(self) -> pd.Series: ...

    @property
    def singular(self) -> bool: ...

    @property
    def converged(self) -> bool: ...

    def inference(self, rows: ArrayLike) -> Inference: ...


@dataclass(frozen=True)
class ManyEstimates:
    """Numbers of d fits of one model; missing where there is no fit.

    Attributes
    ----------
    beta, std_error : numpy.ndarray
        (d, p).
    criterion : numpy.ndarray
        (d,): -2 log (restricted) likelihood.
    theta : numpy.ndarray
        (d, t): covariance parameters.
    singular, converged, alone : numpy.ndarray
        (d,): whether a covariance matrix of a bar term is singular; whether a maximum was certified; whether the
        ordinary fit was needed.
    contrasts : tuple of numpy.ndarray
        Estimates, standard errors and df (d, l) of the rows that were asked for.
    problem : numpy.ndarray
        (d,): why there is no fit; None where there is one.
    """

    beta: Array
    std_error: Array
    criterion: Array
    theta: Array
    singular: NDArray[np.bool_]
    converged: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    contrasts: tuple[Array, Array, Array]
    problem: NDArray[np.object_]

    @classmethod
    def none(cls, d: int, p: int, t: int, rows: int) -> ManyEstimates:
        """Nothing yet, to be filled in."""

        def missing(*shape: int) -> Array:
            return np.full((d, *shape), np.nan)

        no = np.zeros((3, d), dtype=bool)
        contrasts = missing(rows), missing(rows), missing(rows)
        problem = np.full(d, None, dtype=object)
        return cls(missing(p), missing(p), missing(), missing(t), no[0], no[1], no[2], contrasts, problem)

    def put(self, d: int, fit: OneFit, rows: Array) -> None:
        """Write down what the ordinary fit of a data set has found."""
        self.beta[d], self.std_error[d] = fit.beta, fit.bse
        self.criterion[d], self.theta[d] = fit.criterion, fit.theta
        self.singular[d], self.converged[d] = fit.singular, fit.converged
        if len(rows):
            found = fit.inference(rows)
            for whole, one in zip(self.contrasts, (found.estimate, found.std_error, found.df), strict=True):
                whole[d] = one
