"""Columns that earlier ones already say."""

import numpy as np
import pytest

from kap_analysis.mixed.design.collinearity import aliases_of, independent_columns


@pytest.fixture
def x() -> np.ndarray:
    return np.column_stack([np.ones(30), np.random.default_rng(2).normal(size=(30, 3))])


def test_keeps_independent_columns(x):
    assert independent_columns(x) == [0, 1, 2, 3]


def test_drops_the_later_one_of_two(x):
    assert independent_columns(np.column_stack([x, 3 * x[:, 1] - x[:, 2], x[:, 0] * 7])) == [0, 1, 2, 3]
    assert independent_columns(x[:, [2, 2, 0, 1]]) == [0, 2, 3]


def test_drops_columns_of_zeros(x):
    assert independent_columns(np.column_stack([np.zeros(30), x])) == [1, 2, 3, 4]


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_the_unit_of_a_column_does_not_matter(x, scale):
    assert independent_columns(x * [1, scale, 1, 1]) == [0, 1, 2, 3]


def test_a_covariate_far_from_zero_is_kept():
    year = 2020 + np.linspace(0, 1, 40)
    assert independent_columns(np.column_stack([np.ones(40), year, year**2])) == [0, 1]
    assert independent_columns(np.column_stack([np.ones(40), year])) == [0, 1]


def test_nothing_is_kept_of_no_columns():
    assert independent_columns(np.zeros((5, 0))) == []


def test_aliases_give_the_dropped_columns_back(x):
    dropped = np.column_stack([2 * x[:, 0] - x[:, 3], x[:, 1] + 1e3 * x[:, 2]])
    np.testing.assert_allclose(x @ aliases_of(x, dropped), dropped, atol=1e-9)
