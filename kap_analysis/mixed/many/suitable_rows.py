"""Which data sets clearly have rows enough for the model; the ordinary fit checks the others one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.design.collinearity import independent_columns
from kap_analysis.mixed.design.design import Bar, Design
from kap_analysis.mixed.many.data_sets import DataSets

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


def suited(design: Design, sets: DataSets) -> Mask:
    """Which data sets can be fitted as they are (d,)."""
    seen = ~np.isnan(sets.y)
    enough = seen.sum(axis=1) > sets.x.shape[2]
    return np.asarray(enough & _have_pairs(design, seen) & _tell_groups_apart(design, seen))


def _have_pairs(design: Design, seen: Mask) -> Mask:
    """Whether each pair of visits has a subject in each stratum, where the covariance needs it (d,)."""
    residual = design.residual
    if residual.subject is None or residual.visit is None or not residual.structure.variance_by_visit:
        return np.ones(len(seen), dtype=bool)
    which, at = np.nonzero(seen)
    attended = np.zeros((len(seen), len(residual.strata), len(residual.subjects), len(residual.visits)))
    attended[which, residual.stratum[at], residual.subject[at], np.asarray(residual.visit)[at]] = 1.0
    return np.asarray((attended.swapaxes(-1, -2) @ attended > 0).all(axis=(1, 2, 3)))


def _tell_groups_apart(design: Design, seen: Mask) -> Mask:
    """Whether each bar has groups enough, and of each two groupings one has more groups than the other (d,)."""
    out = np.ones(len(seen), dtype=bool)
    counts: dict[str, Index] = {}
    if design.residual.subject is not None:
        counts["its subject"] = _touched(seen, design.residual.subject)
    for bar in design.bars:
        active = (bar.codes >= 0) & (bar.z != 0).any(axis=1)
        found = _touched(seen & active, bar.codes)
        out &= (found >= 2) & (found < (seen & active).sum(axis=1))
        for name, others in counts.items():
            if name != bar.grouping:
                out &= found != others
        counts[bar.grouping] = found
        if len(bar.names) > 1:
            out &= _columns_of_bar(bar, seen)
    return out


def _touched(seen: Mask, codes: Index) -> Index:
    """How many groups have a row that is seen (d,)."""
    which, at = np.nonzero(seen)
    touched = np.zeros((len(seen), int(codes.max(initial=-1)) + 1), dtype=bool)
    touched[which, codes[at]] = True
    return np.asarray(touched.sum(axis=1))


def _columns_of_bar(bar: Bar, seen: Mask) -> Mask:
    return np.array([len(independent_columns(bar.z[rows])) == len(bar.names) for rows in seen])
