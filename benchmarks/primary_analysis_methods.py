"""The analyses that are judged: the primary one, those that leave something out, and one that knows too much."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from results_files import say

from kap_analysis.analysis.model.ladder import choose_rungs
from kap_analysis.analysis.model.model_frame import build_model_frame
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import baseline_sd, fit_primary
from kap_analysis.analysis.sensitivity.allocation import check_allocation
from kap_analysis.analysis.sensitivity.other_data import complete_cases
from kap_analysis.analysis.sensitivity.other_models import estimate_row, refit
from kap_analysis.errors import KapError
from kap_analysis.simulation.outcomes import VISITS
from kap_analysis.simulation.parameters import Parameters
from kap_analysis.study.outcome_frames.outcomes import Outcomes

VISIT = "month 3"
PLAN = Plan("BDI-II", VISIT)
METHODS = {
    "primary": "primary analysis",
    "raw score": "raw scores",
    "raw change": "raw change",
    "complete": "complete cases",
    "no baseline": "without the baseline",
    "no cohort": "cohort ignored",
    "growing": "cohort effect growing as in truth",
}
#: Those of check_allocation, where all who started are weighted and scores are imputed. They take seconds a draw.
WEIGHTED = {
    "imputed": "imputed, regression",
    "ipw": "imputed, inverse-probability weights",
    "overlap": "imputed, overlap weights",
    "doubly robust": "imputed, doubly robust",
}
N_IMPUTATIONS, N_BOOTSTRAP = 10, 100
#: How much of a cohort's effect at month 3 is there at each visit, as the simulation has it; no analyst knows it.
SHARES = dict(zip(VISITS[1:], Parameters().change_shape, strict=True))


class Estimate(NamedTuple):
    """Group minus individual at month 3 by one method."""

    estimate: float
    std_error: float
    df: float
    full: bool = False
    boundary: bool = False


def two_samples(frame: pd.DataFrame, column: str) -> Estimate:
    """Difference of two means with the pooled t-interval, of the patients seen at month 3."""
    there = frame[frame["visit"] == VISIT]
    values, group = there[column].to_numpy(float), there["is_group"].to_numpy() == 1
    n, m = int(group.sum()), int((~group).sum())
    squares = ((n - 1) * values[group].var(ddof=1) + (m - 1) * values[~group].var(ddof=1)) / (n + m - 2)
    difference = values[group].mean() - values[~group].mean()
    return Estimate(difference, float(np.sqrt(squares * (1 / n + 1 / m))), n + m - 2)


def of_row(row: dict, full: bool = False, boundary: bool = False) -> Estimate:
    """An estimate from a row of estimate columns."""
    return Estimate(float(row["estimate"]), float(row["std_error"]), float(row["df"]), full, boundary)


def attempt(compute: Callable[[], Estimate]) -> Estimate | None:
    """What a method says of a draw; None where it refuses the data."""
    try:
        return compute()
    except (KapError, ValueError) as error:
        say(f"refused: {error}")
        return None


def analyse(frame: pd.DataFrame, wanted: Sequence[str]) -> tuple[dict[str, Estimate | None], float]:
    """The wanted methods on one draw, and the pooled SD of the baseline score."""
    outcomes = Outcomes.from_frame(frame, instrument=PLAN.instrument, visits=VISITS[1:], is_simulated=True)
    model = build_model_frame(outcomes, PLAN.covariates)
    rung = choose_rungs(model, VISIT, PLAN.ladder)[0]
    pull = model.frame["is_group"] * model.frame["visit"].astype(str).map(SHARES).astype(float)
    grown = replace(model, frame=model.frame.assign(pull=pull))
    methods = {
        "primary": lambda: primary_estimate(outcomes),
        "raw score": lambda: two_samples(frame, "score"),
        "raw change": lambda: two_samples(frame, "change"),
        "complete": lambda: of_row(complete_cases(outcomes, PLAN)),
        "no baseline": lambda: of_row(refit(model, rung.without("baseline"), VISIT)),
        "no cohort": lambda: of_row(refit(model, replace(rung, cohort=None), VISIT)),
        "growing": lambda: of_row(refit(grown, replace(rung, cohort="pull"), VISIT)),
    }
    found = {name: attempt(methods[name]) for name in wanted if name in methods}
    if any(name in WEIGHTED for name in wanted):
        found |= weighted_estimates(outcomes)
    return {name: found[name] for name in wanted}, baseline_sd(model.patients)


def weighted_estimates(outcomes: Outcomes) -> dict[str, Estimate | None]:
    """Those of check_allocation, in its order."""
    try:
        made = check_allocation(
            outcomes, plan=PLAN, visit=VISIT, n_imputations=N_IMPUTATIONS, n_bootstrap=N_BOOTSTRAP
        ).estimates
    except KapError as error:
        say(f"refused: {error}")
        return dict.fromkeys(WEIGHTED)
    return {name: of_row(row) for name, row in zip(WEIGHTED, made.to_dict("records"), strict=True)}


def primary_estimate(outcomes: Outcomes) -> Estimate:
    """The primary analysis as it is made, down the ladder where it must."""
    model, rung, fit, _ = fit_primary(outcomes, PLAN, VISIT)
    return of_row(estimate_row(fit, model, VISIT), rung.name == "full", fit.singular)
