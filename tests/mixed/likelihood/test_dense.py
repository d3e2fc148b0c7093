"""Subjects whose V is written out: residual covariances, padded rows, and the exponential that is not linear."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood.dense import DenseBatch
from tests.mixed.likelihood.batch_checks import check_derivatives
from tests.mixed.likelihood.written_out import model, start

MODELS = [
    ("score ~ visit + us(visit | patient)", {}),
    ("score ~ visit + us(visit | format/patient)", {"weights": "weight"}),
    ("score ~ month + (1 | patient)", {"residual_by": "half"}),
    ("score ~ visit + (month | patient) + ar1(visit | patient)", {}),
    ("score ~ month + (1 | patient) + exponential(month | patient)", {}),
    ("score ~ visit + (0 + is_group | cohort) + toeph(visit | patient)", {}),
]


@pytest.mark.parametrize(("formula", "keywords"), MODELS)
def test_derivatives(formula: str, keywords: dict[str, str]) -> None:
    made = model(formula, **keywords)
    eta = start(made)
    for batch in made.layout.batches:
        assert isinstance(batch, DenseBatch)
        check_derivatives(batch, eta[list(batch.params)], len(eta))


def test_rows_that_a_subject_lacks_add_nothing() -> None:
    """The inverse of V of the rows that are there, zeros elsewhere."""
    made = model("score ~ visit + us(visit | patient)")
    (batch,), eta = made.layout.batches, start(made)
    value = batch.at(eta)
    assert isinstance(batch, DenseBatch) and value is not None
    whole = np.tensordot(eta, batch.basis[np.argmax(batch.mask.sum(axis=1))], axes=1)
    total = 0.0
    for pattern, there in enumerate(batch.mask > 0):
        inverse = np.zeros_like(whole)
        inverse[np.ix_(there, there)] = np.linalg.inv(whole[np.ix_(there, there)])
        np.testing.assert_allclose(value.omega[pattern], inverse, atol=1e-12)
        total += batch.counts[pattern] * np.linalg.slogdet(whole[np.ix_(there, there)])[1]
    assert (batch.mask.sum(axis=1) < 4).any()
    assert value.logdet == pytest.approx(total)


def test_no_value_where_v_is_not_positive_definite() -> None:
    made = model("score ~ visit + us(visit | patient)")
    eta = start(made)
    eta[1] = 2.0  # a covariance above both variances
    assert made.layout.batches[0].at(eta) is None
