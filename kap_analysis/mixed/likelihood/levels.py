"""The bar terms of a design, merged by grouping, their columns scaled to a mean square of 1.

`(1 | cohort) + (0 + month | cohort)` are two bars of one grouping: their random effects belong to the same cohorts and
are worked on as one set of columns, whose covariance matrix G has zeros where the bars are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import element_basis, lower_indices
from kap_analysis.mixed.design.design import Bar, Design
from kap_analysis.mixed.likelihood.scaling import centred_columns, turn_of_elements

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Level:
    """All bar terms of one grouping: scaled columns (n, Q), codes (n,; -1 where no column acts), directions of G."""

    codes: Index
    n_levels: int
    z: Array
    params: tuple[int, ...]
    directions: Array  # (params, Q, Q): the slope of G along each of its elements


@dataclass(frozen=True)
class ScaledBars:
    """The groupings of a design, and what was done to the columns of its bars.

    Attributes
    ----------
    levels : tuple of Level
        One per grouping, in the order of the formula.
    scales : tuple of numpy.ndarray
        Per bar, by what its elements were multiplied when its columns were divided by their size.
    turns : tuple
        Bars whose columns were centred, as ``Scaling`` wants them.
    n_elements : int
        Variances and covariances of all bars.
    """

    levels: tuple[Level, ...]
    scales: tuple[Array, ...]
    turns: tuple[tuple[slice, Array], ...]
    n_elements: int


def scaled_bars(design: Design, sizes: Sequence[Array] | None = None) -> ScaledBars:
    """The bars of a design as the likelihood works on them; `sizes` by which to divide their columns, if agreed."""
    root = None if design.weights is None else np.sqrt(design.weights)
    merged: dict[str, list[tuple[Array, Index, int]]] = {}
    scales, turns, at = [], [], 0
    for number, bar in enumerate(design.bars):
        given = None if sizes is None else sizes[number]
        z, size, means = _scaled_columns(bar) if given is None else (bar.z / given, given, np.zeros(len(given)))
        z = z if root is None else z * root[:, None]
        rows, columns = lower_indices(len(size))
        scales.append(size[rows] * size[columns])
        if means.any():
            turns.append((slice(at, at + len(rows)), turn_of_elements(means)))
        merged.setdefault(bar.grouping, []).append((z, bar.codes, at))
        at += len(rows)
    return ScaledBars(tuple(_merge(parts) for parts in merged.values()), tuple(scales), tuple(turns), at)


def _scaled_columns(bar: Bar) -> tuple[Array, Array, Array]:
    """Columns (n, q) of mean square 1 where they are not 0, what they were divided by, and their means if centred.

    Newton's method then meets variances of about the same size whatever the units of the columns.
    """
    z, means = centred_columns(bar)
    size = np.sqrt(np.einsum("ij,ij->j", z, z) / np.maximum((z != 0).sum(axis=0), 1))
    size = np.where(size > 0, size, 1.0)
    return z if np.all(size == 1.0) else z / size, size, means


def _merge(parts: list[tuple[Array, Index, int]]) -> Level:
    """Bars of one grouping (columns, codes, first element) side by side."""
    z = parts[0][0] if len(parts) == 1 else np.hstack([part[0] for part in parts])
    codes = parts[0][1] if len(parts) == 1 else np.maximum.reduce([part[1] for part in parts])
    codes = np.where((z != 0).any(axis=1), codes, -1)  # a row of zeros links nobody to the group, whatever its code
    params: list[int] = []
    directions, left = [], 0
    for columns, _, first in parts:
        right = left + columns.shape[1]
        basis = element_basis(columns.shape[1])
        wide = np.zeros((len(basis), z.shape[1], z.shape[1]))
        wide[:, left:right, left:right] = basis
        directions.append(wide)
        params += range(first, first + len(basis))
        left = right
    return Level(codes, int(codes.max(initial=-1)) + 1, z, tuple(params), np.concatenate(directions))
