"""Subjects whose V is written out: residual covariances, padded rows, and the exponential that is not linear."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.likelihood.dense import DenseBatch, exponential_covariance
from tests.mixed.likelihood.batch_checks import check_derivatives, near
from tests.mixed.likelihood.written_out import model, slopes, start

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


def test_exponential_covariance_and_its_derivatives() -> None:
    times, mask = np.array([[0.0, 1.0, 3.5], [0.5, 2.0, 0.0]]), np.array([[1.0, 1, 1], [1, 1, 0]])
    phi = np.array([0.7, 0.4])
    value, first, second = exponential_covariance(times, mask, phi)
    assert value[0, 0, 2] == pytest.approx(np.exp(0.7) * np.exp(-3.5 / np.exp(0.4)))
    assert not value[1, 2].any() and not value[1, :, 2].any()
    near(first.transpose(1, 0, 2, 3), slopes(lambda at: exponential_covariance(times, mask, at)[0], phi))
    near(second.transpose(1, 0, 2, 3, 4), slopes(lambda at: exponential_covariance(times, mask, at)[1], phi))
