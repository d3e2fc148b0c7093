"""Who is treated in a group, in which cohort, and by whom."""

import numpy as np
import pytest

from kap_analysis.errors import SimulationError
from kap_analysis.simulation.people import draw_people, logistic, pick, record_score
from kap_analysis.simulation.scenario import Scenario, check_size, make_scenario

SCENARIO = Scenario()


@pytest.fixture(scope="module")
def people():
    return draw_people(40_000, 3, SCENARIO)


def test_scores_are_whole_numbers_of_the_scale():
    assert list(record_score(np.array([-3.0, 0.4, 27.6, 70.0]), 63)) == [0, 0, 28, 63]
    assert not np.signbit(record_score(np.array([-0.2]), 63)).any()


def test_shares_pick_by_uniform_numbers():
    assert list(pick(np.array([0.0, 0.39, 0.40, 0.71, 0.72, 0.9999]), (0.40, 0.32, 0.28))) == [0, 0, 1, 1, 2, 2]


def test_intake_has_the_mean_and_sd_of_the_parameters(people):
    # standard errors: 9.18 / sqrt(40,000) = .046 and 9.18 / sqrt(80,000) = .032
    assert people.intake.mean() == pytest.approx(27.55, abs=0.2)
    assert people.intake.std() == pytest.approx(np.sqrt(8**2 + 4.5**2), abs=0.15)


def test_allocation_follows_practice_and_recorded_score(people):
    for practice, log_odds in enumerate((-1.2, -0.2, 0.3)):
        near_mean = (people.practice == practice) & (np.abs(people.intake - 27.5) < 2)
        assert people.is_group[near_mean].mean() == pytest.approx(float(logistic(np.array(log_odds))), abs=0.04)
    assert people.intake[people.is_group].mean() < people.intake[~people.is_group].mean() - 3


def test_given_the_recorded_score_severity_does_not_matter_unless_asked_for(people):
    latent = draw_people(40_000, 3, make_scenario(allocation="latent"))
    for one, expected in ((people, 0.0), (latent, -0.15)):
        inside = (np.abs(one.intake - 27.5) < 1) & (one.practice == 1)
        gap = one.severity[inside & one.is_group].mean() - one.severity[inside & ~one.is_group].mean()
        assert gap == pytest.approx(expected, abs=0.09)


def test_cohorts_are_of_one_practice_and_3_or_4_patients(people):
    grouped = people.cohort >= 0
    assert (grouped == people.is_group).all()
    assert set(np.bincount(people.cohort[grouped])) == {3, 4}
    assert (people.cohort_practice[people.cohort[grouped]] == people.practice[grouped]).all()
    assert (people.cohort_lead != people.cohort_second).all()


def test_members_of_a_cohort_share_start_pull_and_facilitator(people):
    grouped = np.flatnonzero(people.cohort >= 0)
    order = grouped[np.argsort(people.cohort[grouped], kind="stable")]
    same = np.diff(people.cohort[order]) == 0
    for values in (people.start_day, people.group_pull, people.lead):
        assert (np.diff(values[order])[same] == 0).all()


def test_facilitators_see_patients_of_their_practice_in_both_formats(people):
    first = people.first_facilitator
    assert (people.lead >= first[people.practice]).all()
    assert (people.lead < first[people.practice + 1]).all()
    assert len(np.intersect1d(people.lead[people.is_group], people.lead[~people.is_group])) > 0.5 * first[-1]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 12])
def test_small_studies_can_be_made(n):
    assert draw_people(n, 0, SCENARIO).n == n


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(SimulationError, match=r"^allocation is 'random'; choose one of recorded, latent\.$"):
        make_scenario(allocation="random")
    with pytest.raises(SimulationError, match=r"^dropout is 'some'; choose one of recorded, unseen, none\.$"):
        make_scenario(dropout="some")
    with pytest.raises(SimulationError, match=r"^facilitator_share is 1; give a share of the variance"):
        make_scenario(facilitator_share=1)
    with pytest.raises(SimulationError, match=r"^cohort_sd is -1; a standard deviation is not negative\.$"):
        make_scenario(cohort_sd=-1)
    with pytest.raises(SimulationError, match=r"^0 patients were asked for; ask for 1 or more\.$"):
        check_size(0, 1)
    with pytest.raises(SimulationError, match=r"^The seed is -1; give a whole number from 0\.$"):
        check_size(1, -1)
