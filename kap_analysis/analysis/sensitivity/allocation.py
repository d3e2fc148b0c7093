"""Does the result hold if the formats treated different patients: propensity scores, weights, doubly robust regression.

Propensity: logistic regression of group format on the baseline, practice and the plan's covariates. Weights:
stabilised inverse-probability weights (truncated at their 1st and 99th percentiles) and overlap weights (Li, Morgan &
Zaslavsky 2018, doi 10.1080/01621459.2016.1260466), whose patients are those who might have been in either format.

All treated patients in individual or group format who were scored at least once are weighted, with missing scores
imputed (see `imputation`). Weighting only the patients who were scored at the visit takes dropout for confounding: if
patients who do well are lost more often from one format, those who are left differ although the formats do not.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.model.model_frame import hide_few
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import why_descriptive
from kap_analysis.analysis.model.study_or_outcomes import planned_outcomes
from kap_analysis.analysis.result import Progress
from kap_analysis.analysis.sensitivity.allocation_result import (
    IPW,
    OVERLAP,
    UNWEIGHTED,
    AllocationSensitivity,
)
from kap_analysis.analysis.sensitivity.balance import effective_sizes, weighted_balance
from kap_analysis.analysis.sensitivity.difference_estimators import (
    ESTIMANDS,
    OF_ALL,
    all_differences,
    covariate_matrix,
    overlaps,
)
from kap_analysis.analysis.sensitivity.imputed_bootstrap import pool_bootstrap
from kap_analysis.analysis.sensitivity.propensity import (
    PROPENSITY_LIMITS,
    estimate_propensity,
    overlap_weights,
    stabilised_weights,
)
from kap_analysis.analysis.visits import check_visit
from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL, IS_GROUP, N_PATIENTS, PATIENT_ID, SCORE, VISIT
from kap_analysis.disclosure.gate import release
from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import number

#: Patients of each format scored at the visit that weighting needs.
FEWEST_PATIENTS = 10
#: A larger weight is reported: the weighted estimate then depends on few patients.
LARGE_WEIGHT = 10
NOT_OF_ALL = (
    "Some patients have a covariate that nobody of the other format has, such as a practice with one format, or a "
    "format has fewer patients than covariates. What they would score in it is not estimable: no average over all "
    "patients is given."
)
ASSUMES = "every confounder is among the covariates, which are modelled rightly; scores are missing at random"


@asked_of(Study, Outcomes)
@once_per_run
def check_allocation(
    source: Study | Outcomes,
    *,
    plan: Plan | None = None,
    visit: str | None = None,
    n_imputations: int = 50,
    n_bootstrap: int = 500,
    seed: int = 20190402,
    progress: Progress | None = None,
) -> AllocationSensitivity:
    """Repeat the contrast at one visit with weights for what was recorded.

    Parameters
    ----------
    source : Study or Outcomes
        Outcomes of all patients who started; scores that are missing are imputed.
    n_imputations : int
        Two or more.
    n_bootstrap : int
        Bootstrap samples of cohorts and patients, over all imputed data sets.

    Raises
    ------
    AnalysisError
        If the covariates separate the formats completely (no weight can then balance them), or there are too few
        patients to weight or to impute from.
    """
    outcomes, plan, visit = planned_outcomes(source, plan, visit, population="started")
    check_visit(outcomes, visit)
    _check_counts(outcomes, visit)
    completed, covariates = complete_scores(outcomes, plan, visit, n_imputations, seed, progress)
    people = completed.people(0)  # an average over the draws would tell the format
    design, group = covariate_matrix(people, covariates), people[IS_GROUP].to_numpy()
    score = estimate_propensity(design, group)
    weights = {
        UNWEIGHTED: np.ones(len(people)),
        IPW: stabilised_weights(score, group),
        OVERLAP: overlap_weights(score, group),
    }
    pooled, used = pool_bootstrap(
        completed, covariates, visit, all_differences, n_bootstrap=n_bootstrap, seed=seed, progress=progress
    )
    n_scored = int(completed.observed[:, completed.visits.index(visit)].sum())
    about = {N_PATIENTS: len(people), "n_scored": n_scored, "n_bootstrap": used, "assumes": ASSUMES}
    shown = ("estimate", "std_error", "df", "ci_low", "ci_high")
    estimates = {
        method: {
            "method": method, "estimand": ESTIMANDS[method], **{name: one.row()[name] for name in shown},
            "missing_information": one.missing_information, **about,
        }
        for method, one in zip(ESTIMANDS, pooled, strict=True)
    }  # fmt: skip
    told = overlaps(design.to_numpy(float), group)
    for row in estimates.values():
        if row["estimand"] == OF_ALL and not told:
            row |= dict.fromkeys((*shown, "missing_information"), np.nan)
    notes = [
        *completed.covariate_notes,
        *completed.notes,
        *([] if told else [NOT_OF_ALL]),
        *_weight_notes(score, weights[IPW], hide_few(outcomes)),
    ]
    result = AllocationSensitivity(
        propensity=people[[PATIENT_ID, FORMAT]]
        .astype({FORMAT: "str"})
        .assign(propensity=score, ipw=weights[IPW], overlap=weights[OVERLAP]),
        balance=weighted_balance(design, group, weights),
        effective_sample_size=effective_sizes(people[FORMAT], weights),
        estimates=pd.DataFrame(list(estimates.values())),
        notes=pd.DataFrame({"note": notes}),
        visit=visit,
        n_imputations=n_imputations,
        too_few=why_descriptive(outcomes, plan, visit),
    )
    return release(result, outcomes)


def _check_counts(outcomes: Outcomes, visit: str) -> None:
    """Raise an error if too few patients of a format were scored at the visit."""
    frame = outcomes.frame
    scored = frame[(frame[VISIT].astype("str") == visit) & frame[SCORE].notna()]
    counts = scored[FORMAT].astype("str").value_counts()
    if min(counts.get(arm, 0) for arm in (INDIVIDUAL, GROUP)) < FEWEST_PATIENTS:
        raise AnalysisError(
            f"At {visit} fewer than {FEWEST_PATIENTS} patients of a format were scored; weighting needs so "
            "many of each."
        )


def _weight_notes(score: np.ndarray, ipw: np.ndarray, of_patients: Callable[[int], str]) -> list[str]:
    low, high = PROPENSITY_LIMITS
    outside = int(((score < low) | (score > high)).sum())
    notes = []
    if outside:
        notes.append(
            f"A propensity below {low} or above {high} was found in {of_patients(outside)}: the formats hardly overlap "
            "there."
        )
    if ipw.max() > LARGE_WEIGHT:
        notes.append(f"The largest weight is {number(ipw.max())}: the weighted estimate rests on few patients.")
    return notes
