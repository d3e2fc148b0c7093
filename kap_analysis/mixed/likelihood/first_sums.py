"""What is summed before any covariance parameter is known: which columns to work in, and where to begin.

These are the sums at V = I in the user's own columns: cross-products of W = [X y], those within each pair of visits,
from which the products of the residuals of least squares follow, and the squares of the columns of the bar terms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.design.collinearity import independent_columns
from kap_analysis.mixed.design.design import Design, Residual
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.layout import Layout, make_layout
from kap_analysis.mixed.likelihood.scaling import AgreedColumns, Scaling
from kap_analysis.mixed.likelihood.sums import Asked, packed, sums_at, unpacked

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FirstSums:
    """Sums over some independent units at V = I; `+` joins those of different units.

    Attributes
    ----------
    n, log_weights : float
        Rows, and the sum of their log weights.
    s : numpy.ndarray
        (k, k): W'W, own columns taken out.
    s1 : numpy.ndarray
        (e, k, k): minus the cross-products within each pair of visits, for the e elements of the residual covariance.
    pairs : numpy.ndarray
        (e,): units with rows at both visits of the element; 0 for a residual covariance that is not over visits.
    squares, used : numpy.ndarray
        (q,): for each column of the bar terms its sum of squares, and in how many rows it is not 0.
    """

    n: float
    log_weights: float
    s: Array
    s1: Array
    pairs: Array
    squares: Array
    used: Array

    def __add__(self, other: FirstSums) -> FirstSums:
        return FirstSums(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def numbers(self) -> Array:
        """All sums in one row; of symmetric matrices the lower triangle."""
        return np.concatenate([np.ravel(packed(getattr(self, name))) for name in self.__dataclass_fields__])

    @classmethod
    def of_numbers(cls, k: int, e: int, q: int, numbers: Array) -> FirstSums:
        """The sums from their row of numbers."""
        shapes: list[tuple[int, ...]] = [(), (), (k, k), (e, k, k), (e,), (q,), (q,)]
        sizes = [packed(np.zeros(shape)).size for shape in shapes]
        parts = np.split(numbers, np.cumsum(sizes)[:-1])
        return cls(*(unpacked(part, shape) for part, shape in zip(parts, shapes, strict=True)))

    def independent(self) -> list[int]:
        """The columns of X that are no combination of those before them."""
        cross = self.s[:-1, :-1]
        lengths = np.sqrt(np.diag(cross))
        lengths = np.where(lengths > 0, lengths, 1.0)
        values, vectors = np.linalg.eigh(cross / np.outer(lengths, lengths))
        return independent_columns((vectors * np.sqrt(np.maximum(values, 0.0))).T)

    def keeping(self, columns: list[int]) -> FirstSums:
        """The same without the other columns of X."""
        at = np.ix_([*columns, len(self.s) - 1], [*columns, len(self.s) - 1])
        return FirstSums(
            self.n, self.log_weights, self.s[at], self.s1[:, at[0], at[1]], self.pairs, self.squares, self.used
        )

    def turned(self, turn: Array) -> FirstSums:
        """The same for W times a matrix (k, k')."""
        return replace(self, s=turn.T @ self.s @ turn, s1=turn.T @ self.s1 @ turn)

    def agreed_columns(self, widths: list[int]) -> AgreedColumns:
        """The columns to work in: those of X orthogonal over all units, the residual variance 1, bars of mean square 1.

        Raises
        ------
        MixedModelError
            When there are no more rows than coefficients, or the response leaves nothing to explain.
        """
        p = len(self.s) - 1
        if self.n <= p:
            raise MixedModelError(
                f"{self.n:.0f} rows are too few for {p} coefficients: there must be more rows than coefficients."
            )
        lengths = np.sqrt(np.diag(self.s)[:p])
        root = np.linalg.cholesky(self.s[:p, :p] / np.outer(lengths, lengths)).T
        centre = np.asarray(np.linalg.solve(self.s[:p, :p], self.s[:p, p]), dtype=float)
        c = np.append(-centre, 1.0)
        left = float(c @ self.s @ c)
        if not left > 1e-12 * max(float(self.s[p, p]), 1e-300):
            raise MixedModelError("The columns of the model say all of the response: there is nothing left to explain.")
        sizes = np.sqrt(self.squares / np.maximum(self.used, 1.0))
        ends = np.cumsum([0, *widths])
        each = [np.where(sizes[a:b] > 0, sizes[a:b], 1.0) for a, b in pairwise(ends)]
        return AgreedColumns(
            centre,
            np.asarray(root * lengths / np.sqrt(self.n), dtype=float),
            float(np.sqrt(left / (self.n - p))),
            tuple(each),
        )

    def mean_products(self, at: slice, size: int, scaling: Scaling) -> tuple[Array, Array]:
        """Products of residuals of least squares by pair of visits (size, size), and how many, of some elements."""
        c = np.append(-scaling.centre, 1.0)
        products = -(self.s1[at] @ c @ c) / scaling.scale**2
        rows, columns = np.tril_indices(size)
        halves = np.where(rows == columns, 1.0, 0.5)  # an element off the diagonal stands twice in the matrix
        return matrix_of(products * halves, size), matrix_of(self.pairs[at], size)


def first_sums_of(design: Design, *, own: int = 0, columns: AgreedColumns | None = None) -> FirstSums:
    """The sums of the units of a design at V = I; the first `own` columns belong to them alone and are taken out.

    The columns are the user's, or those of `columns`.

    Raises
    ------
    MixedModelError
        For a correlation in time, which no V = I belongs to.
    """
    check_not_in_time(design.residual)
    widths = [bar.z.shape[1] for bar in design.bars]
    layout = make_layout(design, columns or AgreedColumns.as_they_are(design.x.shape[1], widths))
    return first_sums_of_layout(layout, design, own=own)


def check_not_in_time(residual: Residual) -> None:
    """Raise for a correlation in time."""
    if residual.structure.in_time:
        raise MixedModelError(
            f"{residual.text} is a correlation in time, which is not fitted from sums. Use scheduled visits."
        )


def first_sums_of_layout(layout: Layout, design: Design, *, own: int = 0) -> FirstSums:
    """The same of units that are laid out already."""
    residual = design.residual
    widths = [bar.z.shape[1] for bar in design.bars]
    size = residual.structure.size(len(residual.visits))
    first = sum(width * (width + 1) // 2 for width in widths)
    eta = np.r_[np.zeros(first), np.tile(np.eye(size)[np.tril_indices(size)], len(residual.strata))]
    found = sums_at(layout, eta, Asked.nothing(layout.k - own, layout.n_elements), own=own)
    assert found is not None  # V is I
    z = [bar.z for bar in design.bars]
    return FirstSums(
        found.n,
        found.log_weights,
        found.s,
        found.s1[first:],
        _pairs(design, size),
        np.concatenate([np.zeros(0), *((one**2).sum(axis=0) for one in z)]),
        np.concatenate([np.zeros(0), *((one != 0).sum(axis=0).astype(float) for one in z)]),
    )


def _pairs(design: Design, size: int) -> Array:
    """Subjects with rows at both visits of each element of each stratum (e,)."""
    residual = design.residual
    out = np.zeros((len(residual.strata), size, size))
    if residual.subject is not None and residual.visit is not None:
        attended = np.zeros((len(residual.strata), len(residual.subjects), size))
        attended[residual.stratum, residual.subject, np.asarray(residual.visit, dtype=np.intp)] = 1.0
        out = attended.transpose(0, 2, 1) @ attended
    return out[(slice(None), *np.tril_indices(size))].ravel()
