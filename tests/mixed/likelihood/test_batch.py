"""Inverses of many small matrices, and second moments of subjects that share a pattern."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood import batch
from kap_analysis.mixed.likelihood.batch import Moments, inverse
from kap_analysis.mixed.likelihood.low_rank import LowRankBatch

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_inverses_and_determinants_are_those_of_lapack(size: int) -> None:
    a = RNG.standard_normal((6, size, size)) * 0.3 + np.eye(size)
    found, logs, good = inverse(a)
    assert good
    np.testing.assert_allclose(found, np.linalg.inv(a), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(logs, np.log(np.linalg.det(a)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_one_determinant_that_is_not_above_zero_is_found(size: int) -> None:
    for wrong in (0.0, -1.0):
        a = np.tile(np.eye(size), (4, 1, 1))
        a[2, 0, 0] = wrong
        assert not inverse(a)[2]


def test_no_columns_have_a_determinant_of_one() -> None:
    found, logs, good = inverse(np.zeros((3, 0, 0)))
    assert good and found.shape == (3, 0, 0) and logs.tolist() == [0, 0, 0]


def subjects(counts: list[int], r: int, k: int) -> LowRankBatch:
    """A batch with so many subjects of each pattern; only its data and patterns matter here."""
    d, starts = RNG.standard_normal((sum(counts), r, k)), np.cumsum([0, *counts])
    none, who = np.zeros((len(counts), r, r)), np.arange(len(d))
    return LowRankBatch((0,), starts, d, np.zeros((k, k)), len(d), None, who, none, np.zeros((0, r, r)))


@pytest.mark.parametrize(
    ("counts", "r", "k", "kept"),
    [([20, 30], 3, 4, True), ([1, 2, 1, 1], 2, 2, True), ([1, 2, 1, 1], 3, 4, False)],
    ids=["few patterns", "tiny", "many patterns"],
)
def test_moments_equal_sums_over_subjects(
    counts: list[int], r: int, k: int, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way they are kept, and where the subjects are worked off in stretches."""
    monkeypatch.setattr(batch, "MOST_NUMBERS", 2 * r * k)
    made = subjects(counts, r, k)
    moments, e = Moments(made, made.d), made.d
    assert (moments.full is not None) is kept
    a, xi = RNG.standard_normal((len(counts), 2, r, r)), RNG.standard_normal((k, k))
    expected = np.array([sum(e[i].T @ a[made.pattern[i], j] @ e[i] for i in range(len(e))) for j in range(2)])
    np.testing.assert_allclose(moments.contract(a), expected, atol=1e-10)
    per = [sum(e[i] @ xi @ e[i].T for i in np.flatnonzero(made.pattern == p)) for p in range(len(counts))]
    np.testing.assert_allclose(moments.functional(xi), per, atol=1e-10)
    np.testing.assert_array_equal(made.per_pattern(np.ones(len(e))), counts)
