"""The primary contrast on other data and under other rules: leaving out, resampling, as treated, complete cases."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.model.estimates import difference_row
from kap_analysis.analysis.model.ladder import Rung
from kap_analysis.analysis.model.missing_covariates import incomplete_columns
from kap_analysis.analysis.model.model_frame import ModelFrame, build_model_frame
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import fit_primary
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.analysis.sensitivity.difference_estimators import regression_difference
from kap_analysis.analysis.sensitivity.imputed_bootstrap import pool_bootstrap
from kap_analysis.analysis.sensitivity.other_models import (
    KNOWN_BIASED,
    EstimateRow,
    Setting,
    estimate_row,
    refit,
)
from kap_analysis.columns import (
    BASELINE_VISIT,
    COHORT_ID,
    DF,
    ESTIMATE,
    FORMAT,
    N_PATIENTS,
    P_VALUE,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    STATISTIC,
    STD_ERROR,
    VISIT,
)
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.coefficients.estimates import estimate_frame
from kap_analysis.mixed.diagnostics.deletion import delete_levels
from kap_analysis.mixed.results import MixedResults
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.study.timing.time_zero import FormatRule

#: By rule: the group of the analysis, its label and its assumption.
FORMAT_RULES: Final[dict[FormatRule, tuple[str, str, str]]] = {
    "first": (
        "rules",
        "Format of the first session",
        "the first ketamine session in the clinic defines the format",
    ),
    "planned": (
        "rules",
        "Planned format",
        "the format that was planned defines the format, and the first session where none was planned",
    ),
    "as_treated": (
        KNOWN_BIASED,
        "As-treated format",
        "format taken from later sessions, which favours the format of patients who stay; mixed is a third arm",
    ),
    "exclude_mixed": (
        "rules",
        "Without patients of mixed format",
        "patients who switched format are like those who did not",
    ),
}
#: At most this many cohorts are left out in turn, because the model is fitted again without each.
MOST_COHORTS = 40
ESTIMATED = [ESTIMATE, STD_ERROR, DF]


def leave_out(fit: MixedResults, model: ModelFrame, rung: Rung, visit: str) -> Iterator[Setting]:
    if PRACTICE in model.covariates:
        for practice in sorted(model.frame[PRACTICE].astype("str").unique()):
            kept = model.frame[model.frame[PRACTICE].astype("str") != practice].copy()
            kept[PRACTICE] = kept[PRACTICE].cat.remove_unused_categories()
            single = kept[PRACTICE].nunique() < 2
            yield (
                "data", f"Without practice {practice}", "the result does not depend on one practice",
                partial(refit, replace(model, frame=kept), rung.without(PRACTICE) if single else rung, visit),
            )  # fmt: skip
    if model.has_cohorts:
        found: list[EstimateRow] = []  # filled by the first of the two
        cohort = model.frame[COHORT_ID].where(model.frame["in_cohort"] == 1)
        assumes = "the result does not depend on one cohort"
        if cohort.nunique() > MOST_COHORTS:
            assumes += (
                f" (of {cohort.nunique():,} cohorts the {MOST_COHORTS} that move it most at the covariance of the "
                "primary model were left out)"
            )
        for side, choose in (("lowest", min), ("highest", max)):
            yield (
                "data", f"Without one cohort, {side} estimate", assumes,
                partial(_without_one_cohort, fit, model, rung, visit, choose, found),
            )  # fmt: skip


def _without_one_cohort(
    fit: MixedResults,
    model: ModelFrame,
    rung: Rung,
    visit: str,
    choose: Callable[..., EstimateRow],
    found: list[EstimateRow],
) -> EstimateRow:
    """The lowest or the highest estimate when each cohort is left out in turn."""
    if not found:
        found.extend(_without_each(fit, model, rung, visit, _influential(fit, model, visit)))
    return choose(found, key=lambda row: float(row["estimate"]))


def _without_each(
    fit: MixedResults, model: ModelFrame, rung: Rung, visit: str, cohorts: list[str]
) -> Iterator[EstimateRow]:
    """The estimate without each cohort: fitted together, and by itself where its design is then another."""
    labels = model.frame[COHORT_ID].loc[fit.design.frame.index].to_numpy(object)
    responses = np.where(labels[:, None] == np.array(cohorts, dtype=object), np.nan, fit.design.y[:, None])
    # Format meets no covariate of the patients in this model: its difference is the same row for any of them.
    fits = fit.model.fit_many(responses, contrasts=difference_row(fit, model.patients, visit))
    told = estimate_frame(pd.DataFrame(index=fits.contrasts.index), *fits.contrasts[ESTIMATED].to_numpy().T)
    for cohort, problem, row in zip(cohorts, fits.status["problem"], told.to_dict("records"), strict=True):
        smaller = replace(model, frame=model.frame[model.frame[COHORT_ID] != cohort])
        if pd.notna(problem):
            yield refit(smaller, rung, visit)
        else:
            yield {**{str(name): value for name, value in row.items()}, N_PATIENTS: len(smaller.patients)}


def _influential(fit: MixedResults, model: ModelFrame, visit: str) -> list[str]:
    """All cohorts; where there are many, those with the largest effect in either direction at a fixed covariance."""
    cohort = model.frame[COHORT_ID].where(model.frame["in_cohort"] == 1)
    if cohort.nunique() <= MOST_COHORTS:
        return cohort.dropna().unique().tolist()
    labels = cohort.loc[fit.design.frame.index].to_numpy(object)
    moved = delete_levels(fit, labels, difference_row(fit, model.patients, visit)).sort_values("change", kind="stable")
    half = MOST_COHORTS // 2
    return [*moved["label"].head(half), *moved["label"].tail(half)]


def vary_rules(study: Study, plan: Plan) -> Iterator[Setting]:
    """The comparison by each rule that gives some patient another format than the plan's rule and those before it."""

    def under(format_rule: FormatRule) -> EstimateRow:
        outcomes = study.outcomes(plan.instrument, format_rule=format_rule, cohort_rule=plan.cohort_rule)
        model, _, fit, _ = fit_primary(outcomes, plan, plan.visit)
        return estimate_row(fit, model, plan.visit)

    def formats(format_rule: FormatRule) -> list[object]:
        people = study.at_time_zero(format_rule=format_rule, cohort_rule=plan.cohort_rule)
        return people.loc[people["started"], FORMAT].astype("object").fillna("").tolist()

    known = [formats(plan.format_rule)]
    for rule, (group, label, assumes) in FORMAT_RULES.items():
        if (found := formats(rule)) not in known:
            known.append(found)
            yield group, label, assumes, partial(under, rule)


