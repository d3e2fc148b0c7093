"""The data sets that are asked for: responses, and covariates of their own, on the rows of one design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.design.some_rows import check_rows, rows_of_design
from kap_analysis.mixed.errors import MixedModelError, numbers_of, require_name

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class DataSets:
    """Data sets on the rows of one design.

    Attributes
    ----------
    y : numpy.ndarray
        (d, n): missing where a row is not observed.
    x : numpy.ndarray
        (1, n, p) of all of them, or (d, n, p).
    """

    y: Array
    x: Array

    def __len__(self) -> int:
        return len(self.y)

    def take(self, which: Index) -> DataSets:
        """Some of the data sets, in their order."""
        if len(which) == len(self):
            return self
        return DataSets(self.y[which], self.x if len(self.x) == 1 else self.x[which])

    @property
    def are_whole(self) -> bool:
        """Whether each has all rows, with the columns of the design."""
        return len(self.x) == 1 and not np.isnan(self.y).any()


def read_data_sets(
    design: Design, responses: ArrayLike, covariates: Mapping[str, ArrayLike] | None
) -> tuple[DataSets, dict[str, Array]]:
    """Data sets, and their covariates by name (d, n), from what a user gives (n, d).

    Raises
    ------
    MixedModelError
        When shapes do not suit the design, a response is infinite, or a covariate is no number of the fixed part.
    """
    y = _columns(responses, "responses", len(design.y))
    if np.isinf(y).any():
        raise MixedModelError("The responses hold an infinite value. Correct it, or make it missing.")
    numbers = {}
    for name, values in (covariates or {}).items():
        require_name(name, design.fixed.numeric, "number in the fixed part")
        numbers[name] = _columns(values, f"values of {name}", len(design.y))
        if numbers[name].shape != y.shape:
            raise MixedModelError(
                f"The values of {name} are of {len(numbers[name])} data sets, and the responses of {len(y)}. Give as "
                "many columns of both."
            )
        if not np.isfinite(numbers[name]).all():
            raise MixedModelError(f"The values of {name} must all be finite; where a row is not observed, any number.")
    if not numbers:
        return DataSets(y, design.x[None]), numbers
    d, n = y.shape
    needed = [name for name in design.frame.columns if name in design.fixed.numeric or name in design.fixed.factors]
    frame = design.frame[needed].iloc[np.tile(np.arange(n), d)].reset_index(drop=True)
    x = design.fixed.rows(frame.assign(**{name: values.ravel() for name, values in numbers.items()}))
    return DataSets(y, x.reshape(d, n, -1)), numbers


def _columns(values: ArrayLike, what: str, n: int) -> Array:
    """(data sets, n) from (n, data sets)."""
    found = numbers_of(values, f"The {what}")
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or len(found) != n or not found.shape[1]:
        raise MixedModelError(
            f"The {what} have the shape {np.shape(values)}; give {n} rows, those of the design, and one column per "
            "data set."
        )
    return np.ascontiguousarray(found.T)


def design_of_data_set(design: Design, sets: DataSets, covariates: Mapping[str, Array], d: int) -> Design:
    """The design of one data set, on the rows that it observed.

    Raises
    ------
    MixedModelError
        When these rows do not suit the model.
    """
    y, x = sets.y[d], sets.x[d if len(sets.x) > 1 else 0]
    own = replace(design, y=y, x=x)
    if covariates:
        own = replace(own, frame=design.frame.assign(**{name: values[d] for name, values in covariates.items()}))
    if sets.are_whole:
        return own
    own = rows_of_design(own, ~np.isnan(y))
    check_rows(own)
    return own
