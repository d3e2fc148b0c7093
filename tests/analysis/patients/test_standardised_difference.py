"""Standardised differences, by hand: numbers, two levels, several levels, levels that one format lacks."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.patients.standardised_difference import (
    standardised_mean_difference,
    standardised_share_difference,
)


def shares(**counts):
    return pd.Series([level for level, n in counts.items() for _ in range(n)])


def test_numbers_by_hand():
    first, other = pd.Series([1.0, 2.0, 3.0, np.nan]), pd.Series([2.0, 4.0, 6.0])
    assert standardised_mean_difference(first, other) == pytest.approx(2 / np.sqrt((1 + 4) / 2))
    assert standardised_mean_difference(other, first) == pytest.approx(-2 / np.sqrt((1 + 4) / 2))


def test_two_levels_by_hand():
    found = standardised_share_difference(shares(no=8, yes=2), shares(no=5, yes=5))
    assert found == pytest.approx((0.5 - 0.2) / np.sqrt((0.2 * 0.8 + 0.5 * 0.5) / 2))
    assert standardised_share_difference(shares(no=5, yes=5), shares(no=8, yes=2)) == pytest.approx(-found)


def test_three_levels_by_hand():
    """Mahalanobis distance over all levels but one, whichever is left out."""
    first, other = shares(a=5, b=3, c=2), shares(a=2, b=2, c=6)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    for kept in ([0, 1], [1, 2], [0, 2]):
        covariance = sum(np.diag(x[kept]) - np.outer(x[kept], x[kept]) for x in (p, q)) / 2
        step = (q - p)[kept]
        by_hand = np.sqrt(step @ np.linalg.solve(covariance, step))
        assert standardised_share_difference(first, other) == pytest.approx(by_hand)


def test_a_rare_level_that_one_format_lacks_is_counted():
    """1 of 20 against 0 of 20, the rest shared equally: a finite, small distance, as by hand."""
    first, other = shares(a=10, b=10), shares(a=10, b=9, c=1)
    p, q = np.array([0.5, 0.5]), np.array([0.5, 0.45])
    covariance = sum(np.diag(x) - np.outer(x, x) for x in (p, q)) / 2
    step = q - p
    assert standardised_share_difference(first, other) == pytest.approx(
        np.sqrt(step @ np.linalg.solve(covariance, step))
    )


@pytest.mark.parametrize(
    ("first", "other", "expected"),
    [
        (shares(a=5), shares(b=5), np.inf),
        (shares(a=5, b=5), shares(c=5, d=5), np.inf),
        (shares(a=5), shares(a=9), 0.0),
        (shares(a=5, b=5, c=5), shares(a=1, b=1, c=1), 0.0),
    ],
)
def test_disjoint_and_equal_levels(first, other, expected):
    assert standardised_share_difference(first, other) == expected


def test_constants_and_nobody():
    same, higher = pd.Series([3.0, 3.0]), pd.Series([4.0, 4.0])
    assert standardised_mean_difference(same, same) == 0.0
    assert standardised_mean_difference(same, higher) == np.inf
    assert standardised_mean_difference(higher, same) == -np.inf
    assert np.isnan(standardised_mean_difference(same, pd.Series([np.nan])))
    assert np.isnan(standardised_share_difference(shares(a=1), pd.Series([None], dtype=object)))
