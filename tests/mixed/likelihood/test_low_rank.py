"""Independent errors and random effects of the subject: Woodbury's identity against V written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood.low_rank import LowRankBatch
from tests.mixed.likelihood.batch_checks import check_derivatives, value_of
from tests.mixed.likelihood.written_out import model, sorted_rows, start

FORMULAS = [
    "score ~ month + (1 | patient)",
    "score ~ month + (month | patient)",
    "score ~ month + (1 | patient) + (0 + month | patient)",
    "score ~ month + (month | rater) + (1 | patient)",
    "score ~ month",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_log_determinant_and_quadratic_form_are_those_of_v(formula: str) -> None:
    made = model(formula)
    work, eta = sorted_rows(made.design), start(made)
    total, quadratic = 0.0, np.zeros((work.k, work.k))
    for rows in np.split(np.arange(len(work.subject)), work.starts[1:]):
        v = eta[-1] * np.eye(len(rows))
        if work.own is not None:
            z = work.own.z[rows]
            v += z @ np.tensordot(eta[list(work.own.params)], work.own.directions, axes=1) @ z.T
        total += np.linalg.slogdet(v)[1]
        quadratic += work.w[rows].T @ np.linalg.solve(v, work.w[rows])
    values = [batch.at(eta) for batch in made.layout.batches]
    assert all(isinstance(batch, LowRankBatch) for batch in made.layout.batches)
    assert sum(value.logdet for value in values) == pytest.approx(total, rel=1e-10)
    found = sum(
        value.batch.own_moments.contract(value.omega[:, None])[0] + value.plain * value.batch.ww for value in values
    )
    np.testing.assert_allclose(found, quadratic, atol=1e-9 * np.abs(quadratic).max())


@pytest.mark.parametrize("formula", FORMULAS)
def test_derivatives(formula: str) -> None:
    made = model(formula)
    eta = start(made)
    for batch in made.layout.batches:
        check_derivatives(batch, eta[list(batch.params)], len(eta))


def test_a_negative_variance_is_carried_as_long_as_v_is_positive_definite() -> None:
    made = model("score ~ month + (month | patient)")
    batch, local = made.layout.batches[0], np.array([0.4, 0.0, -0.05, 1.0])
    check_derivatives(batch, local, 4)
    assert value_of(batch, local, 4).logdet < value_of(batch, np.abs(local), 4).logdet


@pytest.mark.parametrize("local", [(0.4, 0.0, 0.3, 0.0), (-0.6, 0.0, 0.1, 1.0), (-9.0, 0.0, -9.0, 1.0)])
def test_no_value_where_a_v_is_not_positive_definite(local: tuple[float, ...]) -> None:
    """With two negative variances the determinant is above 0 again."""
    assert model("score ~ month + (month | patient)").layout.batches[0].at(np.array(local)) is None
