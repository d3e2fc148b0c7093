"""What is known of the covariance parameters, against every matrix written out."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.coefficients.information import element_covariance, interior_covariance, spread
from kap_analysis.mixed.model import mixedlm
from tests.mixed.dense_cases import INTERIOR, model_of, oracle_of
from tests.mixed.pairs import data_of

EXPECTED = 1e-6  # relative to the root of the product of the diagonals


@pytest.mark.parametrize("kind", ["expected", "observed"])
@pytest.mark.parametrize("name", INTERIOR)
def test_information_at_the_estimates(name: str, kind: str) -> None:
    oracle, fit = oracle_of(name), model_of(name, True).fit()
    expected = oracle.information(kind)
    size = np.sqrt(np.diag(expected))
    assert np.max(np.abs(fit.information(kind).to_numpy() - expected) / np.outer(size, size)) < EXPECTED


def test_a_parameter_that_is_held_has_no_information() -> None:
    model = mixedlm("score ~ month * format + (0 + is_group | cohort) + (1 | patient)", data_of("partial.csv"))
    held = model.fit(fixed={"var(is_group | cohort)": 5.0})
    assert list(held.information().index) == ["var((Intercept) | patient)", "residual"]
    whole = element_covariance(held.solution, "expected")
    assert np.linalg.matrix_rank(whole) == 2


def test_on_the_boundary_the_two_covariances_part() -> None:
    """Kenward-Roger keeps a variance of 0 among what was estimated, Satterthwaite does not."""
    fit = mixedlm("score ~ month * format + (1 | patient)", data_of("singular.csv")).fit()
    assert fit.singular
    assert np.linalg.matrix_rank(element_covariance(fit.solution, "expected")) == 2
    assert np.linalg.matrix_rank(interior_covariance(fit.solution)) == 1
    inside = mixedlm("score ~ month * format + (1 | patient)", data_of("partial.csv")).fit()
    assert np.array_equal(interior_covariance(inside.solution), element_covariance(inside.solution, "observed"))


def test_a_direction_of_which_nothing_is_known_is_left_out() -> None:
    information = np.array([[4.0, 4.0], [4.0, 4.0]])
    jacobian = np.eye(2)
    assert spread(information, jacobian) == pytest.approx(np.full((2, 2), 1 / 16))
    assert spread(np.zeros((0, 0)), np.zeros((3, 0))) == pytest.approx(np.zeros((3, 3)))
