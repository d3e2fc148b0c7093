"""Who the patients are: practice, severity, what drives their change, format, cohort and facilitators."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kap_analysis.simulation.scenario import Scenario, open_stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PATIENTS_PER_FACILITATOR: Final = 20
ENROLMENT_DAYS: Final = 1096  # three years: 2023-Q1 to 2025-Q4
TRAUMA_ACE: Final = 4


@dataclass(frozen=True, slots=True)
class People:
    """The patients as arrays of length n, and their cohorts as arrays of length n_cohorts.

    Attributes
    ----------
    practice : int
        0, 1, 2 for A, B, C.
    severity : float
        Latent BDI-II at intake, as a standard normal.
    intake : float
        Recorded BDI-II at intake (a whole number).
    age, ace : int
        Age in years; adverse childhood experiences, 0-10.
    change_normal : float
        The patient's own part of the change, as a standard normal.
    change : float
        Latent change at month 3 under individual format (points).
    is_group : bool
        Planned format.
    group_pull : float
        What group format adds to the latent score at month 3: the effect, and the cohort's own part. For a patient
        seen individually it is that of a cohort that might have been (so that both potential outcomes exist).
    cohort : int
        Number of the cohort, -1 without one.
    start_day : int
        Day 0, in days since the study opened; the same within a cohort.
    lead : int
        Number of the facilitator who leads, counted over practices.
    cohort_practice, cohort_lead, cohort_second : int
        Per cohort: practice and both facilitators.
    first_facilitator : int
        Per practice: number of its first facilitator (length 4: the last entry is their count).
    """

    practice: Ints
    severity: Floats
    intake: Floats
    age: Ints
    ace: Ints
    change_normal: Floats
    change: Floats
    is_group: Bools
    group_pull: Floats
    cohort: Ints
    start_day: Ints
    lead: Ints
    cohort_practice: Ints
    cohort_lead: Ints
    cohort_second: Ints
    first_facilitator: Ints

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.practice)

    @property
    def n_cohorts(self) -> int:
        """Number of cohorts."""
        return len(self.cohort_practice)


def record_score(latent: Floats, highest: int) -> Floats:
    """Latent score to recorded score: a whole number from 0 to the highest of the scale."""
    return np.clip(np.rint(latent), 0, highest) + 0.0  # no minus zero


def logistic(log_odds: Floats) -> Floats:
    """Log-odds to probability."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def pick(uniform: Floats, shares: tuple[float, ...]) -> Ints:
    """Index of the share into which each uniform number falls; shares add up to 1."""
    return np.minimum(np.searchsorted(np.cumsum(shares), uniform, side="right"), len(shares) - 1)


