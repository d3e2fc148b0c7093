"""Scores after dropout under reference-based assumptions: the normal distribution of each, written out as rbmi does."""

import json

import numpy as np
import pytest

from kap_analysis.analysis.missing.reference_based import (
    ASSUMPTIONS,
    COPY,
    INCREMENTS,
    JUMP,
    RETURN,
    Parameters,
    distribution_after,
    draw_after_dropout,
)
from tests.places import PAIRS

GROUP, INDIVIDUAL = np.array([24.0, 19, 17, 16]), np.array([29.0, 18, 15, 12])
BETWEEN = 4.0
ROOT = np.array([[6.0, 0, 0, 0], [3, 5, 0, 0], [2, 3, 4, 0], [2, 2, 3, 4]])
OWN = ROOT @ ROOT.T
REFERENCE = 1.4 * OWN + np.diag([3.0, 0, 2, 0])
N = 120_000
AFTER = np.array([0.0, 1, 1, 1])


def patients(start: int, arm: str = "group"):
    """Many patients of one arm, each in a cohort of their own, lost from one visit on."""
    rng = np.random.default_rng(3)
    mean = {"group": GROUP, "individual": INDIVIDUAL}[arm]
    cohort = np.sqrt(BETWEEN) * rng.standard_normal(N)[:, None] * AFTER * (arm == "group")
    joint = OWN if arm == "group" else REFERENCE
    scores = mean + cohort + rng.standard_normal((N, 4)) @ np.linalg.cholesky(joint).T
    given = Parameters(
        np.tile(mean, (N, 1)), np.tile(INDIVIDUAL, (N, 1)), cohort, np.full(N, arm, dtype=object),
        {"group": OWN, "individual": REFERENCE}, "individual",
    )  # fmt: skip
    return scores, np.tile(np.arange(4) >= start, (N, 1)), given, rng.standard_normal((N, 4))


def expected_mean(assumption: str, start: int) -> np.ndarray:
    """Mean of the scores after dropout: the reference given the group's own baseline, or the baseline."""
    at_baseline = GROUP[0] - INDIVIDUAL[0]
    target = INDIVIDUAL + at_baseline * REFERENCE[0] / REFERENCE[0, 0]
    if assumption == RETURN:
        return np.full(4 - start, GROUP[0])
    if assumption == JUMP or start == 1:
        return target[start:]
    if assumption == INCREMENTS:
        return GROUP[start - 1] + target[start:] - target[start - 1]
    left = REFERENCE[1:, 1:] - np.outer(REFERENCE[1:, 0], REFERENCE[0, 1:]) / REFERENCE[0, 0]
    seen = start - 1
    slope = np.linalg.solve(left[:seen, :seen], left[:seen, seen:])
    return target[start:] + (GROUP - target)[1:start] @ slope


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
@pytest.mark.parametrize("start", [1, 2, 3])
def test_the_mean_after_dropout_is_the_expected_one(assumption, start):
    found = draw_after_dropout(assumption, *patients(start))
    error = 4.5 * found[:, start:].std(axis=0) / np.sqrt(N)
    assert (np.abs(found[:, start:].mean(axis=0) - expected_mean(assumption, start)) < error).all()


def test_jump_to_reference_has_the_covariance_of_carpenter_roger_and_kenward():
    """T of the group, R of the reference, given the baseline.

    S21 = R21 R11^-1 T11; S22 = R22 - R21 R11^-1 (R11 - T11) R11^-1 R12.
    """
    scores, lost, given, noise = patients(2)
    found = draw_after_dropout(JUMP, scores, lost, given, noise)
    apart = found - given.cohort * ~lost  # the cohort's effect ends at dropout
    fitted = np.column_stack([np.ones(N), apart[:, 0]])
    residual = apart[:, 1:] - fitted @ np.linalg.lstsq(fitted, apart[:, 1:], rcond=None)[0]
    t, r = (v[1:, 1:] - np.outer(v[1:, 0], v[0, 1:]) / v[0, 0] for v in (OWN, REFERENCE))
    r11, r21, t11 = r[:1, :1], r[1:, :1], t[:1, :1]
    across = r21 @ np.linalg.inv(r11) @ t11
    later = r[1:, 1:] - r21 @ np.linalg.inv(r11) @ (r11 - t11) @ np.linalg.inv(r11) @ r21.T
    wanted = np.block([[t11, across.T], [across, later]])
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    assert np.abs((np.cov(residual.T) - wanted) / scale).max() < 4.5 * np.sqrt(2 / N)


def test_the_effect_of_the_cohort_stays_with_what_was_reached_and_ends_with_a_jump():
    scores, lost, given, noise = patients(3)
    effect = given.cohort[:, 1]
    slopes = {}
    for name in ASSUMPTIONS:
        found = draw_after_dropout(name, scores, lost, given, noise)[:, 3]
        slopes[name] = np.cov(found, effect)[0, 1] / effect.var()
    assert slopes[INCREMENTS] == pytest.approx(1, abs=0.05)
    assert slopes[JUMP] == pytest.approx(0, abs=0.05)
    assert slopes[RETURN] == pytest.approx(0, abs=0.05)
    assert 0 < slopes[COPY] < 1  # part of a deviation, as it would be of an individual patient


@pytest.mark.parametrize("assumption", [JUMP, INCREMENTS, COPY])
def test_patients_of_the_reference_are_left_as_they_are(assumption):
    scores, lost, given, noise = patients(2, "individual")
    assert (draw_after_dropout(assumption, scores, lost, given, noise) == scores).all()


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_what_came_before_dropout_stays(assumption):
    scores, lost, given, noise = patients(2)
    found = draw_after_dropout(assumption, scores, lost, given, noise)
    assert (found[:, :2] == scores[:, :2]).all() and (found[:, 2:] != scores[:, 2:]).all()


def test_the_distribution_after_dropout_is_that_of_the_definitions_written_out_in_r():
    cases = json.loads((PAIRS / "reference_based.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 72
    for case in cases:
        own, reference, start = np.array([case["own"]]), np.array([case["reference"]]), len(case["values"])
        given = Parameters(
            own, reference, case["cohort"] * AFTER[None], np.array(["group"], dtype=object),
            {"group": np.array(case["mine"]), "individual": np.array(case["theirs"])}, "individual",
        )  # fmt: skip
        scores = np.array([case["values"] + [np.nan] * (4 - start)])
        mean, covariance = distribution_after(case["assumption"], scores, given, np.array([0]), start)
        np.testing.assert_allclose(mean[0], case["mean"], rtol=1e-8)
        np.testing.assert_allclose(covariance, np.array(case["covariance"]), rtol=1e-7, atol=1e-9)
