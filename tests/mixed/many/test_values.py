"""V^-1 by data set and pattern: where it is not positive definite, and that its derivatives are differences."""

import numpy as np
import pytest

from kap_analysis.mixed.many.values import values_at
from tests.mixed.many.data_sets_drawn import PATTERNED, SLOPES, VISITS, both, sums_of

STEP = 1e-6


@pytest.mark.parametrize("formula", [SLOPES, VISITS, PATTERNED])
def test_derivatives_are_differences(formula: str) -> None:
    eta = both(formula)[0].eta
    for sums in sums_of(formula).batches:
        here = values_at(sums, eta)
        for j, param in enumerate(sums.batch.params):
            move = STEP * (np.arange(eta.shape[1]) == param)
            up, down = values_at(sums, eta + move), values_at(sums, eta - move)
            np.testing.assert_allclose((up.omega - down.omega) / (2 * STEP), here.omega1[:, j], atol=1e-5)
            np.testing.assert_allclose((up.logdet - down.logdet) / (2 * STEP), here.logdet1[:, j], rtol=1e-5, atol=1e-4)
            np.testing.assert_allclose((up.plain - down.plain) / (2 * STEP), here.plain1[:, j], rtol=1e-5, atol=1e-6)


def test_a_residual_variance_below_0_is_marked() -> None:
    eta = both(SLOPES)[0].eta.copy()
    eta[2, -1] = -0.1
    good = np.logical_and.reduce([values_at(sums, eta).good for sums in sums_of(SLOPES).batches])
    assert good.tolist() == [True, True, False, True, True, True]
