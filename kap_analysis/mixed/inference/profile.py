"""Profile-likelihood intervals of covariance parameters, and of smooth functions of them such as an ICC.

The interval holds every value that some covariance within a chi-squared quantile of the best criterion gives: its
limits are the smallest and the largest value of the function where ``criterion <= best + quantile`` (Venzon &
Moolgavkar 1988, doi:10.2307/2347496). They are found with the exact derivatives, in directions scaled by the
information, and each is held to the conditions of an optimum before it is given out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtri

from kap_analysis.mixed.coefficients.estimates import check_level
from kap_analysis.mixed.errors import MixedModelError, as_names, require_name
from kap_analysis.mixed.estimation.boundary import outward_start
from kap_analysis.mixed.estimation.newton import Search
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.fitted_model import FittedModel

Array = NDArray[np.float64]
Function = Callable[[pd.Series], float]
FARTHEST = 60.0  # standard errors, beyond which the criterion is taken never to rise enough
AGREEMENT = 1e-3  # how far from an optimum a limit may be: the sine of the angle between two gradients


def profile_parameters(
    fit: FittedModel, names: str | Sequence[str] | Mapping[str, Function] | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Profile intervals.

    Parameters
    ----------
    fit : FittedModel
        The fit; the restricted likelihood is profiled under REML, the ordinary one under ML.
    names : str, sequence or mapping, optional
        Covariance parameters by the names of ``theta``; all that are not held where it is not given. A mapping of names
        to functions of ``theta`` asks for these, such as ``{"icc": lambda t: t["var(..."] / t.sum()}``.
    level : float
        Confidence level. The quantile is that of chi-squared with 1 df, also where a variance is near 0, which makes
        the interval too wide there, not too narrow.

    Returns
    -------
    pandas.DataFrame
        ``name estimate ci_low ci_high``, in units of the parameter. A lower limit of 0 says that the criterion never
        rises by the quantile on the way to a variance of 0; an infinite one that it never does at all.

    Raises
    ------
    MixedModelError
        When a name is not there, a parameter is held, or a limit cannot be certified.
    """
    check_level(level)
    region = _Region.of(fit, float(chdtri(1, 1 - level)))
    rows = []
    for name, function in _functions(fit, names).items():
        low, high = region.limit(name, function, -1.0), region.limit(name, function, 1.0)
        rows.append((name, function(fit.theta), low, high))
    return pd.DataFrame(rows, columns=["name", "estimate", "ci_low", "ci_high"])


def _functions(fit: FittedModel, names: str | Sequence[str] | Mapping[str, Function] | None) -> dict[str, Function]:
    """What is profiled."""
    if isinstance(names, Mapping):
        return dict(names)
    chosen = as_names(names) if names is not None else [n for n in fit.theta.index if n not in fit.settings.fixed]
    for name in chosen:
        require_name(name, fit.theta.index, "covariance parameter")
        if name in fit.settings.fixed:
            raise MixedModelError(f"{name} is held at {fit.settings.fixed[name]:g} in this fit: it has no profile.")
    return {name: _Component(name) for name in chosen}


@dataclass(frozen=True)
class _Component:
    name: str

    def __call__(self, theta: pd.Series) -> float:
        return float(theta[self.name])


