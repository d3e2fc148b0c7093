"""What is known of the patients before treatment: demography, history, diagnoses."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from kap_analysis.simulation.people import TRAUMA_ACE, Bools, Floats, Ints, People, pick
from kap_analysis.simulation.scenario import Scenario, open_stream

SEXES: Final = ("female", "male")
GENDERS: Final = ("woman", "man", "nonbinary")
RACES: Final = ("white", "hispanic_latino", "asian", "black", "multiple", "not_stated")
RACE_SHARES: Final = (0.70, 0.10, 0.08, 0.04, 0.04, 0.04)
REASONS: Final = ("patient_choice", "clinician_judgement", "availability", "cost")
REASON_SHARES_INDIVIDUAL: Final = (0.50, 0.30, 0.17, 0.03)
REASON_SHARES_GROUP: Final = (0.45, 0.15, 0.15, 0.25)

PRIMARY: Final = ("major_depression", "ptsd", "generalised_anxiety", "ocd", "binge_eating", "bulimia_nervosa")
PRIMARY_SHARES: Final = (0.58, 0.14, 0.17, 0.05, 0.04, 0.02)
PRIMARY_SHARES_TRAUMA: Final = (0.48, 0.28, 0.13, 0.04, 0.05, 0.02)  # with an ACE score of 4 or more
TARGETS: Final = ("BDI-II", "PCL-5", "HAM-A", "Y-BOCS", "EDE-QS", "EDE-QS")
SECOND: Final = ("", "generalised_anxiety", "ptsd", "adhd", "major_depression", "alcohol_use", "insomnia")
SECOND_SHARES: Final = (0.34, 0.20, 0.10, 0.12, 0.14, 0.04, 0.06)
LIFETIME_SHARE: Final = 0.12  # of major depression, among those whose diagnoses leave it out

HOSPITAL_SHARE: Final = 0.14
ATTEMPT_SHARE: Final = 0.10
KETAMINE_SHARE: Final = 0.12
ELIGIBLE_SHARE: Final = 0.72


@dataclass(frozen=True, slots=True)
class Covariates:
    """Recorded characteristics, arrays of length n; codes index the tuples of this module, -1 or NaN is not recorded.

    Attributes
    ----------
    age, ace, failed : float
        Years; points; number of failed treatments.
    sex, gender, race, reason : int
    hospitalised, attempted, had_ketamine, eligible : int
        0 no, 1 yes.
    primary, second : int
        Diagnoses, codes of PRIMARY and SECOND (0: none, or the primary one again).
    past_depression : bool
        A lifetime diagnosis of major depression.
    """

    age: Floats
    ace: Floats
    failed: Floats
    sex: Ints
    gender: Ints
    race: Ints
    reason: Ints
    hospitalised: Ints
    attempted: Ints
    had_ketamine: Ints
    eligible: Ints
    primary: Ints
    second: Ints
    past_depression: Bools


def draw_covariates(people: People, seed: int, scenario: Scenario) -> Covariates:
    """Draw what intake recorded. What is missing is missing completely at random."""
    rng, p, n = open_stream(seed, "covariates"), scenario.parameters, people.n
    trauma, worse = people.ace >= TRAUMA_ACE, np.maximum(people.severity, 0)
    mean, sd = p.failed_mean_sd
    failed = np.clip(np.rint(mean + sd * (0.3 * people.severity + 0.95 * rng.standard_normal(n))), 1, 12)
    sex = pick(rng.random(n), (0.58, 0.42))
    gender = np.where(rng.random(n) < 0.03, 2, sex)
    which = rng.random(n)
    primary = np.where(trauma, pick(which, PRIMARY_SHARES_TRAUMA), pick(which, PRIMARY_SHARES))
    second = pick(rng.random(n), SECOND_SHARES)
    second = np.where(np.asarray(SECOND)[second] == np.asarray(PRIMARY)[primary], 0, second)
    depressed = (primary == 0) | (np.asarray(SECOND)[second] == PRIMARY[0])
    why = rng.random(n)
    reason = np.where(people.is_group, pick(why, REASON_SHARES_GROUP), pick(why, REASON_SHARES_INDIVIDUAL))
    missing = p.covariate_missing
    return Covariates(
        age=_leave_out(people.age, rng.random(n) < missing / 5, np.nan),
        ace=_leave_out(people.ace, rng.random(n) < missing, np.nan),
        failed=_leave_out(failed, rng.random(n) < missing, np.nan),
        sex=sex,
        gender=_leave_out(gender, rng.random(n) < missing / 2, -1).astype(np.int64),
        race=pick(rng.random(n), RACE_SHARES),
        reason=_leave_out(reason, rng.random(n) < missing, -1).astype(np.int64),
        hospitalised=_yes(rng.random(n), HOSPITAL_SHARE + 0.10 * worse, rng.random(n) < missing),
        attempted=_yes(rng.random(n), ATTEMPT_SHARE + 0.06 * worse + 0.06 * trauma, rng.random(n) < missing),
        had_ketamine=_yes(rng.random(n), np.full(n, KETAMINE_SHARE), rng.random(n) < missing),
        eligible=_yes(rng.random(n), np.full(n, ELIGIBLE_SHARE), rng.random(n) < missing),
        primary=primary,
        second=second,
        past_depression=~depressed & (rng.random(n) < LIFETIME_SHARE),
    )


def _leave_out(values: Ints | Floats, missing: Bools, empty: float) -> Floats:
    return np.where(missing, empty, values.astype(np.float64))


def _yes(uniform: Floats, probability: Floats, missing: Bools) -> Ints:
    return np.where(missing, -1, (uniform < probability).astype(np.int64))
