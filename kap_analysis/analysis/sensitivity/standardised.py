"""The difference standardised over all patients who started, where it may vary with baseline and practice.

The primary model has one difference for all patients. Where the true difference varies, its estimate weights patients
by how much they tell about the difference, and not equally (Angrist 1998, doi 10.2307/2998558). Here the model has the
interactions of format with the baseline score and with practice, everybody's format is set to group, then to
individual, and the predictions are averaged over the patients who started (g-computation). In a linear model that is
one contrast of the coefficients, with the standard error and the degrees of freedom of the engine.
"""

from dataclasses import replace
from functools import partial

import pandas as pd

from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.model.estimates import difference_row, estimate_rows, first_or_refuse, fit_formula
from kap_analysis.analysis.model.ladder import Rung
from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.sensitivity.other_models import EstimateRow
from kap_analysis.columns import BASELINE, FORMAT, N_PATIENTS, PATIENT_ID, PRACTICE
from kap_analysis.study.outcome_frames.outcomes import Outcomes


def standardise_difference(model: ModelFrame, rung: Rung, visit: str, started: Outcomes) -> EstimateRow:
    """Group minus individual at a visit, averaged over the patients who started.

    Parameters
    ----------
    model : ModelFrame
        The patients whose scores are analysed.
    rung : Rung
        The primary model; the interactions are added to it.
    started : Outcomes
        Of all patients who started; those without a baseline score cannot be averaged over.

    Returns
    -------
    The estimate columns and ``n_patients`` (averaged over).
    """
    people = _population(model, started)
    builders = [
        partial(fit_formula, one.formula, model.frame, rung.residual_by) for one in _with_interactions(model, rung)
    ]
    _, fit, _ = first_or_refuse(builders, "The difference by baseline and practice")
    row = estimate_rows(fit, difference_row(fit, people, visit)[None], pd.DataFrame(index=[0])).iloc[0]
    return {**{str(column): value for column, value in row.items()}, N_PATIENTS: len(people)}


def _with_interactions(model: ModelFrame, rung: Rung) -> list[Rung]:
    """The primary model with both interactions at each visit; then with that of practice alike at all visits."""
    by_visit = (*rung.by_visit, f"{FORMAT}:{BASELINE}")
    bare = rung.without(PRACTICE)
    if PRACTICE not in model.covariates:
        return [replace(bare, by_visit=by_visit)]
    each = replace(bare, by_visit=(*by_visit, PRACTICE, f"{FORMAT}:{PRACTICE}"))
    return [each, replace(bare, by_visit=by_visit).adding(PRACTICE, f"{FORMAT}:{PRACTICE}")]


def _population(model: ModelFrame, started: Outcomes) -> pd.DataFrame:
    """The patients who started, with their baseline score and practice, one row each.

    Only these two columns interact with the format, so the other columns, which cancel out of the difference, are those
    of the first analysed patient.
    """
    people = started.frame.drop_duplicates(PATIENT_ID)
    people = people[people[BASELINE].notna() & people[FORMAT].isin(model.formats)]
    shown = pd.concat([model.patients.iloc[:1]] * len(people), ignore_index=True)
    shown[BASELINE] = people[BASELINE].to_numpy(float)
    if PRACTICE in model.covariates:
        levels = pd.CategoricalDtype(model.frame[PRACTICE].cat.categories)
        shown[PRACTICE] = recorded_words(people[PRACTICE]).astype(levels).to_numpy()
        shown = shown[shown[PRACTICE].notna()]
    return shown
