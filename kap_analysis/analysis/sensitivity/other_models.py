"""The primary contrast under other models: clustering, covariates, calendar period, facilitators."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.cohort_icc import cohort_variance_name, group_variance
from kap_analysis.analysis.model.covariates import practices_apart
from kap_analysis.analysis.model.estimates import difference_row, estimate_rows
from kap_analysis.analysis.model.ladder import Rung
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.patients.characteristics import BALANCE_TARGET
from kap_analysis.analysis.patients.standardised_difference import standardised_mean_difference
from kap_analysis.analysis.patients.treated import first_facilitators
from kap_analysis.columns import (
    BASELINE,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    N_PATIENTS,
    PATIENT_ID,
    PRACTICE,
)
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import number

#: Analyses whose assumption is known not to hold: shown as the result of a common shortcut, in no range.
KNOWN_BIASED = "known to be biased"
FIXED_ICC = (0.02, 0.06, 0.12)
#: A fixed ICC is reached within this, by refits: the variance apart from the cohorts changes with theirs.
ICC_TOLERANCE = 1e-6
MOST_REFITS = 50
EstimateRow = dict[str, Any]
#: The group of an analysis, its label, its assumption, and the function that computes its row.
Setting = tuple[str, str, str, Callable[[], EstimateRow]]


def estimate_row(fit: MixedResults, model: ModelFrame, visit: str) -> EstimateRow:
    about = pd.DataFrame({N_PATIENTS: [len(model.patients)]})
    row = estimate_rows(fit, difference_row(fit, model.patients, visit)[None], about).iloc[0]
    return {str(column): value for column, value in row.items()}


def refit(model: ModelFrame, rung: Rung, visit: str, **options: Any) -> EstimateRow:
    if model.frame[FORMAT].nunique() < 2:
        raise AnalysisError("Patients of one format are left, and nothing can be compared.")
    built = mixedlm(rung.formula, model.frame, residual_by=rung.residual_by)
    return estimate_row(built.fit(**options), model, visit)


def vary_clustering(fit: MixedResults, model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    if rung.cohort is None:
        return
    yield (
        "clustering", "MMRM without the cohort" if rung.is_unstructured else "Cohort ignored",
        "patients of one cohort are no more alike than other patients",
        partial(refit, model, replace(rung, cohort=None), visit),
    )  # fmt: skip
    name = cohort_variance_name(fit)
    if name is None:
        return
    for icc in FIXED_ICC:
        yield (
            "clustering", f"Cohort ICC fixed at {icc:.2f}",
            "the ICC of the cohorts has this value, whatever the data say",
            partial(_with_icc, fit, model, rung, visit, name, icc),
        )  # fmt: skip


def _with_icc(fit: MixedResults, model: ModelFrame, rung: Rung, visit: str, name: str, icc: float) -> EstimateRow:
    """The primary model with the cohorts' variance at which the ICC of the fit itself, at the visit, is as given."""
    built = mixedlm(rung.formula, model.frame, residual_by=rung.residual_by)
    for _ in range(MOST_REFITS):
        fixed = icc / (1 - icc) * group_variance(fit, visit)
        fit = built.fit(fixed={name: fixed})
        if abs(fixed / (fixed + group_variance(fit, visit)) - icc) < ICC_TOLERANCE:
            break
    return estimate_row(fit, model, visit)


def add_facilitator(study: Study, model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    who = first_facilitators(study)
    if who.empty:
        return
    frame = model.frame.assign(facilitator=model.frame[PATIENT_ID].map(who))
    frame = frame[frame["facilitator"].notna()]
    with_facilitator = replace(rung, covariance=(*rung.covariance, "(1 | facilitator)"))
    yield (
        "clustering", "Facilitator effect", "patients who share a first facilitator may be alike, in either format",
        partial(refit, replace(model, frame=frame), with_facilitator, visit),
    )  # fmt: skip


def vary_model(model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    apart, is_wrong = _baseline_apart(model)
    yield (
        KNOWN_BIASED if is_wrong else "model", "Without the baseline score",
        f"the formats started alike; the means of the analysed patients were {number(apart)} points apart",
        partial(refit, model, rung.without(BASELINE), visit),
    )  # fmt: skip
    if PRACTICE in model.covariates or practices_apart(model.frame):
        yield (
            "model", "Format by practice",
            "the difference may vary between practices; averaged over the analysed patients",
            partial(_format_by_practice, model, rung, visit),
        )  # fmt: skip
    if "start_period" in model.frame and model.frame["start_period"].nunique() > 1:
        started = model.frame.assign(period=_period_number(model.frame["start_period"]))
        yield (
            "model", "Adjusted for calendar period", "a linear drift over the quarters in which patients started",
            partial(refit, replace(model, frame=started), rung.adding("period"), visit),
        )  # fmt: skip
    if not rung.covariates and PRACTICE in model.covariates:
        yield (
            "model", "Adjusted for practice", "the practices have levels of their own",
            partial(refit, model, rung.adding(PRACTICE), visit),
        )  # fmt: skip
    elif rung.covariates:
        practice = tuple(c for c in model.covariates if c == PRACTICE)
        yield (
            "model", "Baseline and practice only", "the other covariates do not matter",
            partial(refit, model, replace(rung, covariates=practice), visit),
        )  # fmt: skip


def _format_by_practice(model: ModelFrame, rung: Rung, visit: str) -> EstimateRow:
    formats = model.patients.groupby(PRACTICE, observed=True)[FORMAT].nunique()
    if (formats > 1).sum() < 2:
        raise AnalysisError("Fewer than two practices have patients in both formats.")
    return refit(model, rung.without(PRACTICE).adding(PRACTICE, f"{PRACTICE}:{FORMAT}"), visit)


def _baseline_apart(model: ModelFrame) -> tuple[float, bool]:
    """Points between the baseline means of the formats, and whether that is more than is usually called balance."""
    by_format = {arm: part[BASELINE] for arm, part in model.patients.groupby(FORMAT, observed=True)}
    group, individual = by_format[GROUP], by_format[INDIVIDUAL]
    smd = standardised_mean_difference(individual, group)
    return abs(float(group.mean() - individual.mean())), bool(abs(smd) > BALANCE_TARGET)


def _period_number(period: pd.Series) -> np.ndarray:
    text = period.astype("object").where(period.notna())
    quarters = text.str[:4].astype(float) * 4 + text.str[-1].astype(float)
    return (quarters - quarters.min()).fillna((quarters - quarters.min()).mean()).to_numpy()
