"""Inverses and factors of many matrices, of which some have none."""

import numpy as np
import pytest

from kap_analysis.mixed.many.small_matrices import cholesky_factors, inverses

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_those_that_are_not_positive_are_marked_and_the_others_right(size: int) -> None:
    root = RNG.standard_normal((4, 3, size, size))
    a = root @ root.swapaxes(-1, -2) + 0.1 * np.eye(size)
    a[1, 2] = np.diag([-1.0] + [1.0] * (size - 1))
    found, logs, good = inverses(a)
    factor, definite = cholesky_factors(a)
    assert np.argwhere(~good).tolist() == np.argwhere(~definite).tolist() == [[1, 2]]
    np.testing.assert_allclose(found[good] @ a[good], np.broadcast_to(np.eye(size), a[good].shape), atol=1e-8)
    np.testing.assert_allclose(logs[good], np.linalg.slogdet(a[good])[1])
    np.testing.assert_allclose((factor @ factor.swapaxes(-1, -2))[good], a[good])


def test_no_columns_have_a_determinant_of_one() -> None:
    found, logs, good = inverses(np.zeros((2, 3, 0, 0)))
    assert found.shape == (2, 3, 0, 0) and not logs.any() and good.all()
