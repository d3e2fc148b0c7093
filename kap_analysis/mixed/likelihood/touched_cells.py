"""Matrices between the random effects above, of which only the cells that a subject touches are not 0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Index = NDArray[np.intp]
LARGE = 64  # random effects of a component from which on its matrices are inverted as symmetric ones, one by one
SPARSE = 0.1  # share of touched cells below which a sparse product is less work than a dense one


@dataclass(frozen=True)
class TouchedCells:
    """Symmetric Q x Q matrices of a group, by the cells of them that a subject touches; the others are 0.

    U'D^-1 U and its slopes are such matrices. Where raters and patients cross here and there, few cells are touched,
    and products go through a sparse matrix.

    Attributes
    ----------
    q, n : int
        The size of a matrix, and how many there are.
    among : slice
        Where the values of these cells stand among those of all groups.
    where : numpy.ndarray
        Where they stand in the matrices one after the other, sorted.
    """

    q: int
    n: int
    among: slice
    where: Index

    @cached_property
    def sparse(self) -> bool:
        return self.q >= LARGE and len(self.where) < SPARSE * self.n * self.q**2

    @cached_property
    def _columns(self) -> tuple[Index, Index]:
        """Column of each cell in one block-diagonal matrix, and where its rows begin."""
        component, inside = np.divmod(self.where, self.q**2)
        columns = component * self.q + inside % self.q
        return columns, np.searchsorted(self.where, np.arange(self.n * self.q + 1) * self.q)

    def full(self, values: Array) -> Array:
        """The matrices A (..., n, Q, Q) from their cells (..., cells)."""
        size = self.n * self.q**2
        if values.shape[-1] < size:
            whole = np.zeros((*values.shape[:-1], size))
            whole[..., self.where] = values
            values = whole
        return values.reshape(*values.shape[:-1], self.n, self.q, self.q)

    def product(self, left: Array, values: Array) -> Array:
        """L A for L (n, Q, Q)."""
        if not self.sparse:
            return left @ self.full(values)
        matrix = csr_array((values, *self._columns), shape=(self.n * self.q,) * 2)
        turned = left.transpose(0, 2, 1).reshape(-1, self.q)  # A is symmetric: (L A)' = A L'
        return (matrix @ turned).reshape(self.n, self.q, self.q).transpose(0, 2, 1)
