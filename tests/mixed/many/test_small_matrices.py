"""Inverses and factors of many matrices, of which some have none."""

import numpy as np
import pytest

from kap_analysis.mixed.many.small_matrices import cholesky_factors, inverses, inverses_of_good

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


def test_a_singular_matrix_that_has_a_factor_is_marked_and_costs_no_other() -> None:
    """Cholesky's rounding lets some pass; their inverse raised, and every data set was lost."""
    singular, other = np.ones((3, 3)), np.diag([1.0, 2.0, 4.0])
    inverse, good = inverses_of_good(np.stack([singular, other]), np.array([True, True]))
    assert good.tolist() == [False, True]
    np.testing.assert_array_equal(inverse[0], np.eye(3))
    np.testing.assert_allclose(inverse[1], np.diag([1.0, 0.5, 0.25]))