@dataclass
class _Region:
    """Where the criterion is within the quantile of its minimum; points are psi, with phi = best + spread psi."""

    fit: FittedModel
    search: Search
    best: Array
    spread: Array  # (t, free): psi of length 1 raises the criterion by about 1
    lowest: float
    quantile: float

    @classmethod
    def of(cls, fit: FittedModel, quantile: float) -> _Region:
        solution = fit.solution
        search = Search(fit.model.layout, solution.parameters, fit.settings.reml, solution.fixed)
        here = search.at(solution.phi)
        assert here is not None
        free = np.flatnonzero(~solution.fixed)
        if not len(free):
            raise MixedModelError("Every covariance parameter of this fit is held: there is no profile.")
        hessian = search.derivatives(solution.phi, here)[1][np.ix_(free, free)] / 2
        size = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-8))
        values, vectors = np.linalg.eigh(hessian / np.outer(size, size))
        values = np.maximum(values, 1e-4 * values.max())
        spread = np.zeros((len(solution.phi), len(free)))
        spread[free] = (vectors / np.sqrt(values)) / size[:, None]
        return cls(fit, search, solution.phi, spread, here.value, quantile)

    @cached_property
    def _seen(self) -> Parameters:
        return self.fit.model.parameters.as_seen()

    def phi(self, psi: Array) -> Array:
        return self.best + self.spread @ psi

    def theta(self, eta: Array) -> pd.Series:
        """Covariance parameters in the user's units, from elements."""
        elements = self.fit.model.layout.scaling.outside(eta)
        return pd.Series(self._seen.from_elements(elements), self.fit.theta.index)

    def room(self, psi: Array) -> float:
        """What is left of the quantile, in quantiles; far below 0 where V is not positive definite."""
        here = self.search.at(self.phi(psi))
        return -1e3 if here is None else (self.lowest + self.quantile - here.value) / self.quantile

    def room_slope(self, psi: Array) -> Array:
        here = self.search.at(self.phi(psi))
        if here is None:
            return -psi
        gradient = self.search.parameters.jacobian(self.phi(psi)).T @ here.gradient
        return np.asarray(-(self.spread.T @ gradient) / self.quantile)

    def limit(self, name: str, function: Function, sign: float) -> float:
        """The largest (sign 1) or smallest (sign -1) value of the function in the region."""

        def of_elements(eta: Array) -> float:
            return sign * float(function(self.theta(eta)))

        def value(psi: Array) -> float:
            return of_elements(self.search.parameters.elements(self.phi(psi)))

        zero = np.zeros(self.spread.shape[1])
        slope, bend = _slope(value, zero), None
        if np.linalg.norm(slope) < 1e-6 * max(abs(value(zero)), 1e-8):
            bend = np.linalg.eigh(_curvature(value, zero))
            slope = bend[1][:, -1] if bend[0][-1] > 1e-8 * np.abs(bend[0]).max() else zero
        if not slope.any():
            return sign * value(zero)
        ahead = slope / np.linalg.norm(slope) * np.sqrt(self.quantile)
        unit = max(abs(value(ahead) - value(zero)), 1e-12)
        for share in (0.7, 0.2, 1.2):
            psi = self._off_boundary(value, of_elements, unit, self._climb(value, unit, share * ahead))
            for end in (self._onto_edge(psi), psi):  # a variance of 0 may lie inside, hardly below the quantile
                found = self._certified(value, unit, end)
                if found is not None:
                    return sign * found if found != 0 else 0.0
        where = "upper" if sign > 0 else "lower"
        raise MixedModelError(
            f"The {where} limit of the profile of {name} could not be certified: the criterion is not smooth enough "
            "there. Use the parametric bootstrap."
        )

    def _climb(self, value: Callable[[Array], float], unit: float, start: Array) -> Array:
        """As far up as the region reaches."""
        from scipy.optimize import minimize

        found = minimize(
            lambda psi: -value(psi) / unit,
            start,
            jac=lambda psi: -_slope(value, psi) / unit,
            constraints={"type": "ineq", "fun": self.room, "jac": self.room_slope},
            bounds=[(-FARTHEST, FARTHEST)] * len(start),
            method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 300},
        )
        return np.asarray(found.x, float)

    def _off_boundary(
        self, value: Callable[[Array], float], of_elements: Callable[[Array], float], unit: float, psi: Array
    ) -> Array:
        """Climbs once more from the inside where a singular covariance matrix is a saddle.

        The criterion has no slope along a root of 0, so that a climb that begins there never leaves it. The slope in
        the elements says whether it should: out of a true boundary that of the Lagrangian, the criterion minus the
        value over its multiplier, does not fall.
        """
        for _ in range(4):
            edge = self._onto_edge(psi)
            here = self.search.at(self.phi(edge))
            uphill, slope = -self.quantile * self.room_slope(edge), _slope(value, edge)
            along = float(slope @ uphill)
            if here is None or self.room(edge) > 1e-6 or along <= 0:
                break
            gradient = here.gradient - _forward(of_elements, here.evaluation.eta) * float(uphill @ uphill) / along
            out = outward_start(self.search.parameters, self.search.fixed, self.phi(edge), gradient, here.value)
            if out is None:
                break
            inward = np.linalg.lstsq(self.spread, out - self.best, rcond=None)[0]
            again = self._climb(value, unit, np.asarray(inward, dtype=float))
            if self.room(again) < -1e-6 or value(again) < value(edge):
                break
            psi = again
        return psi

    def _onto_edge(self, psi: Array) -> Array:
        """Newton steps along the gradient until the criterion stands at the quantile, where it is near."""
        for _ in range(5):
            room = self.room(psi)
            slope = self.room_slope(psi)
            if not 1e-12 < abs(room) < 1e-2:
                break
            psi = psi - room * slope / max(float(slope @ slope), 1e-300)
        return psi

    def _certified(self, value: Callable[[Array], float], unit: float, psi: Array) -> float | None:
        """The value at psi if it is a limit: infinite, an extremum inside, or on the edge with parallel gradients."""
        room, slope = self.room(psi), _slope(value, psi)
        if room > 1e-6 and np.abs(psi).max() > FARTHEST * 0.99:
            return np.inf
        if room < -1e-6:
            return None
        size = float(np.linalg.norm(slope))
        reach = max(abs(value(psi) - value(np.zeros_like(psi))), 1e-6 * unit)
        if room > 1e-6:
            if size > 1e-4 * reach:
                return None
            return 0.0 if abs(value(psi)) < 1e-6 * reach else value(psi)
        normal = -self.room_slope(psi)
        normal = normal / np.linalg.norm(normal)
        along = float(slope @ normal)
        gap = float(np.linalg.norm(slope - along * normal))
        return value(psi) if along > 0 and gap < AGREEMENT * max(size, 1e-300) else None


def _slope(function: Callable[[Array], float], psi: Array, step: float = 1e-5) -> Array:
    """Central differences of a function of theta: no likelihood is evaluated."""
    steps = np.eye(len(psi)) * step
    return np.array([function(psi + one) - function(psi - one) for one in steps]) / (2 * step)


def _forward(function: Callable[[Array], float], eta: Array, step: float = 1e-6) -> Array:
    """Differences forward, where a variance may be 0; 0 where the function is not defined there."""
    with np.errstate(all="ignore"):
        ahead = np.array([function(eta + one) for one in np.eye(len(eta)) * step])
        return np.nan_to_num((ahead - function(eta)) / step, nan=0.0, posinf=0.0, neginf=0.0)


def _curvature(function: Callable[[Array], float], psi: Array, step: float = 1e-3) -> Array:
    """Second derivatives by central differences of the slope."""
    steps = np.eye(len(psi)) * step
    rows = np.array([_slope(function, psi + one) - _slope(function, psi - one) for one in steps]) / (2 * step)
    return np.asarray((rows + rows.T) / 2)
