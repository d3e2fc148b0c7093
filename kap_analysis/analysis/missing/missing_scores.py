"""Draws of the missing scores from their distribution under a fitted model, given all observed scores.

The scores of a patient are the means of the model, plus a cohort effect at visits after baseline, plus an unstructured
error. The effect of each cohort is drawn given the observed scores of its patients, then the missing scores of each
patient given the observed scores and that effect. Together this is a draw from the joint distribution. Patients of one
format with the same visits observed share all matrices.
"""

import numpy as np
import pandas as pd

from kap_analysis.analysis.missing.reference_based import Parameters
from kap_analysis.columns import COHORT_ID, FORMAT, GROUP, INDIVIDUAL, VISIT
from kap_analysis.mixed.results import MixedResults


def draw_missing(
    fit: MixedResults,
    patients: pd.DataFrame,
    scores: np.ndarray,
    visits: tuple[str, ...],
    generator: np.random.Generator,
) -> tuple[np.ndarray, Parameters]:
    """Observed scores and draws for missing ones, and the parameters under which they were drawn.

    Parameters
    ----------
    fit : MixedResults
        Of ``us(visit | ...)``, with or without ``(0 + group_after | cohort_id)``.
    patients : DataFrame
        One row per patient: ``format``, ``cohort_id``, the covariates of the model.
    scores : array (patients, visits)
        NaN if not observed; baseline first.
    visits : tuple of str
    """
    arms = patients[FORMAT].astype("str").to_numpy(object)
    covariance = {arm: _visit_covariance(fit, arm, visits) for arm in np.unique(arms)}
    cohort = pd.factorize(patients[COHORT_ID].where(patients[FORMAT] == GROUP))[0]
    between = float(fit.theta.get(f"var(group_after | {COHORT_ID})", 0.0))
    means = _means(fit, patients, visits)
    errors, effects = complete_errors(scores - means, arms, covariance, cohort, between, generator)
    levels = patients[FORMAT].cat.categories
    as_reference = patients.assign(**{FORMAT: pd.Categorical([INDIVIDUAL] * len(patients), categories=levels)})
    covariance.setdefault(INDIVIDUAL, _visit_covariance(fit, INDIVIDUAL, visits))
    given = Parameters(means, _means(fit, as_reference, visits), effects, arms, covariance, INDIVIDUAL)
    return np.where(np.isnan(scores), means + errors, scores), given


def complete_errors(
    errors: np.ndarray,
    arms: np.ndarray,
    covariance: dict[str, np.ndarray],
    cohort: np.ndarray,
    between: float,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the missing deviations from the mean, and the cohort effects (patients, visits) that are part of them.

    Parameters
    ----------
    errors : array (patients, visits)
        NaN if not observed; baseline first.
    arms : array (patients,)
        The covariance that applies to each patient.
    covariance : dict
        Array (visits, visits) of each arm, without the cohorts.
    cohort : int array (patients,)
        Number of the cohort, -1 for a patient without one.
    between : float
        Variance of the cohort effects, which are zero at baseline.
    """
    seen = ~np.isnan(errors)
    after = (np.arange(errors.shape[1]) > 0).astype(float)
    alike = _alike(arms, seen)
    n_cohorts = int(cohort.max(initial=-1)) + 1
    precision, pull = (
        np.zeros(n_cohorts + 1),
        np.zeros(n_cohorts + 1),
    )  # the last element is for patients without a cohort
    for members in alike:
        known = seen[members[0]]
        weights = np.linalg.solve(covariance[arms[members[0]]][np.ix_(known, known)], after[known])
        np.add.at(precision, cohort[members], weights @ after[known])
        np.add.at(pull, cohort[members], errors[np.ix_(members, known)] @ weights)
    effect = np.zeros(n_cohorts + 1)
    if between > 0:
        spread = 1 / (1 / between + precision[:-1])
        effect[:-1] = spread * pull[:-1] + np.sqrt(spread) * generator.standard_normal(n_cohorts)
    shift = effect[cohort][:, None] * after
    noise = generator.standard_normal(errors.shape)
    drawn = errors.copy()
    for members in alike:
        known, unknown = seen[members[0]], ~seen[members[0]]
        if known.all():
            continue
        joint = covariance[arms[members[0]]]
        given = np.linalg.solve(joint[np.ix_(known, known)], joint[np.ix_(known, unknown)])
        left = joint[np.ix_(unknown, unknown)] - joint[np.ix_(unknown, known)] @ given
        values, vectors = np.linalg.eigh((left + left.T) / 2)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        centre = (errors - shift)[np.ix_(members, known)] @ given
        here = np.ix_(members, unknown)
        drawn[here] = shift[here] + centre + noise[here] @ root.T
    return drawn, shift


def _alike(arms: np.ndarray, seen: np.ndarray) -> list[np.ndarray]:
    """Positions of the patients of one arm with the same visits observed."""
    _, codes = np.unique(np.column_stack([pd.factorize(arms, sort=True)[0], seen]), axis=0, return_inverse=True)
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _means(fit: MixedResults, patients: pd.DataFrame, visits: tuple[str, ...]) -> np.ndarray:
    """Means (patients, visits) of the model; all visits are one frame: reading it costs more than using it."""
    n = len(patients)
    rows = patients.iloc[np.tile(np.arange(n), len(visits))].reset_index(drop=True)
    rows[VISIT] = pd.Categorical(np.repeat(np.array(visits, object), n), categories=list(visits))
    return (fit.design.fixed.rows(rows) @ fit.beta).reshape(len(visits), n).T


def _visit_covariance(fit: MixedResults, arm: str, visits: tuple[str, ...]) -> np.ndarray:
    """The unstructured covariance of the visits in one format, or the one that both share."""
    residual = fit.residual
    own = residual["stratum"] == arm
    rows = residual[own] if own.any() else residual
    first = rows["visit1"].map(visits.index).to_numpy()
    second = rows["visit2"].fillna(rows["visit1"]).map(visits.index).to_numpy()
    matrix = np.empty((len(visits), len(visits)))
    matrix[first, second] = matrix[second, first] = rows["variance"]
    return matrix
