"""What the package asks of a residual covariance structure, and the four kinds of answers.

A structure is one record of one of these classes; the records stand in `structures.py`. Nothing else in the package
compares the names of structures.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.block import CovarianceBlock, LogVariance, Natural
from kap_analysis.mixed.covariance.continuous_time import Decay, VarianceAndRange
from kap_analysis.mixed.covariance.structured import Structured
from kap_analysis.mixed.covariance.symmetric import lower_triangle, matrix_of
from kap_analysis.mixed.covariance.unstructured import Unstructured

Array = NDArray[np.float64]
Index = NDArray[np.intp]
#: From positions of the later and the earlier visit of each element (lower triangle by rows) and the labels of all
#: visits: how often each correlation parameter stands in the correlation of the two, by its name.
Powers = Callable[[Index, Index, Sequence[str]], Mapping[str, NDArray[np.generic]]]


@dataclass(frozen=True)
class Structure(ABC):
    """One residual covariance structure.

    Attributes
    ----------
    name : str
        Its name in a formula: `name(visit | subject)`.
    words : str
        What a statistician calls it.
    variance_by_visit : bool
        Whether each visit has a variance of its own, so that each needs rows.
    visits_in_order : bool
        Whether it matters which visit comes before which.
    holds_constant : bool
        Whether a constant may be added to all elements, or to all variances, and the matrix still has this structure:
        a random intercept of the subject, or of each row, can then not be told from it.
    any_matrix : bool
        Whether every matrix has this structure: each pair of visits then needs subjects with rows at both.
    in_time, over_visits : bool
        Whether the covariance of two rows depends on their times, or on which of the scheduled visits they are. Neither
        where rows are independent.
    """

    name: str
    words: str
    variance_by_visit: bool = False
    visits_in_order: bool = False
    holds_constant: bool = False
    any_matrix: ClassVar[bool] = False
    in_time: ClassVar[bool] = False
    over_visits: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """How error messages call it."""
        return f"the residual covariance {self.name}()"

    @abstractmethod
    def blocks(self, visits: Sequence[str]) -> tuple[CovarianceBlock, CovarianceBlock]:
        """Its matrix as the optimiser moves it, and in the parameters that the user sees."""

    @abstractmethod
    def parts(self, visits: Sequence[str]) -> list[str]:
        """What each parameter that the user sees stands for: "log sd 3", "correlation"."""

    def parameter_names(self, visits: Sequence[str], stratum: str) -> tuple[str, ...]:
        """Names of the parameters that the user sees, such as `csh[group](log sd 3)`."""
        where = f"[{stratum}]" if stratum else ""
        return tuple(f"{self.name}{where}" + (f"({part})" if part else "") for part in self.parts(visits))

    def size(self, n_visits: int) -> int:
        """Rows of its matrix."""
        return 1

    def n_elements(self, n_visits: int) -> int:
        """Elements of its matrix."""
        return self.size(n_visits) * (self.size(n_visits) + 1) // 2

    def value(self, elements: Array, n_visits: int) -> Array:
        """What is reported of it, from its elements in the user's units: the matrix."""
        return matrix_of(elements, self.size(n_visits))

    def units(self, scale: float, n_visits: int) -> tuple[Array, Array]:
        """Factor and summand (elements,) that turn its elements into those of scores `scale` times as large."""
        n = self.n_elements(n_visits)
        return np.full(n, scale**2), np.zeros(n)

    def covariance(self, values: Array, stratum: Index, one: Array | Index, other: Array | Index) -> Array:
        """The covariance of pairs of rows of one subject.

        Parameters
        ----------
        values : numpy.ndarray
            `value` of each stratum, stacked.
        stratum, one, other : numpy.ndarray
            The stratum of each pair, and the visits (or times) of its two rows; of shapes that broadcast.
        """
        return np.asarray(values[stratum, one, other])


@dataclass(frozen=True)
class Independent(Structure):
    """Rows without correlation, one variance each stratum: a model without a residual term."""

    @property
    def title(self) -> str:
        return self.words

    def blocks(self, visits: Sequence[str]) -> tuple[CovarianceBlock, CovarianceBlock]:
        return LogVariance(), Natural(1)

    def parts(self, visits: Sequence[str]) -> list[str]:
        return [""]


@dataclass(frozen=True)
class OverVisits(Structure):
    """A matrix over the scheduled visits."""

    over_visits: ClassVar[bool] = True

    def size(self, n_visits: int) -> int:
        return n_visits


@dataclass(frozen=True)
class AnyMatrix(OverVisits):
    """A matrix over visits without a pattern; the user sees its elements."""

    any_matrix: ClassVar[bool] = True

    def blocks(self, visits: Sequence[str]) -> tuple[CovarianceBlock, CovarianceBlock]:
        return Unstructured(len(visits)), Natural(self.n_elements(len(visits)))

    def parts(self, visits: Sequence[str]) -> list[str]:
        return [f"{visits[j]}, {visits[i]}" for i, j in lower_triangle(len(visits))]


@dataclass(frozen=True)
class Patterned(OverVisits):
    """Standard deviations times correlations that are products of parameters.

    Attributes
    ----------
    powers : function
        How often each correlation parameter stands in each correlation; see `Powers`.
    """

    powers: Powers = field(kw_only=True)

    def _powers(self, visits: Sequence[str]) -> dict[str, Array]:
        """By name; a parameter that stands nowhere, as with one visit, is none."""
        later, earlier = np.tril_indices(len(visits))
        found = {name: np.asarray(times, float) for name, times in self.powers(later, earlier, visits).items()}
        return {name: times for name, times in found.items() if times.any()}

    def blocks(self, visits: Sequence[str]) -> tuple[CovarianceBlock, CovarianceBlock]:
        powers = list(self._powers(visits).values())
        n_elements = self.n_elements(len(visits))
        block = Structured(len(visits), self.variance_by_visit, np.reshape(powers, (len(powers), n_elements)))
        return block, block

    def parts(self, visits: Sequence[str]) -> list[str]:
        correlations = list(self._powers(visits))
        each = self.variance_by_visit and len(visits) > 1
        deviations = [f"log sd {visit}" for visit in visits] if each else ["log sd"]
        return deviations + (correlations if len(correlations) > 1 else ["correlation"] * len(correlations))


@dataclass(frozen=True)
class InTime(Structure):
    """A variance and a correlation that falls with the time between two rows.

    Attributes
    ----------
    decay : function
        The log correlation at a distance in ranges, with its derivatives; see `Decay`.
    """

    in_time: ClassVar[bool] = True
    decay: Decay = field(kw_only=True)

    def blocks(self, visits: Sequence[str]) -> tuple[CovarianceBlock, CovarianceBlock]:
        return VarianceAndRange(), VarianceAndRange()

    def parts(self, visits: Sequence[str]) -> list[str]:
        return ["log variance", "log range"]

    def n_elements(self, n_visits: int) -> int:
        return 2

    def units(self, scale: float, n_visits: int) -> tuple[Array, Array]:
        """A log variance grows by twice the logarithm of the scale; a range is in units of time."""
        return np.ones(2), np.array([2 * np.log(scale), 0.0])

    def value(self, elements: Array, n_visits: int) -> Array:
        """The variance and the range."""
        return np.exp(elements)

    def covariance(self, values: Array, stratum: Index, one: Array | Index, other: Array | Index) -> Array:
        apart = np.abs(one - other) / values[stratum, 1]
        return np.asarray(values[stratum, 0] * np.exp(self.decay(apart)[0]))
