"""From outcomes to imputed data sets: which patients and visits are imputed, and by which covariates."""

from dataclasses import replace

import numpy as np
import pandas as pd

from kap_analysis.analysis.missing.imputation import Completed, impute_scores
from kap_analysis.analysis.missing.reference_based import ASSUMPTIONS
from kap_analysis.analysis.model.covariates import prepare_covariates
from kap_analysis.analysis.model.missing_covariates import FILLED, incomplete_columns
from kap_analysis.analysis.model.model_frame import cohort_of_one, hide_few
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.result import Progress
from kap_analysis.columns import (
    BASELINE_VISIT,
    COHORT_ID,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.errors import AnalysisError
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.outcome_frames.outcomes import Outcomes

#: Patients of each format who must be scored at a visit for its scores to be imputed.
FEWEST_SCORED = 5


@once_per_run
def complete_scores(
    outcomes: Outcomes,
    plan: Plan,
    visit: str,
    n_imputations: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[Completed, tuple[str, ...]]:
    """Imputed data sets of the treated patients with a known format, and the covariates as the models take them."""
    frame = outcomes.frame[outcomes.frame[FORMAT].astype("object").isin([INDIVIDUAL, GROUP])]
    people = frame.drop_duplicates(PATIENT_ID)
    if people[FORMAT].nunique() < 2:
        raise AnalysisError("Only one format has patients; there is no comparison to repeat on imputed data.")
    people, covariates, covariate_notes = prepare_covariates(
        people,
        (PRACTICE, *plan.covariates),
        plan.ladder.pool_levels_below,
        hide_few(outcomes),
        expected=True,
        how="imputed with the scores",
    )
    scored = frame[frame[SCORE].notna() & frame[VISIT].notna()]
    counts = pd.crosstab(scored[VISIT].astype("str"), scored[FORMAT].astype("str")).reindex(
        columns=[INDIVIDUAL, GROUP], fill_value=0
    )
    visits = tuple(v for v in outcomes.visits if v in counts.index and counts.loc[v].min() >= FEWEST_SCORED)
    if BASELINE_VISIT not in visits or visit not in visits:
        raise AnalysisError(
            f"Fewer than {FEWEST_SCORED} patients of a format were scored at baseline or at {visit}; too few to impute "
            "from."
        )
    fixed = _fixed_columns(people, covariates)
    rows = scored.loc[scored[VISIT].astype("str").isin(visits), [PATIENT_ID, VISIT, SCORE]]
    never = fixed.loc[~fixed[PATIENT_ID].isin(rows[PATIENT_ID]), [PATIENT_ID]].copy()
    never[VISIT], never[SCORE] = BASELINE_VISIT, np.nan
    long = pd.concat([rows.astype({VISIT: "str"}), never], ignore_index=True).merge(fixed, on=PATIENT_ID)
    long[VISIT] = pd.Categorical(long[VISIT], categories=list(visits))
    completed = impute_scores(
        long,
        visits,
        covariates,
        n_imputations=n_imputations,
        seed=seed,
        assumptions=tuple(ASSUMPTIONS),
        not_due=outcomes.not_due,
        progress=progress,
    )
    lacking = int((~completed.observed[:, 0]).sum())
    baselines = (
        [f"The baseline score was not recorded for {hide_few(outcomes)(lacking)}: imputed with the scores."]
        if lacking
        else []
    )
    return replace(completed, notes=(*baselines, *completed.notes), covariate_notes=covariate_notes), covariates


def _fixed_columns(people: pd.DataFrame, covariates: tuple[str, ...]) -> pd.DataFrame:
    """What does not change within a patient: format, cohort (a label for every patient) and covariates."""
    filled = [f"{name}{FILLED}" for name in incomplete_columns(people, covariates)]
    keep = [c for c in (PATIENT_ID, FORMAT, COHORT_ID, *covariates, *filled) if c in people]
    fixed = people[keep].copy()
    fixed[FORMAT] = pd.Categorical(fixed[FORMAT].astype("str"), categories=[INDIVIDUAL, GROUP])
    fixed["is_group"] = (fixed[FORMAT] == GROUP).astype(float)
    cohort = (
        fixed[COHORT_ID].astype("object") if COHORT_ID in fixed else pd.Series(None, index=fixed.index, dtype="object")
    )
    in_cohort = cohort.notna() & (fixed["is_group"] == 1)
    fixed["in_cohort"] = in_cohort.astype(float)
    fixed[COHORT_ID] = cohort.where(in_cohort, cohort_of_one(fixed[PATIENT_ID]))
    return fixed
