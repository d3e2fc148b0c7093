"""Many searches at a time end where each ends alone."""

import numpy as np

from kap_analysis.mixed.estimation.newton import newton_step
from kap_analysis.mixed.many.newton import ManySearch, newton_steps
from kap_analysis.mixed.many.parameters import parameters_of
from kap_analysis.mixed.many.starting_values import starting_elements_of_each
from tests.mixed.many.data_sets_drawn import VISITS, model, responses, sums_of


def test_steps_are_those_of_each_data_set() -> None:
    rng = np.random.default_rng(6)
    gradient, hessian = rng.standard_normal((5, 3)), rng.standard_normal((5, 3, 3))
    hessian = hessian + hessian.swapaxes(1, 2)
    hessian[4], gradient[4] = np.diag([2.0, 0.0, 1.0]), [8.0, 0.0, 1.0]
    steps, decrements, convex = newton_steps(gradient, hessian)
    for d in range(5):
        step, decrement, is_convex = newton_step(gradient[d], hessian[d])
        np.testing.assert_allclose(steps[d], step, atol=1e-12)
        np.testing.assert_allclose(decrements[d], decrement)
        assert convex[d] == is_convex


def test_a_search_that_cannot_begin_finds_nothing_and_the_others_do() -> None:
    made, sums = model(VISITS), sums_of(VISITS)
    phi = parameters_of(made.parameters, starting_elements_of_each(sums, made.parameters, 0.5))
    phi[3] = np.nan
    with np.errstate(invalid="ignore"):
        ends = ManySearch(sums, made.parameters, True).run(phi)
    assert not ends.found[3] and ends.value[3] == np.inf
    for d in (0, 5):
        fit = made.with_response(responses(VISITS)[:, d]).fit()
        assert ends.value[d] == np.float64(fit.criterion) or abs(ends.value[d] - fit.criterion) < 1e-8
