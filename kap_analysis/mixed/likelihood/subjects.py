"""The rows of a design in the order of their subjects, and which groupings stand above or inside a subject.

The subject is the subject of the residual covariance, since its rows must be inverted together; without one it is the
grouping with the most levels, which leaves the fewest random effects above. Groupings that hold subjects (a cohort of
patients) stand above; so do crossed ones (a rater), whose levels no subject has for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.likelihood.levels import Level
from kap_analysis.mixed.likelihood.scaling import AgreedColumns

Array = NDArray[np.float64]
Index = NDArray[np.intp]
INDEPENDENT = 1e-2  # smallest pivot of the scaled columns of X at which a Cholesky factor is exact enough


@dataclass(frozen=True)
class SubjectRows:
    """The rows in the order of their subjects, and what is known of them while the batches are built."""

    design: Design
    own: Level | None  # the random effects of the subject itself
    inner: tuple[Level, ...]  # of groupings inside a subject
    upper: tuple[Level, ...]  # of groupings above it, or crossed with it
    dense: bool  # whether V of a subject is written out
    subject: Index  # (n,) of the sorted rows
    starts: Index  # (b,)
    order: Index | None
    stratum: Index  # (n,) sorted
    w: Array  # (n, k) sorted
    centre: Array
    r: Array
    scale: float
    n_bars: int  # elements of all bars; those of the residual come after them

    @property
    def k(self) -> int:
        return self.w.shape[1]

    @property
    def lengths(self) -> Index:
        """Rows of each subject (b,)."""
        return np.diff(np.r_[self.starts, len(self.subject)])


def subject_rows(
    design: Design, levels: Sequence[Level], n_bars: int, agreed: AgreedColumns | None = None
) -> SubjectRows:
    """The rows of a design, sorted by subject where they are not."""
    residual = design.residual
    subject, own, others = _subject(design, levels)
    stratum = np.asarray(residual.stratum)
    subject = complete(subject, stratum, others)
    order = None if np.all(subject[1:] >= subject[:-1]) else np.argsort(subject, kind="stable")
    if order is not None:
        subject, stratum = subject[order], stratum[order]
        own = None if own is None else _sorted(own, order)
        others = [_sorted(level, order) for level in others]
    starts = np.flatnonzero(np.r_[True, subject[1:] != subject[:-1]])
    subject = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(subject)]))
    inner: list[Level] = []
    upper: list[Level] = []
    for level in others:
        if not level.n_levels:
            continue  # in a part of the data on which no effect of the grouping acts
        (inner if residual.subject is not None and is_inside(level.codes, subject) else upper).append(level)
    varying = bool((stratum != stratum[starts][subject]).any())
    if agreed is None:
        w, centres, r, scales = scaled_columns(design.x, design.y[:, None], design.weights)
        centre, scale = centres[:, 0], float(scales[0])
    else:
        w, centre, r, scale = agreed_columns(design, agreed)
    if order is not None:
        w = np.asfortranarray(w[order])
    dense = residual.subject is not None or varying
    places = (subject, starts, order, stratum)
    return SubjectRows(design, own, tuple(inner), tuple(upper), dense, *places, w, centre, r, scale, n_bars)


def _subject(design: Design, levels: Sequence[Level]) -> tuple[Index, Level | None, list[Level]]:
    """Codes of the subjects (-1: a row has none), the bars of that grouping, and the other groupings."""
    if design.residual.subject is not None:
        return design.residual.subject, None, list(levels)
    if not levels:
        return np.full(len(design.y), -1), None, []
    used = [np.count_nonzero(np.bincount(level.codes[level.codes >= 0])) for level in levels]
    most = int(np.argmax(used))
    return levels[most].codes, levels[most], [level for at, level in enumerate(levels) if at != most]


def _sorted(level: Level, order: Index) -> Level:
    return replace(level, codes=level.codes[order], z=level.z[order])


def complete(subject: Index, stratum: Index, others: Sequence[Level]) -> Index:
    """Subjects for the rows that have none: one per stratum and set of levels above.

    Such rows are independent given what stands above them, so any division into subjects is right; few large subjects
    of low rank are the least work.
    """
    lost = subject < 0
    if not lost.any():
        return subject
    key = stratum[lost].astype(np.int64)
    for level in others:
        key = key * (level.n_levels + 1) + level.codes[lost] + 1
        key = np.unique(key, return_inverse=True)[1].astype(np.int64)
    out = subject.copy()
    out[lost] = np.unique(key, return_inverse=True)[1] + int(subject.max(initial=-1)) + 1
    return out


def is_inside(codes: Index, subject: Index) -> bool:
    """Whether each level of a grouping belongs to one subject."""
    active = codes >= 0
    home = np.full(int(codes.max(initial=-1)) + 1, -1)
    home[codes[active]] = subject[active]
    return bool((home[codes[active]] == subject[active]).all())


def scaled_columns(x: Array, y: Array, weights: Array | None) -> tuple[Array, Array, Array, NDArray[np.float64]]:
    """W = [Q, (y - X centre) / scale] (n, p + d) for d responses y (n, d), rows times the root of their weights.

    With it come centre (p, d), r (p, p) with X = Q r, and scale (d,). Q'Q = n I as far as rounding goes, and what is
    left of y is taken off twice: the sums over the rows then hold no large numbers that cancel, however large a mean or
    ill-conditioned a column is.
    """
    if weights is not None:
        root = np.sqrt(weights)[:, None]
        x, y = x * root, y * root
    n, p = x.shape
    r = triangle(x)
    w = np.empty((n, p + y.shape[1]), order="F")
    if r is None:
        q, r = np.linalg.qr(x)
        w[:, :p], r = q * np.sqrt(n), r / np.sqrt(n)
    else:
        np.matmul(np.linalg.inv(r).T, x.T, out=w.T[:p])
    inside = np.linalg.lstsq(w[:, :p].T @ w[:, :p], w[:, :p].T @ y, rcond=None)[0]
    left = y - w[:, :p] @ inside
    inside = inside + np.linalg.solve(w[:, :p].T @ w[:, :p], w[:, :p].T @ left)
    left = y - w[:, :p] @ inside
    scale = np.sqrt([column @ column / max(n - p, 1) for column in left.T])
    scale = np.where(scale > 0, scale, 1.0)
    w[:, p:] = left / scale
    return w, np.linalg.solve(r, inside) if p else np.zeros((0, y.shape[1])), r, scale


def agreed_columns(design: Design, agreed: AgreedColumns) -> tuple[Array, Array, Array, float]:
    """The same from a centre, r and scale that were agreed on: the parts of a set of units have the same columns."""
    x, y = design.x, design.y
    w = np.asfortranarray(np.column_stack([np.linalg.solve(agreed.r.T, x.T).T, (y - x @ agreed.centre) / agreed.scale]))
    if design.weights is not None:
        w *= np.sqrt(design.weights)[:, None]
    return w, agreed.centre, agreed.r, agreed.scale


def triangle(x: Array) -> Array | None:
    """Upper triangular r with x r^-1 well conditioned, by Cholesky; None where only a QR would be exact enough.

    The Cholesky factor of X'X squares the condition number, and costs a fraction of a QR of many rows.
    """
    n = len(x)
    lengths = np.sqrt(np.einsum("ij,ij->j", x, x) / n)
    lengths = np.where(lengths > 0, lengths, 1.0)
    try:
        root = np.linalg.cholesky((x.T @ x) / np.outer(lengths, lengths) / n).T
    except np.linalg.LinAlgError:
        return None
    return root * lengths if np.diag(root).min(initial=1.0) > INDEPENDENT else None
