"""Sums over independent units, and the standard error and df of one contrast that follow: no data are looked at.

A unit has columns X and a covariance V of its rows, which moves with the covariance parameters along V_j. These have
the expected information of restricted maximum likelihood. From it follow the df of Satterthwaite, which for one
contrast are those of Kenward and Roger (1997, doi 10.2307/2533558), and the standard error that they adjust.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.errors import PlanningError

Array = NDArray[np.float64]


class CannotEstimate(PlanningError):
    """A design whose covariance parameters cannot be told apart; one of another size may be judged."""


@dataclass(frozen=True)
class Sums:
    """Sums over units, H the inverse of V, m covariance parameters and p coefficients.

    Attributes
    ----------
    information : numpy.ndarray
        X'HX (p, p).
    spread : numpy.ndarray
        X'HV0HX (p, p), V0 the covariance that the rows have; X'HX where the model has it.
    slopes : numpy.ndarray
        X'HVjHX (m, p, p).
    products : numpy.ndarray
        X'HVjHVkHX (m, m, p, p).
    traces : numpy.ndarray
        tr(HVjHVk) (m, m).
    """

    information: Array
    spread: Array
    slopes: Array
    products: Array
    traces: Array

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.information + other.information,
            self.spread + other.spread,
            self.slopes + other.slopes,
            self.products + other.products,
            self.traces + other.traces,
        )

    def among(self, m: int, at: list[int]) -> "Sums":
        """The same sums among m parameters, of which these are the places."""
        slopes = np.zeros((m, *self.slopes.shape[1:]))
        products = np.zeros((m, m, *self.products.shape[2:]))
        traces = np.zeros((m, m))
        slopes[at], traces[np.ix_(at, at)], products[np.ix_(at, at)] = self.slopes, self.traces, self.products
        return Sums(self.information, self.spread, slopes, products, traces)


def sums_of_units(x: Array, covariance: Array, moves: Array, units: float) -> Sums:
    """The sums of units that are alike: X (n, p), V (n, n), V_j (m, n, n), and how many there are."""
    hx = np.linalg.solve(covariance, x)
    hv = np.linalg.solve(covariance, moves)
    half = moves @ hx  # VjHX
    flat = hv.reshape(len(moves), -1)
    traces = flat @ hv.transpose(0, 2, 1).reshape(len(moves), -1).T
    slopes, after = np.asarray(hx.T @ half, dtype=float), np.linalg.solve(covariance, half)
    products = np.einsum("jna,knb->jkab", half, after)
    information = units * np.asarray(x.T @ hx, dtype=float)
    return Sums(information, information, units * slopes, units * products, units * traces)


def sd_of(sums: Sums, contrast: Array) -> float:
    """SD of the estimate of a contrast (p,) over studies whose rows have the covariance V0."""
    weights = np.linalg.solve(sums.information, contrast)
    return float(np.sqrt(weights @ sums.spread @ weights))


def precision_of(sums: Sums, contrast: Array, ddf: str) -> tuple[float, float, float]:
    """Standard error, df, and the standard error before Kenward and Roger's adjustment, of one contrast (p,).

    Raises
    ------
    CannotEstimate
        If the units cannot tell the covariance parameters apart.
    """
    phi = np.linalg.inv(sums.information)
    adjusted = phi @ sums.products @ phi  # of each pair of parameters
    first = phi @ sums.slopes
    information = sums.traces - 2 * np.einsum("jkaa->jk", phi @ sums.products)
    information += np.einsum("jab,kba->jk", first, first)
    values = np.linalg.eigvalsh(information)
    if not values[0] > 1e-12 * values[-1]:
        raise CannotEstimate(
            "This design cannot estimate how alike the patients of a cohort are, or how much scores vary. Plan more "
            "cohorts, larger ones, or fewer visits."
        )
    w = 2 * np.linalg.inv(information)
    variance = float(contrast @ phi @ contrast)
    gradient = np.einsum("jab,a,b->j", first @ phi, contrast, contrast)
    df = 2 * variance**2 / float(gradient @ w @ gradient)
    second = np.einsum("jab,kbc->jkac", first @ phi, sums.slopes @ phi)
    more = 2 * float(np.einsum("jk,jkab,a,b->", w, adjusted - second, contrast, contrast))
    std_error = np.sqrt(variance + more) if ddf == "kenward-roger" else np.sqrt(variance)
    return float(std_error), float(df), float(np.sqrt(variance))