def draw_people(n_patients: int, seed: int, scenario: Scenario) -> People:
    """Draw the patients, their formats and their cohorts.

    Parameters
    ----------
    n_patients, seed : int
    scenario : Scenario

    Returns
    -------
    People
    """
    rng, p = open_stream(seed, "people"), scenario.parameters
    practice = pick(rng.random(n_patients), p.practice_shares)
    severity = rng.standard_normal(n_patients)
    ace = _ace_scores(severity, rng.standard_normal(n_patients), scenario)
    mean, sd, youngest, oldest = p.age
    age = np.clip(np.rint(mean + sd * rng.standard_normal(n_patients)), youngest, oldest)
    latent = p.bdi_mean + p.bdi_between_sd * severity
    intake = record_score(latent + p.bdi_occasion_sd * rng.standard_normal(n_patients), 63)

    seen = intake if scenario.allocation == "recorded" else latent
    log_odds = np.asarray(p.practice_log_odds)[practice] + p.severity_log_odds * (seen - p.bdi_mean) / 10
    is_group = rng.random(n_patients) < logistic(log_odds)
    start_day = (rng.random(n_patients) * ENROLMENT_DAYS).astype(np.int64)
    change_normal, cohort_normal = rng.standard_normal(n_patients), rng.standard_normal(n_patients)
    lead_uniform, second_uniform = rng.random(n_patients), rng.random(n_patients)

    cohort, cohort_practice, first_member = _form_cohorts(practice, is_group, start_day, p.cohort_size)
    in_cohort = cohort >= 0
    start_day[in_cohort] = start_day[first_member][cohort[in_cohort]]
    cohort_normal[in_cohort] = cohort_normal[first_member][cohort[in_cohort]]

    first_facilitator = _facilitators(practice)
    lead = _pick_facilitator(practice, lead_uniform, first_facilitator)
    lead[in_cohort] = lead[first_member][cohort[in_cohort]]
    cohort_lead = lead[first_member]
    cohort_second = _second_facilitator(cohort_practice, cohort_lead, second_uniform[first_member], first_facilitator)
    facilitator_normal = rng.standard_normal(int(first_facilitator[-1]))

    trauma_share = _trauma_share(scenario)
    change = (
        p.change_mean
        + p.age_effect * (age - mean) / 10
        + p.severity_effect * p.bdi_between_sd * severity / 10
        + p.trauma_effect * ((ace >= TRAUMA_ACE) - trauma_share)
        + p.change_sd * change_normal
        + p.facilitator_sd * facilitator_normal[lead]
    )
    return People(
        practice=practice,
        severity=severity,
        intake=intake,
        age=age.astype(np.int64),
        ace=ace.astype(np.int64),
        change_normal=change_normal,
        change=change,
        is_group=is_group,
        group_pull=p.group_effect + p.cohort_sd * cohort_normal,
        cohort=cohort,
        start_day=start_day,
        lead=lead,
        cohort_practice=cohort_practice,
        cohort_lead=cohort_lead,
        cohort_second=cohort_second,
        first_facilitator=first_facilitator,
    )


def _ace_scores(severity: Floats, own: Floats, scenario: Scenario) -> Floats:
    p = scenario.parameters
    mean, sd = p.ace_mean_sd
    normal = p.ace_severity * severity + np.sqrt(1 - p.ace_severity**2) * own
    return np.clip(np.rint(mean + sd * normal), 0, 10)


def _trauma_share(scenario: Scenario) -> float:
    """Share of patients with an ACE score of 4 or more: P(latent > 3.5), from the error function."""
    mean, sd = scenario.parameters.ace_mean_sd
    return 0.5 * (1 - math.erf((TRAUMA_ACE - 0.5 - mean) / (sd * math.sqrt(2))))


def _form_cohorts(practice: Ints, is_group: Bools, start_day: Ints, size: float) -> tuple[Ints, Ints, Ints]:
    """Patients of one practice who start next to each other make a cohort.

    Returns each patient's cohort (-1: none), and per cohort its practice and its first member.
    """
    cohort = np.full(len(practice), -1, dtype=np.int64)
    practices, firsts, made = [], [], 0
    for place in np.unique(practice):
        members = np.flatnonzero(is_group & (practice == place))
        if not len(members):
            continue
        members = members[np.argsort(start_day[members], kind="stable")]
        n_cohorts = max(1, round(len(members) / size))
        number = (np.arange(len(members)) * n_cohorts) // len(members)
        cohort[members] = made + number
        firsts.append(members[np.searchsorted(number, np.arange(n_cohorts))])
        practices.append(np.full(n_cohorts, place, dtype=np.int64))
        made += n_cohorts
    empty = np.zeros(0, dtype=np.int64)
    return cohort, np.concatenate([empty, *practices]), np.concatenate([empty, *firsts])


def _facilitators(practice: Ints) -> Ints:
    """Number of each practice's first facilitator; three at least, then one per 20 patients."""
    counts = np.maximum(3, -(-np.bincount(practice, minlength=3) // PATIENTS_PER_FACILITATOR))
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _pick_facilitator(practice: Ints, uniform: Floats, first: Ints) -> Ints:
    count = np.diff(first)[practice]
    return first[practice] + (uniform * count).astype(np.int64)


def _second_facilitator(practice: Ints, lead: Ints, uniform: Floats, first: Ints) -> Ints:
    """Another facilitator of the practice, never the one who leads."""
    count = np.diff(first)[practice]
    step = 1 + (uniform * (count - 1)).astype(np.int64)
    return first[practice] + (lead - first[practice] + step) % count
