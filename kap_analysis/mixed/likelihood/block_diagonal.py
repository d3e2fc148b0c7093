"""G of the random effects above: block diagonal, one small matrix for all levels of a grouping.

Products and traces with G and with its slopes go through the small matrices. Where a thousand raters cross two thousand
patients, G written out would be as large as its inverse is dear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """The n levels of one grouping in a component, w effects each.

    Attributes
    ----------
    params : tuple of int
        The elements of the covariance of one level's effects, m of them.
    directions : numpy.ndarray
        (m, w, w): its slope along each.
    at : slice
        Rows of the component that belong to it.
    n : int
        Levels.
    """

    params: tuple[int, ...]
    directions: Array
    at: slice
    n: int

    @property
    def width(self) -> int:
        return self.directions.shape[-1]

    def matrix(self, eta: Array) -> Array:
        """The covariance of one level's effects (w, w)."""
        return np.tensordot(eta[list(self.params)], self.directions, axes=1)

    def levels(self, x: Array) -> Array:
        """Its rows of X (..., Q, c) by level (..., n, w, c)."""
        return x[..., self.at, :].reshape(*x.shape[:-2], self.n, self.width, x.shape[-1])


def multiply(blocks: Sequence[Block], matrices: Sequence[Array], x: Array) -> Array:
    """G X for X (..., Q, c), with the small matrix of each block."""
    out = np.empty_like(x)
    for block, matrix in zip(blocks, matrices, strict=True):
        if block.width == 1:
            np.multiply(x[..., block.at, :], matrix[0, 0], out=out[..., block.at, :])
        else:
            out[..., block.at, :] = (matrix @ block.levels(x)).reshape(*x.shape[:-2], -1, x.shape[-1])
    return out


def multiply_slopes(blocks: Sequence[Block], x: Array) -> Array:
    """G_j X for X (b, Q, c) and each element j of all blocks, in their order (b, m, Q, c)."""
    out = np.zeros((len(x), sum(len(block.params) for block in blocks), *x.shape[1:]))
    first = 0
    for block in blocks:
        part = block.directions[:, None] @ block.levels(x)[:, None]  # (b, m, n, w, c)
        last = first + len(block.params)
        out[:, first:last, block.at] = part.reshape(len(x), last - first, -1, x.shape[-1])
        first = last
    return out


def slope_traces(blocks: Sequence[Block], x: Array) -> Array:
    """tr(G_j X), summed over components X (b, Q, Q), for each element j (m,)."""
    out = []
    for block in blocks:
        own = x[:, block.at, block.at].reshape(len(x), block.n, block.width, block.n, block.width)
        out.append(np.tensordot(block.directions, np.einsum("bnanc->ca", own), axes=2))
    return np.concatenate(out)


def slope_product_traces(blocks: Sequence[Block], left: Array, right: Array) -> Array:
    """tr(G_j L R'), summed over components, for L (..., b, Q, Q) and R (b, Q, Q): (m, ...)."""
    out = []
    for block in blocks:
        within = block.levels(left) @ block.levels(right).swapaxes(-1, -2)
        out.append(np.tensordot(block.directions, within.sum(axis=(-4, -3)), axes=((1, 2), (-1, -2))))
    return np.concatenate(out)


def slope_pair_traces(blocks: Sequence[Block], h: Array) -> Array:
    """tr(G_j H G_k H), summed over components, for symmetric H (b, Q, Q): (m, m)."""
    grid: list[list[Array]] = []
    for i, one in enumerate(blocks):
        row = [grid[j][i].T for j in range(i)]
        for other in blocks[i:]:
            part = h[:, one.at, other.at].reshape(len(h), one.n, one.width, other.n, other.width)
            part = part.transpose(0, 1, 3, 2, 4).reshape(-1, one.width * other.width)
            gram = (part.T @ part).reshape(one.width, other.width, one.width, other.width)  # (a, c, p, q)
            left = one.directions.reshape(len(one.params), -1)  # (j, p a)
            right = other.directions.reshape(len(other.params), -1)  # (k, c q)
            row.append(left @ gram.transpose(2, 0, 1, 3).reshape(left.shape[1], -1) @ right.T)
        grid.append(row)
    return np.block(grid)
