"""Columns of the fixed part that the columns before them already say."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Matrix = NDArray[np.float64]
TOLERANCE = 1e-7  # as R's qr(): a column is dropped when less than this part of its length is new


def independent_columns(x: Matrix) -> list[int]:
    """Indices of the columns of `x` (n, p) that are not linear combinations of earlier ones."""
    lengths = np.sqrt(np.einsum("ij,ij->j", x, x))
    scale = np.where(lengths > 0, lengths, 1.0)
    cross = (x.T @ x) / np.outer(scale, scale)
    try:
        if (np.diag(np.linalg.cholesky(cross)) > 1e-3).all():
            return list(range(x.shape[1]))
    except np.linalg.LinAlgError:
        pass
    kept: list[int] = []
    basis = np.empty((x.shape[0], 0))
    for j in range(x.shape[1]):
        column = x[:, j] / scale[j]
        for _ in range(2):
            column = column - basis @ (basis.T @ column)
        length = np.linalg.norm(column)
        if lengths[j] > 0 and length > TOLERANCE:
            kept.append(j)
            basis = np.column_stack([basis, column / length])
    return kept


def orthogonalise(x: Matrix) -> tuple[Matrix, Matrix]:
    """`x` = q r with q well conditioned (not exactly orthogonal), r upper triangular."""
    n = x.shape[0]
    lengths = np.sqrt(np.einsum("ij,ij->j", x, x) / n)
    cross = (x.T @ x) / np.outer(lengths, lengths) / n
    try:
        r = np.linalg.cholesky(cross).T
        if np.diag(r).min() > 1e-3:
            r = r * lengths
            q = solve_triangular(r, x.T, trans="T", lower=False).T if n < 4096 else x @ np.linalg.inv(r)
            return np.ascontiguousarray(q), r
    except np.linalg.LinAlgError:
        pass
    q, r = np.linalg.qr(x)
    return q * np.sqrt(n), r / np.sqrt(n)
