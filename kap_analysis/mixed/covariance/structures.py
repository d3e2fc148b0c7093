"""The residual covariance structures: one record each, and the one function that says its pattern.

A new structure is a function and a record here; the parser, the checks, the names of parameters, starting values,
the likelihood and what is reported follow from them. docs/extending.md shows one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.families import AnyMatrix, Independent, InTime, Patterned, Structure

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Powers = Mapping[str, NDArray[np.generic]]


def compound_symmetry(later: Index, earlier: Index, visits: Sequence[str]) -> Powers:
    """One correlation for every pair of visits."""
    return {"correlation": later > earlier}


def autoregressive(later: Index, earlier: Index, visits: Sequence[str]) -> Powers:
    """rho for neighbouring visits, rho squared over two steps, and so on."""
    return {"correlation": later - earlier}


def toeplitz(later: Index, earlier: Index, visits: Sequence[str]) -> Powers:
    """One correlation for each number of steps between two visits."""
    return {f"correlation lag {lag}": later - earlier == lag for lag in range(1, len(visits))}


def exponential(apart: Array) -> tuple[Array, Array, Array]:
    """exp(-distance / range), nlme's corExp; over whole steps the same model as ar1 with a positive correlation."""
    return -apart, np.full_like(apart, -1.0), np.zeros_like(apart)


#: Of a model without a residual term.
INDEPENDENT = Independent("residual", "the residual variance", holds_constant=True)

_RECORDS: tuple[Structure, ...] = (
    AnyMatrix("us", "unstructured", variance_by_visit=True, holds_constant=True),
    Patterned("cs", "compound symmetry", holds_constant=True, powers=compound_symmetry),
    Patterned("csh", "compound symmetry, a variance per visit", variance_by_visit=True, powers=compound_symmetry),
    Patterned("ar1", "autoregressive", visits_in_order=True, powers=autoregressive),
    Patterned(
        "ar1h", "autoregressive, a variance per visit",
        variance_by_visit=True, visits_in_order=True, powers=autoregressive,
    ),
    Patterned("toep", "Toeplitz", visits_in_order=True, holds_constant=True, powers=toeplitz),
    Patterned(
        "toeph", "Toeplitz, a variance per visit", variance_by_visit=True, visits_in_order=True, powers=toeplitz
    ),
    InTime("exponential", "exponential in time: correlation exp(-|t - s| / range)", decay=exponential),
)  # fmt: skip

#: By the names that a formula uses, in the order in which messages list them.
STRUCTURES: Mapping[str, Structure] = MappingProxyType({record.name: record for record in _RECORDS})
