"""W'V^-1 W of many data sets, and the weighted sums of its second derivatives that Kenward-Roger needs."""

import numpy as np
import pytest

from tests.mixed.many.data_sets_drawn import FORMULAS, SETS, both


@pytest.mark.parametrize("formula", FORMULAS)
def test_sums_of_second_derivatives_are_those_of_each_data_set(formula: str) -> None:
    many, alone = both(formula, missing=True)
    size = many.eta.shape[1]
    w = np.random.default_rng(1).standard_normal((size, size))
    w = w + w.T
    found = many.evaluation.weighted(np.broadcast_to(w, (SETS, size, size)))
    for d, (one, ratio) in enumerate(alone):
        expected = one.evaluation.weighted(w * np.outer(ratio, ratio))
        np.testing.assert_allclose(found[d], expected, atol=1e-10 * np.abs(expected).max())
        np.testing.assert_allclose(many.evaluation.s[d], one.evaluation.s, rtol=1e-10, atol=1e-9)
