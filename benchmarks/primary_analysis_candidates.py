"""The candidates for the primary analysis: two covariance models, two kinds of information, and fewer df.

Each draw is prepared once and each covariance model fitted once: joint information and the bound on the df only read
the fit in another way. The cohort slope is `(0 + is_group + steps | cohort_id)`, with steps the number of the visit
(0, 1, 2, ...) of patients in groups: an unstructured matrix of two effects, so that the place of 0 does not matter and
the cohorts' variance may grow, fall or stay. Numbers of visits and not months, because visits stand closer where scores
change faster. A variance of its own at each visit would ask for six or ten parameters of some ten cohorts.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from results_files import say

from kap_analysis.analysis.model.estimates import difference_row, fit_formula
from kap_analysis.analysis.model.ladder import Rung
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import fit_primary
from kap_analysis.errors import KapError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.study.outcome_frames.outcomes import Outcomes

PLAN_MODEL = "plan"
CANDIDATES = {
    PLAN_MODEL: "plan model",
    "slope": "cohort slope",
    "joint": "joint information",
    "both": "cohort slope, joint information",
    "few df": "at most cohorts - 1 df",
}


class Found(NamedTuple):
    """One candidate on one draw; ``fell_back``: the engine refused its covariance, and the plan model's stood in."""

    estimate: float
    std_error: float
    df: float
    full: bool
    boundary: bool
    fell_back: bool


def analyse_candidates(frame: pd.DataFrame, plan: Plan, visits: Sequence[str]) -> dict[str, Found] | None:
    """Every candidate on one draw; None where the primary analysis refuses it."""
    outcomes = Outcomes.from_frame(frame, instrument=plan.instrument, visits=visits, is_simulated=True)
    try:
        model, rung, fit, _ = fit_primary(outcomes, plan, plan.visit)
    except KapError as error:
        say(f"refused: {error}")
        return None
    sloped = with_slope(model, rung)
    row = difference_row(fit, model.patients, plan.visit)
    full, fell_back = rung.name == "full", sloped is None
    sloped = fit if sloped is None else sloped
    group = model.patients[model.patients["is_group"] == 1]
    most = group["cohort_id"].nunique() - 1
    plain = read(fit, row, "plain")
    found = {
        PLAN_MODEL: (plain, fit, False),
        "slope": (read(sloped, row, "plain"), sloped, fell_back),
        "joint": (read(fit, row, "joint"), fit, False),
        "both": (read(sloped, row, "joint"), sloped, fell_back),
        "few df": ((plain[0], plain[1], min(plain[2], most)), fit, False),
    }
    return {name: Found(*numbers, full, one.singular, back) for name, (numbers, one, back) in found.items()}


def with_slope(model: ModelFrame, rung: Rung) -> MixedResults | None:
    """The model of the rung with a slope of the cohorts over the visits; None where the engine refuses it."""
    if rung.cohort is None or len(model.visits) < 2:
        return None
    steps = model.frame["visit"].cat.codes * model.frame[rung.cohort]
    grown = replace(rung, cohort=f"{rung.cohort} + steps")
    try:
        return fit_formula(grown.formula, model.frame.assign(steps=steps), rung.residual_by)
    except (ValueError, np.linalg.LinAlgError):
        return None


def read(fit: MixedResults, row: np.ndarray, kind: str) -> tuple[float, float, float]:
    """Estimate, standard error and df of one combination; the same fit serves both kinds of information."""
    if kind == "joint":
        fit = replace(fit, settings=replace(fit.settings, information="joint"))
    one = fit.inference(row[None])
    return float(one.estimate[0]), float(one.std_error[0]), float(one.df[0])
