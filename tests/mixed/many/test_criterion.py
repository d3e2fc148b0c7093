"""The criterion of many data sets, with its derivatives, is that of each."""

import numpy as np
import pytest

from tests.mixed.many.data_sets_drawn import FORMULAS, both


@pytest.mark.parametrize("missing", [False, True], ids=["all rows", "rows missing"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_value_and_derivatives_are_those_of_each_data_set(formula: str, missing: bool) -> None:
    many, alone = both(formula, missing)
    assert many.good.all()
    for d, (one, ratio) in enumerate(alone):
        assert many.value[d] == pytest.approx(one.value, abs=1e-10)
        np.testing.assert_allclose(many.beta[d], one.beta, atol=1e-12)
        np.testing.assert_allclose(many.gradient[d], one.gradient * ratio, atol=1e-9)
        grid = np.outer(ratio, ratio)
        np.testing.assert_allclose(many.hessian[d], one.hessian * grid, rtol=1e-9, atol=1e-8)
        np.testing.assert_allclose(many.expected[d], one.expected * grid, rtol=1e-9, atol=1e-8)


def test_elements_outside_the_cone_are_marked_and_the_other_data_sets_keep_their_numbers() -> None:
    from kap_analysis.mixed.many.criterion import criteria_at
    from tests.mixed.many.data_sets_drawn import VISITS, sums_of

    sums, (many, _) = sums_of(VISITS), both(VISITS)
    eta = many.eta.copy()
    eta[1] *= -1
    found = criteria_at(sums, eta, True)
    assert found.good.tolist() == [True, False, True, True, True, True]
    assert found.value[1] == np.inf
    np.testing.assert_array_equal(found.value[[0, 2]], many.value[[0, 2]])
