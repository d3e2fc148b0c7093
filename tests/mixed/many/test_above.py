"""The random effects of the cohorts above the patients, by data set."""

import numpy as np
import pytest

from kap_analysis.mixed.many.above import group_products, pair_traces, small_product
from tests.mixed.many.data_sets_drawn import PLAIN, SLOPES, both

RNG = np.random.default_rng(4)


def test_what_cohorts_take_off_is_that_of_the_ordinary_likelihood() -> None:
    many, alone = both(SLOPES)
    above = many.evaluation.above
    assert above is not None
    for d, (one, _) in enumerate(alone):
        assert above.logdet[d] == pytest.approx(sum(part.logdet for part in one.evaluation.upper), abs=1e-10)


def test_a_model_without_cohorts_has_nothing_above() -> None:
    assert both(PLAIN)[0].evaluation.above is None


def test_products_of_groups_are_sums_over_them() -> None:
    left, right = RNG.standard_normal((2, 3, 4, 2, 5)), RNG.standard_normal((2, 3, 4, 2, 5))
    np.testing.assert_allclose(group_products(left, right), np.einsum("djcqk,djcql->djkl", left, right))
    square = RNG.standard_normal((2, 3, 4, 2, 2))
    np.testing.assert_allclose(pair_traces(square, square), np.einsum("djcab,dkcba->djk", square, square))
    one = RNG.standard_normal((2, 3, 4, 1, 1))
    np.testing.assert_allclose(small_product(one, right[..., :1, :]), one @ right[..., :1, :])
