"""Products and traces with a block-diagonal G and its slopes, against G written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.covariance.symmetric import element_basis
from kap_analysis.mixed.likelihood.block_diagonal import (
    Block,
    multiply,
    multiply_slopes,
    slope_pair_traces,
    slope_product_traces,
    slope_traces,
)

ETA = np.array([2.0, 3.0, -0.5, 1.5, 0.7])
BLOCKS = (Block((0,), np.ones((1, 1, 1)), slice(0, 3), 3), Block((1, 2, 3), element_basis(2), slice(3, 7), 2))
MATRICES = tuple(block.matrix(ETA) for block in BLOCKS)


def written_out(each: list[np.ndarray]) -> np.ndarray:
    out = np.zeros((7, 7))
    for block, matrix in zip(BLOCKS, each, strict=True):
        out[block.at, block.at] = np.kron(np.eye(block.n), matrix)
    return out


def slope(j: int) -> np.ndarray:
    step = np.eye(len(ETA))[j]
    return written_out([block.matrix(ETA + step) - block.matrix(ETA) for block in BLOCKS])


G, G1 = written_out(list(MATRICES)), [slope(j) for j in range(4)]


@pytest.fixture
def x() -> np.ndarray:
    """Two components."""
    return np.random.default_rng(3).standard_normal((2, 7, 7))


def test_products(x: np.ndarray) -> None:
    np.testing.assert_allclose(multiply(BLOCKS, MATRICES, x), G @ x, atol=1e-12)
    np.testing.assert_allclose(multiply(BLOCKS, MATRICES, x.transpose(0, 2, 1)), G @ x.transpose(0, 2, 1), atol=1e-12)
    np.testing.assert_allclose(multiply(BLOCKS, MATRICES, x[:, None, :, :2]), G @ x[:, None, :, :2], atol=1e-12)
    expected = np.array([[g1 @ one for g1 in G1] for one in x[:, :, :3]])
    np.testing.assert_allclose(multiply_slopes(BLOCKS, x[:, :, :3]), expected, atol=1e-12)


def test_traces(x: np.ndarray) -> None:
    expected = [sum(np.trace(g1 @ one) for one in x) for g1 in G1]
    np.testing.assert_allclose(slope_traces(BLOCKS, x), expected, atol=1e-12)
    other = x[::-1] + 1.0
    expected = [sum(np.trace(g1 @ a @ b.T) for a, b in zip(x, other, strict=True)) for g1 in G1]
    np.testing.assert_allclose(slope_product_traces(BLOCKS, x, other), expected, atol=1e-11)
    h = x + x.transpose(0, 2, 1)
    expected = [[sum(np.trace(a @ one @ b @ one) for one in h) for b in G1] for a in G1]
    np.testing.assert_allclose(slope_pair_traces(BLOCKS, h), expected, atol=1e-11)
