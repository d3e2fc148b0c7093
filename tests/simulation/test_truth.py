"""The truth beside the data, and the anchors in expectation."""

from dataclasses import replace

import pytest

from kap_analysis.simulation.outcomes import simulate_outcomes
from kap_analysis.simulation.parameters import Parameters
from kap_analysis.simulation.people import draw_people
from kap_analysis.simulation.scenario import Scenario, make_scenario
from kap_analysis.simulation.truth import compute_truth

FAST = 125_000


def of(truth, part, label, name):
    return next(entry for entry in truth[part] if entry[label] == name)["estimate"]


def effect(truth, visit="month 3", instrument="BDI-II"):
    return next(e for e in truth["group_effect"] if e["visit"] == visit and e["instrument"] == instrument)["estimate"]


def test_the_recorded_effect_is_a_little_smaller_than_the_latent_one():
    truth = compute_truth(Scenario())
    assert 0.95 < effect(truth) < 1.1
    assert effect(truth, "month 1") == pytest.approx(0.65 * effect(truth), abs=0.05)
    assert effect(truth, instrument="HAM-A") == pytest.approx(effect(truth) * 5.65 / 11.86, abs=0.04)


def test_no_effect_is_no_effect():
    # Cohorts widen the scores of one arm: clipping at 0 then lifts its mean by a few hundredths.
    truth = compute_truth(make_scenario(group_effect=0.0, cohort_sd=0.0), n_patients=FAST)
    assert effect(truth) == 0.0


def test_unadjusted_contrasts_are_wrong_in_opposite_directions():
    truth = compute_truth(Scenario())
    assert of(truth, "unadjusted", "contrast", "raw score, observed") < effect(truth) - 2
    assert of(truth, "unadjusted", "contrast", "raw change, observed") > effect(truth) + 1


def test_complete_cases_are_wrong_and_nobody_lost_is_right_after_adjustment():
    truth = compute_truth(Scenario())
    adjusted = "adjusted for intake score and practice, "
    assert of(truth, "unadjusted", "contrast", adjusted + "complete cases") < effect(truth) - 0.3
    assert of(truth, "unadjusted", "contrast", adjusted + "had nobody been lost") == pytest.approx(
        effect(truth), abs=0.12
    )


def test_no_adjustment_mends_latent_allocation():
    truth = compute_truth(make_scenario(allocation="latent"), n_patients=2 * FAST)
    name = "adjusted for intake score and practice, had nobody been lost"
    assert of(truth, "unadjusted", "contrast", name) < effect(truth) - 0.3


def test_the_truth_does_not_depend_on_the_draw():
    assert simulate_outcomes(30, seed=1).truth == simulate_outcomes(50, seed=2).truth
    assert simulate_outcomes(30, seed=1).effect() == effect(compute_truth(Scenario()))


@pytest.mark.slow
def test_published_anchors_hold_in_expectation():
    # 1,000,000 patients: standard errors .013 and .01 on the changes
    p, truth = Parameters(), compute_truth(Scenario(), n_patients=1_000_000)
    anchor = {entry["quantity"]: entry["estimate"] for entry in truth["anchors"]}
    assert anchor["change of BDI-II, pairs at month 3"] == pytest.approx(p.anchor_bdi_change, abs=0.05)
    assert anchor["change of HAM-A, pairs at month 3"] == pytest.approx(p.anchor_hama_change, abs=0.05)
    low, high = p.anchor_intake_bdi
    assert low <= anchor["intake BDI-II, all patients"] <= high
    assert low <= anchor["intake BDI-II, pairs at month 3"] <= high
    assert 14 <= anchor["follow-up BDI-II, pairs at month 3"] < 20
    assert anchor["intake HAM-A, pairs at month 3"] == pytest.approx(19.0, abs=0.05)


@pytest.mark.slow
def test_anchors_hold_on_the_frames_of_another_draw():
    # 400,000 patients, some 220,000 pairs: standard error .025 with cohorts
    frame = simulate_outcomes(400_000, seed=77).frame
    pairs = frame[frame["visit"] == "month 3"]
    assert pairs["change"].mean() == pytest.approx(-11.24, abs=0.05)


@pytest.mark.slow
def test_facilitators_as_an_option_take_their_share():
    scenario = Scenario(replace(Parameters(), facilitator_share=0.03))
    with_them, without = draw_people(200_000, 4, scenario), draw_people(200_000, 4, Scenario())
    added = (with_them.change - without.change).var()
    assert added == pytest.approx(Parameters().month3_variance_given_baseline * 0.03 / 0.97, rel=0.06)
