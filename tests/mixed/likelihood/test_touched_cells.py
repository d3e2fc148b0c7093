"""Matrices by the cells that are not 0, and products with them."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood import touched_cells
from kap_analysis.mixed.likelihood.touched_cells import TouchedCells
from tests.mixed.likelihood.crossed import SLOPES, crossed_model


@pytest.mark.parametrize("share", [0.0, 2.0], ids=["dense", "sparse"])
def test_a_product_with_a_matrix_of_touched_cells(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touched_cells, "LARGE", 1)
    monkeypatch.setattr(touched_cells, "SPARSE", share)
    rng = np.random.default_rng(5)
    whole = rng.standard_normal((2, 6, 6)) * (rng.random((2, 6, 6)) < 0.3)
    whole = whole + whole.transpose(0, 2, 1)
    where = np.flatnonzero(whole)
    cells, left = TouchedCells(6, 2, slice(0, len(where)), where), rng.standard_normal((2, 6, 6))
    assert cells.sparse is (share > 0)
    np.testing.assert_array_equal(cells.full(whole.ravel()[where]), whole)
    np.testing.assert_allclose(cells.product(left, whole.ravel()[where]), left @ whole, atol=1e-12)


def test_of_many_raters_who_rarely_meet_few_cells_are_touched() -> None:
    upper = crossed_model(SLOPES).layout.upper
    assert upper is not None
    (cells,) = upper.touched
    assert cells.q > 150 and cells.sparse and len(upper.cells) < 0.1 * cells.q**2
