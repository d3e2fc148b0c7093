"""How the scores of one patient vary together: what a plan has to assume of an outcome before anybody is treated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kap_analysis.columns import DAYS_PER_MONTH
from kap_analysis.errors import PlanningError
from kap_analysis.planning.plan_values import check_increasing, check_value

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreCovariance:
    """SDs and correlations of the scores at baseline and at the visits after it, cohorts included.

    Attributes
    ----------
    matrix : numpy.ndarray, shape (1 + visits, 1 + visits)
        Covariance in squared points; the baseline comes first.
    words : str
        SDs and correlations in words, for the Methods section: "scores have ...".
    source : str
        Where they come from.
    """

    matrix: Array
    words: str
    source: str = "assumed"

    def __post_init__(self) -> None:
        for variance in np.diag(self.matrix):
            check_value("scores", "sd", float(np.sqrt(max(float(variance), 0.0))), "An SD of the scores")
        values = np.linalg.eigvalsh(self.matrix)
        if not values[0] > 1e-9 * values[-1]:
            raise PlanningError(
                f"No scores can have {self.words}: these correlations cannot hold together. "
                "Lower the correlation of the visits with each other or with the baseline, or raise the other."
            )

    @property
    def visits(self) -> int:
        """Visits after baseline."""
        return len(self.matrix) - 1

    @property
    def baseline_sd(self) -> float:
        return float(np.sqrt(self.matrix[0, 0]))

    @property
    def slopes(self) -> Array:
        """Points by which the mean at each visit rises per point of baseline (visits,)."""
        return np.asarray(self.matrix[1:, 0] / self.matrix[0, 0])

    @property
    def given_baseline(self) -> Array:
        """Covariance of the visits after baseline among patients with the same baseline (visits, visits)."""
        before = self.matrix[1:, :1]
        return np.asarray(self.matrix[1:, 1:] - before @ before.T / self.matrix[0, 0])

    @classmethod
    def from_correlations(
        cls,
        days: Sequence[float],
        sd: float | Sequence[float],
        *,
        visit_correlation: float = 0.7,
        structure: str = "cs",
        baseline_correlation: float | Sequence[float] = 0.5,
        baseline_sd: float | None = None,
    ) -> Self:
        """Covariance from SDs and correlations.

        Parameters
        ----------
        days : sequence of float
            Day of each visit after baseline.
        sd : float or sequence
            SD of the scores of one format at the visits, in points.
        visit_correlation : float
            Correlation of any two visits (cs), of two neighbours (ar1), or of two that are 30 days apart (exponential).
        structure : {"cs", "ar1", "exponential"}
        baseline_correlation : float or sequence
            Correlation of the baseline with each visit.
        baseline_sd : float, optional
            The same as at the first visit if not given.

        Raises
        ------
        PlanningError
            If a number is out of its range or the correlations cannot hold together.
        """
        given: dict[str, Any] = {
            "sd": sd,
            "baseline_correlation": baseline_correlation,
            "visit_correlation": visit_correlation,
        }
        given |= {"structure": structure} | ({} if baseline_sd is None else {"baseline_sd": baseline_sd})
        _check_all(days, given)
        n = len(days)
        sds, with_baseline = _each(sd, n, "sd"), _each(baseline_correlation, n, "baseline_correlation")
        places = np.arange(n, dtype=float) if structure == "ar1" else np.asarray(days, float) / 30.0
        apart = np.abs(places[:, None] - places[None, :])
        power = (apart > 0).astype(float) if structure == "cs" else apart
        if structure != "cs" and visit_correlation < 0:
            raise PlanningError(
                f"visit_correlation is {visit_correlation:g}; give 0 or more, since structure is {structure}."
            )
        correlations = np.eye(n + 1)
        correlations[1:, 1:] = np.where(apart > 0, float(visit_correlation) ** power, 1.0)
        correlations[0, 1:] = correlations[1:, 0] = with_baseline
        scales = np.append(sds[0] if baseline_sd is None else float(baseline_sd), sds)
        kinds = {"cs": "any two visits", "ar1": "neighbouring visits", "exponential": "visits 30 days apart"}
        own = "" if baseline_sd is None or scales[0] == sds[0] else f" ({scales[0]:g} at baseline)"
        words = (
            f"an SD of {_listed(sds)} points{own}, a correlation of {visit_correlation:g} between {kinds[structure]} "
            f"and of {_listed(with_baseline)} with the baseline score"
        )
        return cls(correlations * np.outer(scales, scales), words)

    @classmethod
    def from_random_slope(
        cls,
        days: Sequence[float],
        *,
        intercept_sd: float,
        slope_sd: float,
        residual_sd: float,
        correlation: float = 0.0,
    ) -> Self:
        """Covariance of a straight line per patient: random intercept on day 0, random slope per month, and a residual.

        Parameters
        ----------
        days : sequence of float
            Day of each visit after baseline; the baseline is on day 0.
        intercept_sd, residual_sd : float
            In points.
        slope_sd : float
            In points per month.
        correlation : float
            Of intercept and slope.

        Raises
        ------
        PlanningError
            If a number is out of its range (docs/models.md#the-next-study).
        """
        given = {"intercept_sd": intercept_sd, "slope_sd": slope_sd, "residual_sd": residual_sd}
        _check_all(days, given | {"correlation": correlation})
        months = np.append(0.0, np.asarray(days, float) / DAYS_PER_MONTH)
        z = np.column_stack([np.ones_like(months), months])
        shared = correlation * intercept_sd * slope_sd
        g = np.array([[intercept_sd**2, shared], [shared, slope_sd**2]])
        words = (
            f"a line per patient with SDs of {intercept_sd:g} points at baseline and {slope_sd:g} points per month "
            f"(correlation {correlation:g}) and a residual SD of {residual_sd:g} points"
        )
        return cls(z @ g @ z.T + residual_sd**2 * np.eye(len(months)), words)

    @classmethod
    def from_matrix(cls, matrix: ArrayLike, words: str = "the covariance matrix given") -> Self:
        """Covariance as a matrix (1 + visits, 1 + visits), the baseline first, in squared points.

        Raises
        ------
        PlanningError
            If it is not square and symmetric, or no covariance matrix.
        """
        values = np.asarray(matrix, float)
        if (
            values.ndim != 2
            or values.shape[0] != values.shape[1]
            or len(values) < 2
            or not np.isfinite(values).all()
            or not np.allclose(values, values.T)
        ):
            raise PlanningError(
                f"The covariance has the shape {values.shape}; give a symmetric matrix of numbers with one row for the "
                "baseline and one for each visit after it."
            )
        return cls(values, words)


def _each(value: Any, n: int, name: str) -> Array:
    values = np.asarray(value, float)
    if values.ndim == 0:
        values = np.full(n, float(values))
    if values.shape != (n,):
        raise PlanningError(f"{name} is {value!r}; give one number, or one for each of the {n} visits after baseline.")
    return values


def _check_all(days: Sequence[float], given: Mapping[str, Any]) -> None:
    check_value("visits", "days", days)
    check_increasing(days)
    for key, value in given.items():
        check_value("scores", key, value)


def _listed(values: Array) -> str:
    return f"{values[0]:g}" if np.ptp(values) == 0 else ", ".join(f"{value:g}" for value in values)
