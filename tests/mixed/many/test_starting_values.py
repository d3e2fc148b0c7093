"""Where the searches begin, and what cannot be identified."""

import numpy as np
import pytest

from kap_analysis.mixed.estimation.starting_values import starting_elements
from kap_analysis.mixed.many.criterion import criteria_at
from kap_analysis.mixed.many.starting_values import has_residual, identified, starting_elements_of_each
from tests.mixed.many.data_sets_drawn import FORMULAS, SETS, SLOPES, model, responses, sums_of


@pytest.mark.parametrize("formula", FORMULAS)
def test_they_begin_where_one_fit_does(formula: str) -> None:
    made = model(formula)
    found = starting_elements_of_each(sums_of(formula), made.parameters, 0.5)
    for d in range(SETS):
        one = made.with_response(responses(formula)[:, d])
        np.testing.assert_allclose(found[d], starting_elements(one.layout, one.parameters, 0.5), atol=1e-10)


def test_a_residual_variance_next_to_0_is_none() -> None:
    made, sums = model(SLOPES), sums_of(SLOPES)
    eta = starting_elements_of_each(sums, made.parameters, 0.5)
    here = criteria_at(sums, eta, True)
    assert identified(made.parameters, here).all() and has_residual(made.parameters, here).all()
    here.eta[2, -1] = 1e-9
    assert has_residual(made.parameters, here).tolist() == [True, True, False, True, True, True]
