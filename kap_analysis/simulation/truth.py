"""What is true of the generating model, on the scale that is recorded, by large seeded simulation.

Scores are whole numbers from 0 to 63: the effect that an analysis estimates is not the latent one. Here both potential
outcomes of each patient are recorded with the same noise, and their mean difference is the truth that an analysis can
be judged by. Beside it stands what comparisons that leave out a part of the truth would give in expectation.
"""

import copy
from functools import lru_cache
from typing import Any, Final

import numpy as np

from kap_analysis.simulation.course import BDI_HIGHEST, VISIT_LABELS, Course, draw_course, latent_bdi
from kap_analysis.simulation.people import Bools, Floats, People, draw_people, record_score
from kap_analysis.simulation.questionnaires import draw_latent
from kap_analysis.simulation.scenario import Scenario

TRUTH_PATIENTS: Final = 1_000_000
TRUTH_SEED: Final = 1
CHUNK: Final = 125_000
MONTH_3: Final = 2
DECIMALS: Final = 3


def compute_truth(scenario: Scenario, *, n_patients: int = TRUTH_PATIENTS) -> dict[str, Any]:
    """Compute the truth of a scenario; it does not depend on the seed of a draw.

    Parameters
    ----------
    scenario : Scenario
    n_patients : int
        Patients of the Monte Carlo simulation. The same call in one process is computed once.

    Returns
    -------
    dict
        ``group_effect``: list of dicts (instrument, visit, estimate, mc_std_error), the mean over all patients of the
        score under group format minus the score under individual format, as recorded, nobody lost.
        ``mean_change``: the same for the change from intake under the formats as they are.
        ``unadjusted``: what other contrasts of group minus individual would give at month 3, BDI-II.
        ``anchors``: means of observed pairs at month 3. ``icc_given_baseline``, ``monte_carlo_patients``.
    """
    return copy.deepcopy(_computed(scenario, n_patients))


