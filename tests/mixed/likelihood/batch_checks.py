"""What every kind of batch must say at given elements: V written out per pattern, and its slopes by differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kap_analysis.mixed.likelihood.batch import Batch, BatchValue
from tests.mixed.likelihood.written_out import slopes

NEAR = 3e-7  # relative to the largest: central differences with steps of 1e-5


def near(found: np.ndarray, expected: np.ndarray) -> None:
    assert np.max(np.abs(found - expected), initial=0.0) < NEAR * (1 + np.max(np.abs(expected), initial=0.0))


def value_of(batch: Batch, local: np.ndarray, size: int) -> BatchValue:
    """The batch at its own elements, those of the others of the model being 1."""
    eta = np.ones(size)
    eta[list(batch.params)] = local
    value = batch.at(eta)
    assert value is not None
    return value


def check_derivatives(batch: Batch, local: np.ndarray, size: int) -> None:
    """First and second derivatives of log|V|, Omega and s against differences, and the weighted sums of the second."""

    def at(where: np.ndarray) -> BatchValue:
        return value_of(batch, where, size)

    def along(part: Callable[[BatchValue], np.ndarray]) -> np.ndarray:
        return slopes(lambda where: part(at(where)), local)

    here = at(local)
    near(here.logdet1, along(lambda v: np.array(v.logdet)))
    near(here.omega1.transpose(1, 0, 2, 3), along(lambda v: v.omega))
    near(here.plain1, along(lambda v: np.array(v.plain)))
    near(here.logdet2(True), along(lambda v: v.logdet1))
    rng = np.random.default_rng(3)
    n = rng.standard_normal(here.omega.shape)
    n, plain = n + n.transpose(0, 2, 1), 1.7
    twice = along(lambda v: np.einsum("pjab,pab->j", v.omega1, n) + v.plain1 * plain)
    near(here.second(n, plain, True), twice)
    m = len(local)
    w = rng.standard_normal((m, m))
    w = w + w.T
    omega, share = here.weighted(w)
    near(np.array(np.sum(omega * n) + share * plain), np.array(np.sum(w * here.second(n, plain, False))))
