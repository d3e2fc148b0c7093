"""The rows of many data sets one after the other, so that the subjects of one pattern are found over all of them.

A data set has the rows of one design, less those that it did not observe. Its subjects and groups are its own; the
shapes of their matrices are not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import lower_indices
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.likelihood.batch import Batch
from kap_analysis.mixed.likelihood.batching import make_batches
from kap_analysis.mixed.likelihood.levels import Level, ScaledBars, scaled_bars
from kap_analysis.mixed.likelihood.scaling import Scaling
from kap_analysis.mixed.likelihood.subjects import INDEPENDENT, SubjectRows, scaled_columns, subject_rows
from kap_analysis.mixed.many.small_matrices import cholesky_factors

Array = NDArray[np.float64]
Index = NDArray[np.intp]
IN_CACHE = 100_000  # numbers of X: .8 MB


@dataclass(frozen=True)
class Template:
    """One design as the likelihood works on it, before any response.

    Attributes
    ----------
    design : Design
    bars : ScaledBars
        Its bar terms.
    rows : SubjectRows
        Its rows in the order of the subjects.
    """

    design: Design
    bars: ScaledBars
    rows: SubjectRows

    @property
    def can_stack(self) -> bool:
        """Whether data sets can be fitted together: V linear in its elements, at most one grouping above the subject.

        Raters that cross patients tie all rows to each other, and a correlation in time has derivatives of its own.
        """
        return len(self.rows.upper) < 2 and not self.design.residual.structure.in_time and not self._crossed

    @property
    def _crossed(self) -> bool:
        """Whether a subject has more than one level of the grouping above."""
        rows = self.rows
        for level in rows.upper:
            active = level.codes >= 0
            pairs = np.unique(np.column_stack([rows.subject[active], level.codes[active]]), axis=0)
            if len(np.unique(pairs[:, 0])) < len(pairs):
                return True
        return False


def make_template(design: Design) -> Template:
    """The template of a design."""
    bars = scaled_bars(design)
    return Template(design, bars, subject_rows(design, bars.levels, bars.n_elements))


@dataclass(frozen=True)
class Stack:
    """All data sets as subjects of one set of batches.

    Attributes
    ----------
    batches : tuple of Batch
        The subjects of all data sets by pattern.
    upper : Level or None
        The grouping above the subjects, of one data set.
    owner : numpy.ndarray
        (b,): the data set of each subject.
    subject, w : numpy.ndarray
        Of all rows: the subject, and W (rows, k).
    scalings : tuple of Scaling
        The way back to the user's units, of each data set.
    n : numpy.ndarray
        (d,): rows.
    sizes : numpy.ndarray
        (d, m): elements of a data set scaled by its own rows times this are elements here.
    regular : numpy.ndarray
        (d,): whether the columns of X are well conditioned; where not, the numbers here mean nothing.
    """

    batches: tuple[Batch, ...]
    upper: Level | None
    owner: Index
    subject: Index
    w: Array
    scalings: tuple[Scaling, ...]
    n: Index
    sizes: Array
    regular: NDArray[np.bool_]


def stack_rows(template: Template, x: Array, y: Array) -> Stack:
    """The data sets of responses y (d, n), missing where a row is not observed, and x (d or 1, n, p)."""
    rows, design = template.rows, template.design
    order = np.arange(y.shape[1]) if rows.order is None else rows.order
    which, at = np.nonzero(~np.isnan(y[:, order]))
    subject = rows.subject[at] + which * len(rows.starts)
    starts = np.flatnonzero(np.r_[True, subject[1:] != subject[:-1]])
    columns = _columns_of_each if np.isnan(y).any() or len(x) > 1 else _columns_of_all
    w, scalings, regular = columns(template, x, y, order)
    residual = design.residual
    visit = None if residual.visit is None else residual.visit[order][at]
    work = SubjectRows(
        replace(design, residual=replace(residual, visit=visit)),
        None if rows.own is None else _repeated(rows.own, which, at, len(y)),
        tuple(_repeated(level, which, at, len(y)) for level in rows.inner),
        tuple(_repeated(level, which, at, len(y)) for level in rows.upper),
        rows.dense,
        np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(subject)])),
        starts,
        None,
        rows.stratum[at],
        w,
        rows.centre,
        rows.r,
        rows.scale,
        rows.n_bars,
    )
    batches, _ = make_batches(work)
    upper = rows.upper[0] if rows.upper else None
    sizes = _sizes(design, (~np.isnan(y)).astype(float), len(scalings[0].elements))
    return Stack(
        batches, upper, which[starts], work.subject, w, scalings, np.bincount(which, minlength=len(y)), sizes, regular
    )


def _repeated(level: Level, which: Index, at: Index, n_sets: int) -> Level:
    """A grouping whose levels each data set has for itself."""
    codes = level.codes[at]
    codes = np.where(codes >= 0, codes + which * level.n_levels, -1)
    return replace(level, codes=codes, n_levels=level.n_levels * n_sets, z=level.z[at])


def _columns_of_all(
    template: Template, x: Array, y: Array, order: Index
) -> tuple[Array, tuple[Scaling, ...], NDArray[np.bool_]]:
    """W of all rows and the scalings, where every data set has every row: X is orthogonalised once."""
    w, centre, r, scale = scaled_columns(x[0], y.T, template.design.weights)
    p = x.shape[2]
    out = np.empty((len(y), y.shape[1], p + 1))
    out[:, :, :p] = w[order, :p]
    out[:, :, p] = w[order, p:].T
    scalings = tuple(_scaling(template, centre[:, d], r, float(scale[d]), None) for d in range(len(y)))
    return out.reshape(-1, p + 1), scalings, np.ones(len(y), dtype=bool)


def _columns_of_each(
    template: Template, x: Array, y: Array, order: Index
) -> tuple[Array, tuple[Scaling, ...], NDArray[np.bool_]]:
    """The same for data sets with rows, or columns of X, of their own: as many at a time as a cache holds."""
    size = max(1, IN_CACHE // max(x.shape[1] * x.shape[2], 1))
    parts = [
        _columns_of_some(template, x if len(x) == 1 else x[first : first + size], y[first : first + size], order)
        for first in range(0, len(y), size)
    ]
    w, scalings, regular = zip(*parts, strict=True)
    return np.concatenate(w), tuple(one for some in scalings for one in some), np.concatenate(regular)


def _columns_of_some(
    template: Template, x: Array, y: Array, order: Index
) -> tuple[Array, list[Scaling], NDArray[np.bool_]]:
    """`scaled_columns` of each data set."""
    weights, seen = template.design.weights, ~np.isnan(y)
    root = seen.astype(float) if weights is None else seen * np.sqrt(weights)
    x, y = x * root[:, :, None], np.where(seen, y, 0.0)[:, :, None] * root[:, :, None]
    n, p = seen.sum(axis=1), x.shape[2]
    r, regular = _triangles(x, n)
    w = np.empty((*y.shape[:2], p + 1))
    q = np.matmul(x, np.linalg.inv(r), out=w[:, :, :p])
    turned = q.swapaxes(1, 2)
    gram = np.where(regular[:, None, None], turned @ q, np.eye(p))
    inside = np.linalg.solve(gram, turned @ y)
    inside = inside + np.linalg.solve(gram, turned @ (y - q @ inside))
    left = (y - q @ inside)[:, :, 0]
    scale = np.sqrt(np.sum(left**2, axis=1) / np.maximum(n - p, 1))
    scale = np.where(scale > 0, scale, 1.0)
    w[:, :, p] = left / scale[:, None]
    centre = np.linalg.solve(r, inside)[:, :, 0]
    own = [None if weights is None else weights[rows] for rows in seen]
    scalings = [_scaling(template, centre[d], r[d], float(scale[d]), own[d]) for d in range(len(y))]
    if (order[1:] > order[:-1]).all():
        return w[seen], scalings, regular
    return w[:, order][seen[:, order]], scalings, regular


def _triangles(x: Array, n: Index) -> tuple[Array, NDArray[np.bool_]]:
    """Upper triangular r of each X (d, n, p) with X r^-1 well conditioned, as `triangle`; and where there is one."""
    gram = (x.swapaxes(1, 2) @ x) / n[:, None, None]
    diagonal = np.arange(x.shape[2])
    lengths = np.sqrt(gram[:, diagonal, diagonal])
    lengths = np.where(lengths > 0, lengths, 1.0)
    root, good = cholesky_factors(gram / (lengths[:, :, None] * lengths[:, None, :]))
    good &= root[:, diagonal, diagonal].min(axis=1, initial=1.0) > INDEPENDENT
    return np.where(good[:, None, None], root.swapaxes(1, 2) * lengths[:, None, :], np.eye(len(diagonal))), good


def _scaling(template: Template, centre: Array, r: Array, scale: float, weights: Array | None) -> Scaling:
    design = template.design
    residual = design.residual
    factor, shift = residual.structure.units(scale, len(residual.visits))
    n_strata = len(residual.strata)
    weights = design.weights if weights is None else weights
    return Scaling(
        centre,
        r,
        scale,
        np.concatenate([*(scale**2 / s for s in template.bars.scales), *[factor] * n_strata]),
        np.concatenate([np.zeros(template.bars.n_elements), *[shift] * n_strata]),
        0.0 if weights is None else float(np.log(weights).sum()),
        template.bars.turns,
    )


def _sizes(design: Design, seen: Array, n_elements: int) -> Array:
    """Mean squares of the columns of the bars over all rows, by those over the rows of each data set (d, m).

    One data set alone is scaled by its own rows, and its search begins at variances in that scale.
    """
    out, first = np.ones((len(seen), n_elements)), 0
    for bar in design.bars:
        there = (bar.z != 0).astype(float)
        own = (seen @ bar.z**2) / np.maximum(seen @ there, 1.0)
        whole = np.sum(bar.z**2, axis=0) / np.maximum(there.sum(axis=0), 1)
        ratio = np.sqrt(np.where(own > 0, whole / np.where(own > 0, own, 1.0), 1.0))
        rows, columns = lower_indices(bar.z.shape[1])
        out[:, first : first + len(rows)] = ratio[:, rows] * ratio[:, columns]
        first += len(rows)
    return out
