"""Arrays of estimates: missing until a fit is written down."""

import numpy as np

from kap_analysis.mixed.many.estimates import ManyEstimates
from tests.mixed.many.data_sets_drawn import PLAIN, fitted


def test_a_fit_of_its_own_is_written_down_in_its_row() -> None:
    fit = fitted(PLAIN)
    rows = np.eye(3)[:1]
    found = ManyEstimates.none(3, 3, len(fit.theta), 1)
    found.put(1, fit, rows)
    assert np.isnan(found.beta[[0, 2]]).all() and np.isnan(found.criterion[[0, 2]]).all()
    np.testing.assert_array_equal(found.beta[1], fit.beta)
    np.testing.assert_array_equal(found.contrasts[1][1], fit.inference(rows).std_error)
    assert found.criterion[1] == fit.criterion and found.converged.tolist() == [False, True, False]
