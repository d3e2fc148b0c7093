"""Missing scores drawn by pattern and cohort have the joint distribution of the formula, written out whole."""

import numpy as np
import pytest

from kap_analysis.analysis.missing.missing_scores import COPY, INCREMENTS, JUMP, RETURN, Drawn, complete_errors

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


#: A group patient lost after the first of three visits, with the scores until then, and the two models.
OWN, REFERENCE = np.array([20.0, 18.0, 16.0, 15.0]), np.array([26.0, 20.0, 13.0, 11.0])
GROUP_COVARIANCE = np.array([[9, 4, 3, 2], [4, 12, 6, 5], [3, 6, 10, 6], [2, 5, 6, 11]], dtype=float)
ALONE_COVARIANCE = np.array([[8, 3, 2, 2], [3, 9, 5, 4], [2, 5, 12, 7], [2, 4, 7, 10]], dtype=float)
SEEN, SHIFT = np.array([22.0, 21.0]), 1.5


def _assumed(assumption, lost_from=2, arm="group", n=60_000):
    scores = np.tile([*SEEN, 99.0, 99.0], (n, 1))
    drawn = Drawn(
        scores=scores,
        means=np.tile(OWN, (n, 1)),
        reference_means=np.tile(REFERENCE, (n, 1)),
        shift=np.tile([0.0, SHIFT, SHIFT, SHIFT], (n, 1)),
        covariance={"group": GROUP_COVARIANCE, "individual": ALONE_COVARIANCE},
        arms=np.full(n, arm, dtype=object),
    )
    lost = np.tile(np.arange(4) >= lost_from, (n, 1))
    return drawn.after_dropout(assumption, lost, np.random.default_rng(3).standard_normal((n, 4)))


def _given_baseline(mean, covariance):
    return mean + covariance[:, 0] / covariance[0, 0] * (SEEN[0] - mean[0])


def _expected(assumption):
    """Carpenter, Roger & Kenward written out for one patient, everything given the baseline."""
    own, reference = _given_baseline(OWN, GROUP_COVARIANCE), _given_baseline(REFERENCE, ALONE_COVARIANCE)
    own_now = own[1] + SHIFT
    left = ALONE_COVARIANCE - np.outer(ALONE_COVARIANCE[0], ALONE_COVARIANCE[0]) / ALONE_COVARIANCE[0, 0]
    before, after = {
        JUMP: (own_now, reference[2:]),
        INCREMENTS: (own_now, own_now + reference[2:] - reference[1]),
        COPY: (reference[1], reference[2:]),
    }[assumption]
    slope = left[2:, 1] / left[1, 1]
    return after + slope * (SEEN[1] - before), left[2:, 2:] - np.outer(left[2:, 1], left[1, 2:]) / left[1, 1]


@pytest.mark.parametrize("assumption", [JUMP, INCREMENTS, COPY])
def test_reference_based_draws_have_the_distribution_of_carpenter_roger_and_kenward(assumption):
    found = _assumed(assumption)
    mean, covariance = _expected(assumption)
    assert (found[:, :2] == SEEN).all()
    assert (np.abs(found[:, 2:].mean(axis=0) - mean) < 4.5 * np.sqrt(np.diag(covariance) / len(found))).all()
    assert np.abs(np.cov(found[:, 2:].T) - covariance).max() < 0.2


def test_return_to_baseline_draws_around_the_mean_at_baseline_and_is_no_single_value():
    found = _assumed(RETURN)
    own = GROUP_COVARIANCE
    now = _given_baseline(OWN, own)[1] + SHIFT
    left = own - np.outer(own[0], own[0]) / own[0, 0]
    level = OWN[0] + own[2:, 0] / own[0, 0] * (SEEN[0] - OWN[0])
    assert found[:, 2:].mean(axis=0) == pytest.approx(level + left[2:, 1] / left[1, 1] * (SEEN[1] - now), abs=0.05)
    assert (found[:, 2:].std(axis=0) > 2).all()


def test_lost_right_after_baseline_and_alone_from_the_start():
    found = _assumed(JUMP, lost_from=1)
    assert found[:, 1:].mean(axis=0) == pytest.approx(_given_baseline(REFERENCE, ALONE_COVARIANCE)[1:], abs=0.06)
    assert _assumed(INCREMENTS, lost_from=1)[:, 1:].mean(axis=0) == pytest.approx(found[:, 1:].mean(axis=0))
    for assumption in (JUMP, INCREMENTS, COPY):
        assert (_assumed(assumption, arm="individual", n=10)[:, 2:] == 99.0).all(), "the reference is not its own"
