"""One draw as arrays: its analysed patients, and the covariates as columns that say what the primary model's say.

The rules are those of `analysis/model` (model_frame, covariates, ladder), without its notes, names and frames. What is
not plain (a visit with few patients, pooled levels that could join either of two) is not settled here: there is None,
and the draw goes to the primary analysis itself.
"""

import numpy as np
from draws_together import Patients
from numpy.typing import NDArray
from primary_analysis_designs import Drawn

from kap_analysis.analysis.model.missing_covariates import expected_columns
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.simulation.course import draw_course
from kap_analysis.simulation.covariates import draw_covariates
from kap_analysis.simulation.people import draw_people
from kap_analysis.simulation.scenario import Scenario

Array = NDArray[np.float64]
Codes = NDArray[np.integer]
#: Patients of a study as `simulate_outcomes` draws it.
SHIPPED_PATIENTS = 235


def simulated_patients(seed: int, scenario: Scenario, plan: Plan) -> Patients | None:
    """The analysed patients of a study as `simulate_outcomes` draws it."""
    people = draw_people(SHIPPED_PATIENTS, seed, scenario)
    course = draw_course(people, seed, scenario)
    drawn = draw_covariates(people, seed, scenario)
    score = np.where(course.in_window & course.has_baseline[:, None], course.score, np.nan)
    asked = {
        "age": drawn.age,
        "sex": drawn.sex,
        "primary_diagnosis": drawn.primary,
        "ace_score": drawn.ace,
        "failed_treatments": drawn.failed,
    }
    return _analysed(people.practice, people.cohort, people.intake, score, [asked[c] for c in plan.covariates], plan)


def designed_patients(drawn: Drawn, plan: Plan) -> Patients | None:
    """The analysed patients of a draw of a small design."""
    asked = {"age": drawn.age, "sex": drawn.is_female.astype(np.intp)}
    own = [asked[covariate] for covariate in plan.covariates]
    return _analysed(drawn.practice, drawn.cohort, drawn.baseline, drawn.score, own, plan)


def _analysed(
    practice: Codes, cohort: Codes, baseline: Array, score: Array, own: list[Array | Codes], plan: Plan
) -> Patients | None:
    """The patients with a score after baseline. Covariates are numbers, or codes of levels with -1 where missing."""
    kept = ~np.isnan(score).all(axis=1)
    cohort = cohort[kept].astype(np.intp)
    cohort[cohort >= 0] = np.unique(cohort[cohort >= 0], return_inverse=True)[1]
    covariates: list[Array] = []
    for values in (values[kept] for values in own):
        is_number = np.issubdtype(values.dtype, np.floating)
        added = [values.astype(float)] if is_number else _levels(values, plan.ladder.pool_levels_below)
        if added is None or any(np.isnan(column).all() for column in added):
            return None
        covariates += added
    places = np.unique(practice[kept], return_inverse=True)[1]
    filled = _expected(covariates, np.column_stack([baseline[kept], cohort >= 0]), places)
    practices = (places[:, None] == np.arange(1, places.max() + 1)).astype(float)
    return Patients(cohort, baseline[kept], score[kept], np.column_stack([practices, *filled]))


def _expected(columns: list[Array], needed: Array, practices: Codes) -> list[Array]:
    """The columns with expected values where they are missing, as the primary analysis has them."""
    holes = [at for at, column in enumerate(columns) if np.isnan(column).any()]
    if not holes:
        return columns
    known = np.column_stack([needed, *(column for at, column in enumerate(columns) if at not in holes)])
    values = expected_columns(known, needed.shape[1], np.column_stack([columns[at] for at in holes]), practices)
    filled = dict(zip(holes, values.T, strict=True))
    return [filled.get(at, column) for at, column in enumerate(columns)]


def _levels(codes: Codes, below: int) -> list[Array] | None:
    """0/1 columns of a category, NaN where it was not recorded, or None as `_pooled`."""
    recorded = codes >= 0
    found, those = np.unique(codes[recorded], return_inverse=True)
    pooled = _pooled(those, len(found), below)
    if pooled is None:
        return None
    columns = np.full((len(codes), len(np.unique(pooled)[1:])), np.nan)
    columns[recorded] = pooled[:, None] == np.unique(pooled)[1:]
    return list(columns.T)


def _pooled(codes: Codes, n_levels: int, below: int) -> Codes | None:
    """Rare levels as one, which joins the most common one where it is rare itself; None if two are that common."""
    counts = np.bincount(codes, minlength=n_levels)
    rare = counts < below
    if not rare.any():
        return codes
    codes = np.where(rare[codes], n_levels, codes)
    common = np.where(rare, 0, counts)
    if counts[rare].sum() >= below or not common.any():
        return codes
    if np.count_nonzero(common == common.max()) > 1:
        return None
    return np.where(codes == n_levels, common.argmax(), codes)
