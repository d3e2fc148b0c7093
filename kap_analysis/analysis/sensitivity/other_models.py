"""The primary contrast under other models: clustering, covariates, period, facilitators."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.cohort_icc import cohort_variance_name, group_variance
from kap_analysis.analysis.model.estimates import averaged_rows, estimate_rows
from kap_analysis.analysis.model.ladder import Rung
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.patients.facilitators import first_facilitators
from kap_analysis.columns import (
    BASELINE,
    COHORT_ID,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from kap_analysis.study.study import Study

FIXED_ICC = (0.02, 0.06, 0.12)
EstimateRow = dict[str, Any]
#: Group of the analysis, its label, what it assumes, and what computes its row.
Setting = tuple[str, str, str, Callable[[], EstimateRow]]


def difference_row(fit: MixedResults, model: ModelFrame, visit: str) -> np.ndarray:
    """The row (p,) of L whose estimate is group minus individual at the visit, averaged over the patients."""
    grid = pd.DataFrame({FORMAT: [GROUP, INDIVIDUAL], VISIT: [visit, visit]})
    matrix = averaged_rows(fit, model.patients, grid).matrix
    return matrix[0] - matrix[1]


def estimate_row(fit: MixedResults, model: ModelFrame, visit: str) -> EstimateRow:
    about = pd.DataFrame({N_PATIENTS: [len(model.patients)]})
    row = estimate_rows(fit, difference_row(fit, model, visit)[None], about).iloc[0]
    return {str(column): value for column, value in row.items()}


def refit(model: ModelFrame, rung: Rung, visit: str, formula: str | None = None, **options: Any) -> EstimateRow:
    built = mixedlm(formula or rung.formula, model.frame, residual_by=rung.residual_by)
    return estimate_row(built.fit(**options), model, visit)


def vary_clustering(fit: MixedResults, model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    term = f"(0 + is_group | {COHORT_ID})"
    if term not in rung.formula:
        return
    without = rung.formula.replace(f" + {term}", "")
    label = "MMRM without the cohort" if "us(" in rung.formula else "Cohort ignored"
    yield (
        "clustering",
        label,
        "patients of one cohort are no more alike than others",
        lambda: refit(model, rung, visit, without),
    )
    name = cohort_variance_name(fit)
    if name is None:
        return
    within = group_variance(fit, visit)
    for icc in FIXED_ICC:
        fixed = {name: icc / (1 - icc) * within}
        yield (
            "clustering", f"Cohort ICC fixed at {icc:.2f}", "the cohorts are this much alike, whatever the data say",
            partial(refit, model, rung, visit, fixed=fixed),
        )  # fmt: skip


def add_facilitator(study: Study, model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    who = first_facilitators(study)
    if who.empty:
        return
    frame = model.frame.assign(facilitator=model.frame[PATIENT_ID].map(who))
    frame = frame[frame["facilitator"].notna()]
    added = replace(model, frame=frame)
    yield (
        "clustering", "Facilitator effect", "patients of one first facilitator are alike, in either format",
        lambda: refit(added, rung, visit, f"{rung.formula} + (1 | facilitator)"),
    )  # fmt: skip


def vary_model(model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    several = len(model.visits) > 1
    whole = f"{VISIT}*({FORMAT} + {BASELINE})" if several else f"{FORMAT} + {BASELINE}"
    bare = f"{VISIT}*{FORMAT}" if several else FORMAT
    yield (
        "model", "Without the baseline score", "the formats started alike: they did not",
        lambda: refit(model, rung, visit, rung.formula.replace(whole, bare)),
    )  # fmt: skip
    if PRACTICE in model.covariates:
        crossed = rung.formula.replace(f" + {PRACTICE}", f" + {PRACTICE} + {PRACTICE}:{FORMAT}", 1)
        yield (
            "model", "Format by practice", "the difference may vary between practices; averaged over the patients",
            lambda: refit(model, rung, visit, crossed),
        )  # fmt: skip
    if "start_period" in model.frame and model.frame["start_period"].nunique() > 1:
        started = model.frame.assign(period=_period_number(model.frame["start_period"]))
        timed = replace(model, frame=started)
        yield (
            "model", "Adjusted for calendar period", "a linear drift over the quarters in which patients started",
            lambda: refit(timed, rung, visit, f"{rung.formula} + period"),
        )  # fmt: skip
    if model.covariates:
        short = " + ".join([f"{SCORE} ~ {whole}", *[c for c in model.covariates if c == PRACTICE]])
        rest = rung.formula.split(" + ")
        random = " + ".join(part for part in _random_parts(rung.formula))
        yield (
            "model", "Baseline and practice only", "the other covariates do not matter",
            lambda: refit(model, rung, visit, f"{short} + {random}" if rest else None),
        )  # fmt: skip


def _random_parts(formula: str) -> list[str]:
    """The bars and structures at the end of a formula of the ladder."""
    fixed, *rest = formula.split(" + (", 1)
    if rest:
        return [f"({rest[0]}"]
    return [f"us({fixed.split(' + us(', 1)[1]}"] if " + us(" in fixed else []


def _period_number(period: pd.Series) -> np.ndarray:
    text = period.astype("object").where(period.notna())
    quarters = text.str[:4].astype(float) * 4 + text.str[-1].astype(float)
    return (quarters - quarters.min()).fillna((quarters - quarters.min()).mean()).to_numpy()
