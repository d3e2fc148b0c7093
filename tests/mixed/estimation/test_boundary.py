"""A singular covariance matrix is left where it is no maximum, and kept where it is one."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.estimation.boundary import leave_false_boundary
from kap_analysis.mixed.model import mixedlm
from tests.mixed.estimation.searches import COHORTS, SLOPES, model, search
from tests.mixed.reference_values import read_data
from tests.places import PAIRS


@pytest.mark.parametrize(
    ("formula", "fixed"),
    [
        (COHORTS, {"var((Intercept) | patient)": 0.0}),
        (SLOPES, {"var(month | patient)": 0.0, "cov((Intercept), month | patient)": 0.0}),
    ],
)
def test_a_saddle_is_left_for_the_maximum_inside(formula: str, fixed: dict[str, float]) -> None:
    """By the Cholesky factor a variance of 0 has slope 0 whatever the data say: it looks like a solution."""
    made = model(formula)
    saddle = made.fit(fixed=fixed).solution
    looking, phi = search(made), made.parameters.from_elements(saddle.criterion.evaluation.eta)
    here = looking.at(phi)
    on_boundary = made.parameters.on_boundary(phi)
    assert here is not None and on_boundary.any()
    assert not looking.derivatives(phi, here)[0][on_boundary].any()
    found = leave_false_boundary(looking, (phi, here, 0.0))
    assert found is not None
    assert found[1].value < here.value - 1
    assert found[1].value == pytest.approx(made.fit().criterion, abs=1e-7)


def test_a_boundary_where_the_maximum_stands_is_kept() -> None:
    made = mixedlm("score ~ month * format + (1 | patient)", read_data(PAIRS, "singular.csv"))
    looking = search(made)
    stuck = looking.run(np.array([0.0, 0.0]))
    assert stuck is not None
    assert leave_false_boundary(looking, stuck) is stuck
    assert made.fit(bounded=False).theta.iloc[0] < 0
