"""Missing scores drawn by pattern and cohort have the joint distribution of the formula, written out whole."""

import numpy as np
import pytest

from kap_analysis.analysis.missing.missing_scores import complete_errors

BETWEEN = 4.0
US = np.array([[9.0, 3.0, 2.0], [3.0, 12.0, 6.0], [2.0, 6.0, 10.0]])
NAN = np.nan
COHORT = np.array([[1.0, NAN, 2.0], [NAN, NAN, NAN], [-3.0, 4.0, NAN]])
ALONE = np.array([[2.0, NAN, NAN], [5.0, -1.0, 0.0]])
REPEATS = 40_000


@pytest.fixture(scope="module")
def drawn():
    """Many copies of one cohort of three, and of two patients alone."""
    errors = np.concatenate([np.tile(COHORT, (REPEATS, 1)), np.tile(ALONE, (REPEATS, 1))])
    cohort = np.concatenate([np.repeat(np.arange(REPEATS), 3), np.full(2 * REPEATS, -1)])
    arms = np.array(["group"] * (3 * REPEATS) + ["individual"] * (2 * REPEATS), dtype=object)
    covariance = {"group": US, "individual": 2 * US}
    found, _ = complete_errors(errors, arms, covariance, cohort, BETWEEN, np.random.default_rng(1))
    return found[: 3 * REPEATS].reshape(REPEATS, 9), found[3 * REPEATS :].reshape(REPEATS, 6)


def _conditional(joint, values):
    seen = ~np.isnan(values)
    given = np.linalg.solve(joint[np.ix_(seen, seen)], joint[np.ix_(seen, ~seen)])
    return given.T @ values[seen], joint[np.ix_(~seen, ~seen)] - joint[np.ix_(~seen, seen)] @ given


@pytest.mark.parametrize("which", [0, 1])
def test_mean_and_covariance_are_those_of_the_joint_normal_distribution(drawn, which):
    after = np.tile([0.0, 1.0, 1.0], 3)
    together = np.kron(np.eye(3), US) + BETWEEN * np.outer(after, after)
    joint, values = [(together, COHORT.ravel()), (np.kron(np.eye(2), 2 * US), ALONE.ravel())][which]
    mean, covariance = _conditional(joint, values)
    missing = drawn[which][:, np.isnan(values)]
    error = 4.5 * np.sqrt(np.diag(covariance) / REPEATS)
    assert (np.abs(missing.mean(axis=0) - mean) < error).all()
    spread = np.cov(missing.T)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert np.abs((spread - covariance) / scale).max() < 4.5 * np.sqrt(2 / REPEATS)


def test_what_was_observed_stays(drawn):
    for found, values in zip(drawn, (COHORT.ravel(), ALONE.ravel()), strict=True):
        seen = ~np.isnan(values)
        assert (found[:, seen] == values[seen]).all()
        assert np.isfinite(found).all()


def test_without_a_cohort_variance_the_patients_of_a_cohort_are_independent():
    errors = np.tile([[3.0, NAN], [NAN, NAN]], (20_000, 1))
    cohort = np.repeat(np.arange(20_000), 2)
    arms = np.full(40_000, "group", dtype=object)
    found, _ = complete_errors(errors, arms, {"group": US[:2, :2]}, cohort, 0.0, np.random.default_rng(2))
    later = found[:, 1].reshape(-1, 2)
    assert abs(np.corrcoef(later.T)[0, 1]) < 4.5 / np.sqrt(20_000)
