"""The BDI-II over time: change, moderation, cohorts, loss."""

import numpy as np
import pytest

from kap_analysis.simulation.course import WINDOWS, draw_course
from kap_analysis.simulation.people import draw_people, logistic
from kap_analysis.simulation.scenario import Scenario, make_scenario

N, SEED = 60_000, 11


@pytest.fixture(scope="module")
def people():
    return draw_people(N, SEED, Scenario())


@pytest.fixture(scope="module")
def course(people):
    return draw_course(people, SEED, Scenario())


def test_change_has_its_shape(people, course):
    change = (course.score - people.intake[:, None]).mean(axis=0)
    assert change / change[2] == pytest.approx([0.65, 0.90, 1.0, 0.95], abs=0.02)


def effects_of(people, change):
    columns = [np.ones(N), people.age / 10, 0.8 * people.severity, people.ace >= 4, people.is_group]
    return np.linalg.lstsq(np.column_stack(columns).astype(float), change, rcond=None)[0][1:4]


def test_older_more_severe_and_traumatised_patients_change_more(people, course):
    # standard errors .02, .03, .06
    assert effects_of(people, people.change) == pytest.approx([-0.8, -1.5, -2.0], abs=0.2)
    # as recorded, floor effects add to that of severity
    age, severity, trauma = effects_of(people, course.score[:, 2] - people.intake)
    assert age == pytest.approx(-0.8, abs=0.15)
    assert -2.2 < severity < -1.5
    assert trauma == pytest.approx(-2.0, abs=0.35)


def test_cohorts_resemble_each_other_after_baseline_only(people, course):
    grouped = people.cohort >= 0
    for score, expected in ((people.intake, 0.0), (course.score[:, 2] - people.intake, 0.085)):
        values = score[grouped] - score[grouped].mean()
        # practices differ in intake, hardly in change
        sums, sizes = np.bincount(people.cohort[grouped], values), np.bincount(people.cohort[grouped])
        pairs = (sums**2 - np.bincount(people.cohort[grouped], values**2)).sum() / (sizes * (sizes - 1)).sum()
        assert pairs / values.var() == pytest.approx(expected, abs=0.025)


def test_loss_follows_the_last_recorded_score_and_format(people, course):
    for in_group in (False, True):
        near = (np.abs(people.intake - 25) < 1) & (people.is_group == in_group)
        expected = float(logistic(np.array(-2.7 + 0.8 * (25 - 15) / 10 + 0.58 * in_group)))
        assert (course.lost_at[near] == 0).mean() == pytest.approx(expected, abs=0.035)


def test_loss_is_monotone_and_nobody_is_lost_on_request(people, course):
    lost = course.lost_at[:, None] <= np.arange(4)
    assert not (course.seen & lost).any()
    everyone = draw_course(people, SEED, make_scenario(dropout="none"))
    assert (everyone.lost_at == 4).all()
    assert everyone.seen.mean() == pytest.approx(0.95, abs=0.005)


def test_unseen_loss_depends_on_the_score_of_the_visit_itself(people, course):
    unseen = draw_course(people, SEED, make_scenario(dropout="unseen"))
    for one, higher in ((course, False), (unseen, True)):
        at_risk = np.abs(people.intake - 27) < 2
        gap = one.score[at_risk & (one.lost_at == 0), 0].mean() - one.score[at_risk & (one.lost_at > 0), 0].mean()
        assert (gap > 3) == higher


def test_days_lie_in_their_windows_unless_late(course):
    for visit, (first, last) in enumerate(WINDOWS):
        day, late = course.day[:, visit], course.late[:, visit]
        on_time = course.seen[:, visit] & ~late
        assert ((day[on_time] >= first) & (day[on_time] <= last)).all()
        assert (day[late] > last).all()
    assert course.late.any(axis=0).tolist() == [False, False, True, True]
    seen_day = np.where(course.seen, course.day, -1).max(axis=1)
    assert (seen_day < course.end_day).all()
    assert ((course.baseline_day >= -42) & (course.baseline_day < 0)).all()
