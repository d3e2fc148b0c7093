"""The maxima of many likelihoods, those on a boundary among them."""

import numpy as np

from kap_analysis.mixed.many.solution import minimise_many
from tests.mixed.many.data_sets_drawn import SLOPES, model, responses, sums_of


def test_a_variance_of_0_is_exactly_0_and_said_to_stand_on_the_boundary() -> None:
    made = model(SLOPES)
    found = minimise_many(sums_of(SLOPES), made.parameters, True)
    fits = [made.with_response(responses(SLOPES)[:, d]).fit() for d in found.which]
    assert [fit.singular for fit in fits] == found.on_boundary.any(axis=1).tolist()
    assert any(fit.singular for fit in fits) and not all(fit.singular for fit in fits)
    assert not found.phi[found.on_boundary].any()
    np.testing.assert_allclose(found.criterion.value, [fit.criterion for fit in fits], atol=1e-9)
