"""Where the search begins: shares of the variance that least squares leaves, which is 1 inside."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.estimation.starting_values import starting_elements
from tests.mixed.estimation.searches import COHORTS, VISITS, model, scores


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_bars_share_what_the_residual_leaves(share: float) -> None:
    made = model(COHORTS)
    assert starting_elements(made.layout, made.parameters, share) == pytest.approx([share / 2, share / 2, 1 - share])


def test_a_residual_covariance_begins_at_the_products_of_the_residuals_of_least_squares() -> None:
    made = model(VISITS)
    x, y, frame = made.design.x, made.design.y, made.design.frame
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    wide = frame.assign(left=left / made.layout.scaling.scale).pivot(index="patient", columns="visit", values="left")
    found = matrix_of(starting_elements(made.layout, made.parameters), wide.shape[1])
    np.testing.assert_allclose(np.diag(found), (wide**2).mean(), rtol=1e-8)
    pairs = np.array([[(wide[a] * wide[b]).mean() for b in wide] for a in wide])
    np.testing.assert_allclose(np.linalg.eigvalsh(found)[0] > 0, True)
    assert np.corrcoef(found.ravel(), pairs.ravel())[0, 1] > 0.99


def test_a_range_in_time_begins_at_the_usual_gap_between_two_rows() -> None:
    made = model("score ~ month + exponential(month | patient)")
    gaps = scores().sort_values(["patient", "row"]).groupby("patient")["month"].diff().abs()
    log_variance, log_range = starting_elements(made.layout, made.parameters)
    assert log_variance == pytest.approx(0.0)
    assert np.exp(log_range) == pytest.approx(gaps[gaps > 0].median())


@pytest.mark.parametrize("formula", [COHORTS, VISITS, "score ~ visit + (1 | cohort) + toeph(visit | format/patient)"])
def test_every_start_is_a_covariance(formula: str) -> None:
    made = model(formula)
    for share in (0.1, 0.5, 0.9):
        eta = starting_elements(made.layout, made.parameters, share)
        assert all(batch.at(eta) is not None for batch in made.layout.batches)
