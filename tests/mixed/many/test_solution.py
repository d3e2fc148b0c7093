"""The maxima of many likelihoods, those on a boundary among them."""

import numpy as np

from kap_analysis.mixed.covariance.unstructured import NEXT_TO_NOTHING
from kap_analysis.mixed.estimation.boundary import NEAR
from kap_analysis.mixed.many.newton import Ends, ManySearch
from kap_analysis.mixed.many.solution import minimise_many, reach_boundary_of_each
from tests.mixed.many.data_sets_drawn import SLOPES, model, responses, sums_of


def test_a_variance_of_0_is_exactly_0_and_said_to_stand_on_the_boundary() -> None:
    made = model(SLOPES)
    found = minimise_many(sums_of(SLOPES), made.parameters, True)
    assert found is not None
    fits = [made.with_response(responses(SLOPES)[:, d]).fit() for d in found.which]
    assert [fit.singular for fit in fits] == found.on_boundary.any(axis=1).tolist()
    assert any(fit.singular for fit in fits) and not all(fit.singular for fit in fits)
    assert not found.phi[found.on_boundary].any()
    np.testing.assert_allclose(found.criterion.value, [fit.criterion for fit in fits], atol=1e-9)


def test_an_end_beside_the_boundary_goes_to_it() -> None:
    parameters = model(SLOPES).parameters
    found = minimise_many(sums_of(SLOPES), parameters, True)
    assert found is not None
    search = ManySearch(found.sums, parameters, True)
    at, parameter = np.argwhere(found.on_boundary)[0]
    beside = found.phi.copy()
    beside[at, parameter] = NEAR / 2
    ends = Ends.of(beside)
    ends.phi[:], ends.value[:], ends.found[:] = beside, search.at(beside).value, True
    reach_boundary_of_each(search, ends)
    assert abs(ends.phi[at, parameter]) < NEXT_TO_NOTHING
    np.testing.assert_allclose(ends.value[at], found.criterion.value[at], atol=1e-9)
    others = np.arange(len(beside)) != at
    assert np.array_equal(ends.phi[others], beside[others])
