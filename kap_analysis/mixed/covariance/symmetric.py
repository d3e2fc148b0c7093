"""Symmetric matrices and their elements: the lower triangle by rows."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]


def lower_triangle(size: int) -> tuple[tuple[int, int], ...]:
    """(row, column) of the lower triangle, by rows."""
    return tuple((i, j) for i in range(size) for j in range(i + 1))


@cache
def lower_indices(size: int) -> tuple[Index, Index]:
    """Rows and columns of the lower triangle as arrays, made once."""
    rows, columns = np.tril_indices(size)
    rows.setflags(write=False)
    columns.setflags(write=False)
    return rows, columns


@lru_cache(maxsize=256)
def grid(rows: tuple[int, ...], columns: tuple[int, ...]) -> tuple[Index, ...]:
    """Where some rows and columns of a matrix stand, made once: a fit asks for the same few at every step."""
    places = np.ix_(rows, columns)
    for place in places:
        place.setflags(write=False)
    return places


def element_basis(size: int) -> Array:
    """(elements, size, size): the symmetric matrix that each element of the lower triangle stands for."""
    pairs = lower_triangle(size)
    basis = np.zeros((len(pairs), size, size))
    for at, (i, j) in enumerate(pairs):
        basis[at, i, j] = basis[at, j, i] = 1.0
    return basis


def matrix_of(elements: Array, size: int) -> Array:
    """The symmetric matrix of a lower triangle by rows."""
    out = np.zeros((size, size))
    out[lower_indices(size)] = elements
    return out + np.tril(out, -1).T


def cholesky_of_semidefinite(matrix: Array) -> Array:
    """L with LL' = matrix, diagonals of 0 where the matrix is singular; negative eigenvalues count as 0."""
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    lower = np.asarray(np.linalg.qr(root.T, mode="r")).T
    lower = np.tril(lower) * np.where(np.diag(lower) < 0, -1.0, 1.0)
    small = np.abs(lower) < 1e-9 * max(float(np.sqrt(np.abs(np.diag(matrix)).max(initial=0.0))), 1e-300)
    return np.where(small, 0.0, lower)
