"""An unstructured matrix by its Cholesky factor."""

import numpy as np
import pytest

from kap_analysis.mixed.covariance.block import CovarianceBlock
from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.covariance.unstructured import NEXT_TO_NOTHING, Unstructured


def test_the_factor_times_its_transpose_is_the_matrix():
    block, phi = Unstructured(3), np.array([2.0, 1, 3, 0.5, -1, 1])
    factor = np.array([[2.0, 0, 0], [1, 3, 0], [0.5, -1, 1]])
    assert block.factor(phi) == pytest.approx(factor)
    assert matrix_of(block.elements(phi), 3) == pytest.approx(factor @ factor.T)


def test_a_diagonal_of_zero_is_the_boundary():
    found = Unstructured(2).on_boundary(np.array([0.0, 0.0, 1e-6]), NEXT_TO_NOTHING)
    assert found.tolist() == [True, False, True]


def test_a_singular_matrix_has_a_factor():
    """Variance of a slope estimated as 0: its covariance with the intercept is 0 too."""
    block = Unstructured(2)
    assert block.parameters(np.array([4.0, 0.0, 0.0])) == pytest.approx([2.0, 0.0, 0.0])
    assert block.parameters(np.array([4.0, 2.0, 1.0])) == pytest.approx([2.0, 1.0, 0.0])


def test_a_matrix_that_is_none_gives_the_nearest():
    matrix = np.array([[1.0, 2.0], [2.0, 1.0]])  # eigenvalues 3 and -1
    block = Unstructured(2)
    found = matrix_of(block.elements(block.parameters(matrix[np.tril_indices(2)])), 2)
    assert found == pytest.approx(1.5 * np.ones((2, 2)))


def test_roots_have_no_shift():
    block: CovarianceBlock = Unstructured(2)
    assert block.shift(0.5) is None
