"""Columns of the fixed part that the columns before them already say."""

import numpy as np
from numpy.typing import NDArray

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
        pass  # some are combinations: which, is found column by column
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


def aliases_of(x: Matrix, dropped: Matrix) -> Matrix:
    """How `dropped` (n, d) follows from the independent columns `x` (n, p): the matrix b (p, d) with dropped = x b."""
    lengths = np.sqrt(np.einsum("ij,ij->j", x, x))
    return np.asarray(np.linalg.lstsq(x / lengths, dropped, rcond=None)[0] / lengths[:, None])
