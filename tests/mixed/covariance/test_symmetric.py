"""Symmetric matrices by their lower triangle."""

import numpy as np
import pytest

from kap_analysis.mixed.covariance.symmetric import cholesky_of_semidefinite, element_basis, lower_triangle, matrix_of

MATRIX = np.array([[4.0, 1.0, 0.5], [1.0, 9.0, 2.0], [0.5, 2.0, 3.0]])


def test_elements_are_the_lower_triangle_by_rows():
    assert lower_triangle(3) == ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
    elements = np.array([MATRIX[i, j] for i, j in lower_triangle(3)])
    assert matrix_of(elements, 3).tolist() == MATRIX.tolist()


def test_a_matrix_is_the_sum_of_its_elements_times_their_basis():
    elements = MATRIX[np.tril_indices(3)]
    assert np.tensordot(elements, element_basis(3), axes=1).tolist() == MATRIX.tolist()


def test_the_factor_of_a_positive_definite_matrix_is_cholesky_s():
    assert cholesky_of_semidefinite(MATRIX) == pytest.approx(np.linalg.cholesky(MATRIX))


def test_the_factor_of_a_singular_matrix_has_zeros():
    root = cholesky_of_semidefinite(np.ones((3, 3)))
    assert root == pytest.approx(np.array([[1.0, 0, 0], [1, 0, 0], [1, 0, 0]]), abs=1e-8)  # the root of rounding
    assert cholesky_of_semidefinite(np.zeros((2, 2))).tolist() == [[0.0, 0.0], [0.0, 0.0]]