@lru_cache(maxsize=16)
def _computed(scenario: Scenario, n_patients: int) -> dict[str, Any]:
    sizes = [CHUNK] * (n_patients // CHUNK) + ([n_patients % CHUNK] if n_patients % CHUNK else [])
    chunks = [_chunk(size, TRUTH_SEED + 1 + number, scenario) for number, size in enumerate(sizes)]
    weights = np.array(sizes) / n_patients
    values = {name: np.array([chunk[name] for chunk in chunks]) for name in chunks[0]}
    means = {name: float(weights @ value) for name, value in values.items()}
    errors = {name: _mc_error(value, weights) for name, value in values.items()}

    def entries(prefix: str) -> list[dict[str, Any]]:
        names = [name for name in means if name.startswith(prefix)]
        return [
            dict(
                zip(("instrument", "visit"), name.removeprefix(prefix).split("|"), strict=True),
                estimate=_rounded(means[name]),
                mc_std_error=_rounded(errors[name]),
            )
            for name in names
        ]

    def listed(prefix: str, label: str) -> list[dict[str, Any]]:
        names = [name for name in means if name.startswith(prefix)]
        return [
            {
                label: name.removeprefix(prefix),
                "estimate": _rounded(means[name]),
                "mc_std_error": _rounded(errors[name]),
            }
            for name in names
        ]

    return {
        "group_effect": entries("effect:"),
        "mean_change": entries("change:"),
        "unadjusted": listed("contrast:", "contrast"),
        "anchors": listed("anchor:", "quantity"),
        "icc_given_baseline": _rounded(scenario.parameters.icc_given_baseline),
        "monte_carlo_patients": n_patients,
    }


def _chunk(n: int, seed: int, scenario: Scenario) -> dict[str, float]:
    people, rng = draw_people(n, seed, scenario), np.random.default_rng([TRUTH_SEED, seed])
    # Control variate: what the cohorts of this chunk add by chance has expectation 0, and is taken off.
    by_chance = float((people.group_pull - scenario.parameters.group_effect).mean())
    course = draw_course(people, seed, scenario)
    found: dict[str, float] = {}
    for visit, (label, share) in enumerate(zip(VISIT_LABELS, scenario.parameters.change_shape, strict=True)):
        noise = scenario.parameters.bdi_occasion_sd * rng.standard_normal(n)
        alone, grouped = (
            record_score(latent_bdi(people, scenario, np.full(n, in_group), share) + noise, BDI_HIGHEST)
            for in_group in (False, True)
        )
        found[f"effect:BDI-II|{label}"] = float((grouped - alone).mean()) - share * by_chance
        found[f"change:BDI-II|{label}"] = float((course.score[:, visit] - people.intake).mean())
    found |= _hama(people, course, rng, scenario, by_chance) | _contrasts(people, course)
    pairs = course.in_window[:, MONTH_3] & course.has_baseline
    change = course.score[:, MONTH_3] - people.intake
    found["anchor:intake BDI-II, all patients"] = float(people.intake.mean())
    found["anchor:intake BDI-II, pairs at month 3"] = float(people.intake[pairs].mean())
    found["anchor:follow-up BDI-II, pairs at month 3"] = float(course.score[pairs, MONTH_3].mean())
    found["anchor:change of BDI-II, pairs at month 3"] = float(change[pairs].mean())
    return found


def _hama(
    people: People, course: Course, rng: np.random.Generator, scenario: Scenario, by_chance: float
) -> dict[str, float]:
    """The HAM-A: effect and change by visit, and its anchor."""
    p, seed = scenario.parameters, int(rng.random() * 2**32)
    # The same stream twice: one latent course under both formats, and as they are.
    alone, grouped, actual = (
        draw_latent(people, p.hama, np.random.default_rng([TRUTH_SEED, seed]), p, in_group)
        for in_group in (np.zeros(people.n, dtype=bool), np.ones(people.n, dtype=bool), people.is_group)
    )
    everybody, found, ratio = np.arange(people.n), {}, p.hama.change / p.change_mean
    intake = record_score(alone.intake + alone.occasion_sd * rng.standard_normal(people.n), p.hama.highest)
    for visit, (label, share) in enumerate(zip(VISIT_LABELS, p.change_shape, strict=True)):
        noise = alone.occasion_sd * rng.standard_normal(people.n)
        scores = [record_score(one.at(everybody, share) + noise, p.hama.highest) for one in (alone, grouped, actual)]
        found[f"effect:HAM-A|{label}"] = float((scores[1] - scores[0]).mean()) - ratio * share * by_chance
        found[f"change:HAM-A|{label}"] = float((scores[2] - intake).mean())
        if visit == MONTH_3:
            pairs = course.in_window[:, MONTH_3]
            found["anchor:intake HAM-A, pairs at month 3"] = float(intake[pairs].mean())
            found["anchor:change of HAM-A, pairs at month 3"] = float((scores[2] - intake)[pairs].mean())
    return found


def _contrasts(people: People, course: Course) -> dict[str, float]:
    """Group minus individual at month 3 by methods that leave something out, and adjusted with nobody lost."""
    score, seen = course.score[:, MONTH_3], course.in_window[:, MONTH_3] & course.has_baseline
    everybody = np.ones(people.n, dtype=bool)
    change = score - people.intake
    return {
        "contrast:intake score, all patients": _difference(people.intake, people.is_group, everybody),
        "contrast:raw score, observed": _difference(score, people.is_group, seen),
        "contrast:raw change, observed": _difference(change, people.is_group, seen),
        "contrast:raw score, had nobody been lost": _difference(score, people.is_group, everybody),
        "contrast:raw change, had nobody been lost": _difference(change, people.is_group, everybody),
        "contrast:adjusted for intake score and practice, complete cases": _adjusted(people, score, seen),
        "contrast:adjusted for intake score and practice, had nobody been lost": _adjusted(people, score, everybody),
    }


def _difference(values: Floats, is_group: Bools, kept: Bools) -> float:
    return float(values[kept & is_group].mean() - values[kept & ~is_group].mean())


def _adjusted(people: People, score: Floats, kept: Bools) -> float:
    """Coefficient of group in a least-squares regression on intake score and practice."""
    practice = people.practice[kept]
    columns = [people.is_group[kept], people.intake[kept], *(practice == place for place in (0, 1, 2))]
    design = np.column_stack([column.astype(np.float64) for column in columns])
    return float(np.linalg.lstsq(design, score[kept], rcond=None)[0][0])


def _mc_error(values: Floats, weights: Floats) -> float:
    """Monte Carlo standard error of the weighted mean of chunks; NaN for one chunk."""
    if len(values) < 2:
        return float("nan")
    mean = float(weights @ values)
    return float(np.sqrt((weights**2 @ (values - mean) ** 2) * len(values) / (len(values) - 1)))


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DECIMALS)