def set_covariates_to_means(outcomes: Outcomes, plan: Plan, model: ModelFrame, rung: Rung) -> Iterator[Setting]:
    """The primary model with means and indicators of covariates, where any was not recorded."""
    if rung.covariates and incomplete_columns(model.patients, model.covariates):
        below = plan.ladder.pool_levels_below
        other = build_model_frame(outcomes, plan.covariates, pool_levels_below=below, expected=False)
        yield (
            KNOWN_BIASED, "Mean and indicator of covariates",
            "formats do not differ in covariates that were not recorded, which is not credible where they differ in "
            "those that were",
            partial(refit, other, replace(rung, covariates=other.covariates), plan.visit),
        )  # fmt: skip


def vary_visit(fit: MixedResults, model: ModelFrame, visits: tuple[str, ...], primary: str) -> Iterator[Setting]:
    """The other visits in the primary model: the numbers that `compare_formats` has for them beside the primary one."""
    for visit in visits:
        if visit not in (BASELINE_VISIT, primary):
            what = "another visit in the primary model, estimated and not tested"
            yield "visits", f"At {visit}", what, partial(_at_other_visit, fit, model, visit)


def _at_other_visit(fit: MixedResults, model: ModelFrame, visit: str) -> EstimateRow:
    if visit not in model.visits:
        raise AnalysisError(f"The primary model has no {visit}: too few patients of a format were scored then.")
    return {**estimate_row(fit, model, visit), STATISTIC: np.nan, P_VALUE: np.nan}


def cluster_bootstrap(
    source: Study | Outcomes, plan: Plan, *, n_imputations: int, n_bootstrap: int, seed: int
) -> EstimateRow:
    """Adjusted difference by least squares on imputed data, with variances from resampled cohorts and patients."""
    outcomes, plan, visit = planned_outcomes(source, plan, plan.visit, population="started")
    completed, covariates = complete_scores(outcomes, plan, visit, n_imputations, seed)
    pooled, _ = pool_bootstrap(completed, covariates, visit, regression_difference, n_bootstrap=n_bootstrap, seed=seed)
    return {**pooled[0].row(), N_PATIENTS: len(completed.patients)}


def complete_cases(outcomes: Outcomes, plan: Plan) -> EstimateRow:
    scored = outcomes.frame[outcomes.frame[SCORE].notna()]
    counts = scored.groupby(PATIENT_ID)[VISIT].nunique()
    complete = counts.index[counts == len(outcomes.visits)]
    kept = replace(outcomes, frame=outcomes.frame[outcomes.frame[PATIENT_ID].isin(complete)])
    model, _, fit, _ = fit_primary(kept, plan, plan.visit)
    return estimate_row(fit, model, plan.visit)
