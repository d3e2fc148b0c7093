"""Second moments by data set and pattern, from few subjects of many patterns or many of few."""

import numpy as np
import pytest

from kap_analysis.mixed.many import sums
from tests.mixed.many.data_sets_drawn import SETS, VISITS, sums_of


def test_moments_do_not_depend_on_how_they_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [one.moments for one in sums_of(VISITS, missing=True).batches]
    monkeypatch.setattr(sums, "FEW", 0)
    by_product = [one.moments for one in sums_of(VISITS, missing=True).batches]
    monkeypatch.setattr(sums, "FEW", 10_000)
    by_row = [one.moments for one in sums_of(VISITS, missing=True).batches]
    for one, product, row in zip(found, by_product, by_row, strict=True):
        np.testing.assert_allclose(product, one, atol=1e-10)
        np.testing.assert_allclose(row, one, atol=1e-10)


def test_quadratic_forms_of_moments_are_sums_over_subjects() -> None:
    rng = np.random.default_rng(2)
    for one in sums_of(VISITS).batches:
        d, (p, r) = one.batch.d, (one.batch.n_patterns, one.batch.d.shape[1])
        a, xi = rng.standard_normal((p, r, r)), rng.standard_normal((d.shape[2],) * 2)
        a, xi = a + a.swapaxes(1, 2), xi + xi.T
        every = np.broadcast_to(a, (SETS, 1, *a.shape))
        expected = sum(row.T @ a[pattern] @ row for row, pattern in zip(d, one.batch.pattern, strict=True))
        np.testing.assert_allclose(one.contract(every)[:, 0].sum(axis=0), expected, atol=1e-8)
        whole = sum(row @ xi @ row.T for row in d)
        found = one.functional(np.broadcast_to(xi, (SETS, *xi.shape))).sum(axis=(0, 1))
        np.testing.assert_allclose(found, whole, atol=1e-8)


def test_some_of_the_data_sets_keep_their_sums() -> None:
    whole = sums_of(VISITS, missing=True)
    part = whole.take(np.array([4, 1]))
    assert len(part) == 2 and part.n.tolist() == whole.n[[4, 1]].tolist()
    np.testing.assert_array_equal(part.batches[0].moments, whole.batches[0].moments[[4, 1]])
