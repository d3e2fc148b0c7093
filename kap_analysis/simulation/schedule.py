"""When ketamine is given, to whom in a group, who comes, and who changes format on the way.

Members of a cohort share their days: they are drawn per unit, which is the cohort or, without one, the patient.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kap_analysis.simulation.course import Course
from kap_analysis.simulation.parameters import Parameters
from kap_analysis.simulation.people import Bools, Floats, Ints, People

FIRST_BOOSTER_DAY: Final = 100
DAYS_BETWEEN_BOOSTERS: Final = 28
MAX_BOOSTERS: Final = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Ketamine sessions as arrays (n patients, k sessions); the first is day 0.

    Attributes
    ----------
    unit : int, (n,)
        The cohort, or a number of the patient's own from ``n_cohorts`` on.
    n_units : int
    day : int
        Day of the induction session in its place.
    hour : float
        Start on the local clock.
    due : bool
        Planned, and the patient had not left.
    attended : bool
        Due, and the patient came (always to the first).
    in_group : bool
        Held in a group.
    cohort : int
        The cohort with which it was held, -1 for an individual session.
    switched : bool, (n,)
        Changed format after day 0.
    cut_short : bool, (n,)
        Left before the last planned session.
    booster_day : int, (n, MAX_BOOSTERS)
        Day of maintenance sessions at home.
    boosted : bool, (n, MAX_BOOSTERS)
        Which of them took place.
    """

    unit: Ints
    n_units: int
    day: Ints
    hour: Floats
    due: Bools
    attended: Bools
    in_group: Bools
    cohort: Ints
    switched: Bools
    cut_short: Bools
    booster_day: Ints
    boosted: Bools

    @property
    def n_induction(self) -> int:
        """Most induction sessions that a patient can have."""
        return self.day.shape[1]


def draw_schedule(people: People, course: Course, rng: np.random.Generator, p: Parameters) -> Schedule:
    """Draw the ketamine sessions of all patients."""
    n, (fewest, most) = people.n, p.ketamine_sessions
    unit = np.where(people.cohort >= 0, people.cohort, people.n_cohorts + np.arange(n))
    n_units = people.n_cohorts + n
    planned = fewest + (rng.random(n_units) * (most - fewest + 1)).astype(np.int64)
    day = _session_days(rng, n_units, most, p.session_gap)
    hour = 9 + np.floor(rng.random(n_units) * 24) / 4

    place = np.arange(most)
    intended = place < planned[unit][:, None]
    due = intended & (day[unit] < course.end_day[:, None])
    attended = due & ((rng.random((n, most)) >= p.no_show) | (place == 0))
    from_session = np.where((rng.random(n) < 0.5) & attended[:, 2:].any(axis=1), 2, 1)
    host = _host_cohorts(people, rng.random(n))
    wants = (rng.random(n) < p.switch_share) & (people.is_group | (host >= 0))
    after = wants[:, None] & (place >= from_session[:, None])
    in_group = people.is_group[:, None] ^ after
    own_or_host = np.where(people.is_group, people.cohort, host)[:, None]

    booster_day = FIRST_BOOSTER_DAY + DAYS_BETWEEN_BOOSTERS * np.arange(MAX_BOOSTERS)
    booster_day = booster_day + (rng.random((n, MAX_BOOSTERS)) * 15).astype(np.int64)
    n_boosters = np.where(rng.random(n) < p.booster_share, 1 + (rng.random(n) * MAX_BOOSTERS).astype(np.int64), 0)
    boosted = (np.arange(MAX_BOOSTERS) < n_boosters[:, None]) & (booster_day < course.end_day[:, None])
    return Schedule(
        unit=unit,
        n_units=n_units,
        day=day[unit],
        hour=np.repeat(hour[unit][:, None], most, axis=1),
        due=due,
        attended=attended,
        in_group=in_group,
        cohort=np.where(in_group, own_or_host, -1),
        switched=(after & attended).any(axis=1),
        cut_short=np.asarray((intended & ~due).any(axis=1)),
        booster_day=booster_day,
        boosted=boosted,
    )


def _session_days(rng: np.random.Generator, n_units: int, most: int, gap: tuple[int, int]) -> Ints:
    """Day 0, then one unit's usual gap, give or take a day."""
    usual = gap[0] + (rng.random(n_units) * (gap[1] - gap[0] + 1)).astype(np.int64)
    give = (rng.random((n_units, most)) * 3).astype(np.int64) - 1
    return np.arange(most) * usual[:, None] + np.where(np.arange(most) == 0, 0, give)


def _host_cohorts(people: People, uniform: Floats) -> Ints:
    """A cohort of the same practice for each patient, -1 where the practice has none."""
    places = np.arange(3)
    first = np.searchsorted(people.cohort_practice, places)
    count = np.searchsorted(people.cohort_practice, places, side="right") - first
    host = first[people.practice] + (uniform * count[people.practice]).astype(np.int64)
    return np.where(count[people.practice] > 0, host, -1)
