"""The eight settings that the candidates are judged in: draws of each, analysed together as far as they go."""

from collections.abc import Sequence

from primary_analysis import SETTINGS
from primary_analysis_arrays import Patients, designed_patients, simulated_patients
from primary_analysis_candidates import Found, analyse_candidates
from primary_analysis_designs import DESIGNS, draw_design, true_effect
from primary_analysis_designs import VISITS as SMALL_VISITS
from primary_analysis_methods import PLAN
from primary_analysis_together import analyse_together

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.simulation.outcomes import VISITS, simulate_outcomes
from kap_analysis.simulation.scenario import Scenario, make_scenario

SMALL_PLAN = Plan("BDI-II", "month 3", covariates=("age", "sex"))
#: The settings of primary_analysis.py that break no assumption, by name.
SIMULATED = {f"simulated {s.dropout}": s for s in SETTINGS if s.allocation == "recorded" and s.dropout != "unseen"}
NAMES = (*SIMULATED, *DESIGNS)


def words(name: str) -> str:
    """A setting as a heading."""
    return DESIGNS[name].words if name in DESIGNS else f"The simulated study. {SIMULATED[name].words}"


def truth(name: str) -> float:
    """The effect at the primary visit that the intervals should cover."""
    if name in DESIGNS:
        return true_effect(name)
    return simulate_outcomes(seed=0, scenario=_scenario(name)).effect(PLAN.visit)


def analyse_alone(name: str, seed: int) -> dict[str, Found] | None:
    """What every candidate says of one draw, by the primary analysis itself; None where it refuses the draw."""
    if name in DESIGNS:
        return analyse_candidates(draw_design(name, seed).frame, SMALL_PLAN, SMALL_VISITS)
    return analyse_candidates(simulate_outcomes(seed=seed, scenario=_scenario(name)).frame, PLAN, VISITS[1:])


def analyse_draws(name: str, seeds: Sequence[int]) -> tuple[list[dict[str, Found] | None], int]:
    """The same of many draws, and how many of them had to go to the primary analysis itself."""
    plan, visits = (SMALL_PLAN, SMALL_VISITS) if name in DESIGNS else (PLAN, tuple(VISITS[1:]))
    found = analyse_together([_patients(name, seed, plan) for seed in seeds], plan, visits)
    alone = [at for at, one in enumerate(found) if one is None]
    for at in alone:
        found[at] = analyse_alone(name, seeds[at])
    return found, len(alone)


def _patients(name: str, seed: int, plan: Plan) -> Patients | None:
    if name in DESIGNS:
        return designed_patients(draw_design(name, seed), plan)
    return simulated_patients(seed, _scenario(name), plan)


def _scenario(name: str) -> Scenario:
    return make_scenario(allocation=SIMULATED[name].allocation, dropout=SIMULATED[name].dropout)
