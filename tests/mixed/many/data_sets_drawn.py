"""Models of every kind with drawn data sets, and the ordinary likelihood of each data set to compare with."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from kap_analysis.mixed.design.some_rows import rows_of_design
from kap_analysis.mixed.estimation.starting_values import starting_elements
from kap_analysis.mixed.likelihood.criterion import Criterion, criterion_at
from kap_analysis.mixed.many.criterion import ManyCriterion, criteria_at
from kap_analysis.mixed.many.stack import make_template, stack_rows
from kap_analysis.mixed.many.sums import ManySums, make_sums
from kap_analysis.mixed.model import MixedModel, mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.dense_cases import patients

SLOPES = "score ~ month * format + (1 + month | patient) + (0 + is_group | cohort)"
VISITS = "score ~ visit * (format + baseline) + (0 + is_group | cohort) + us(visit | format/patient)"
PATTERNED = "score ~ visit + baseline + csh(visit | patient)"
FORMATS = "score ~ month + (0 + is_group | patient) + (0 + is_individual | patient) + (0 + is_group | cohort)"
PLAIN = "score ~ month + baseline + (1 | patient)"
CROSSED = "score ~ month + (1 | patient) + (1 | rater)"
FORMULAS = (SLOPES, VISITS, PATTERNED, FORMATS, PLAIN)
SETS = 6


@cache
def model(formula: str) -> MixedModel:
    data = patients(whole=True)
    data = data.assign(is_individual=1.0 - data["is_group"])
    return mixedlm(formula, data, residual_by="format" if formula == FORMATS else None)


@cache
def fitted(formula: str) -> MixedResults:
    return model(formula).fit()


@cache
def responses(formula: str, missing: bool = False, n: int = SETS) -> np.ndarray:
    """(rows, data sets), a tenth of the rows missing where this is asked for."""
    found = fitted(formula).simulate(n, seed=7).to_numpy().copy()
    if missing:
        found[np.random.default_rng(8).random(found.shape) < 0.1] = np.nan
    return found


def sums_of(formula: str, missing: bool = False) -> ManySums:
    made = model(formula)
    return make_sums(stack_rows(make_template(made.design), made.design.x[None], responses(formula, missing).T))


def both(formula: str, missing: bool = False) -> tuple[ManyCriterion, list[tuple[Criterion, np.ndarray]]]:
    """The criteria at elements of each data set; and of each the ordinary one, with its elements per element here."""
    made, sums = model(formula), sums_of(formula, missing)
    start = starting_elements(made.layout, made.parameters, 0.4)
    eta = start * (1 + 0.1 * np.random.default_rng(9).random((SETS, 1)))
    alone = []
    for d, y in enumerate(responses(formula, missing).T):
        layout = made.on_design(rows_of_design(replace(made.design, y=y), ~np.isnan(y))).layout
        ratio = sums.scalings[d].elements / layout.scaling.elements
        found = criterion_at(layout, eta[d] * ratio, True)
        assert found is not None
        alone.append((found, ratio))
    return criteria_at(sums, eta, True), alone


def status_of(made: MixedModel, y: np.ndarray) -> pd.DataFrame:
    return made.fit_many(y).status
