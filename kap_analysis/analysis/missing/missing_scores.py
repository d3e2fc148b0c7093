"""Draws of the missing scores from their distribution under a fitted model, given all observed scores.

The scores of a patient are the means of the model, plus a cohort effect at visits after baseline, plus an unstructured
error. The effect of each cohort is drawn given the observed scores of its patients, then the missing scores of each
patient given the observed scores and that effect. Together this is a draw from the joint distribution. Patients of one
format with the same visits observed share all matrices.

Reference-based draws (Carpenter, Roger & Kenward 2013, doi 10.1080/10543406.2013.834911) replace the scores after
dropout. All means and covariances are taken given the patient's baseline, because formats may start differently: the
reference is patients seen individually with the same baseline. With Y1 the scores from the first visit to dropout
(those missing in between drawn as above), m1 and m2 the means of the two parts under the assumption, and R the
covariance of the reference format,

    Y2 | Y1 ~ N(m2 + R21 R11^-1 (Y1 - m1), R22 - R21 R11^-1 R12)

The patient leaves the therapy group: the effect of the cohort is part of m1, and of m2 only where gains are kept.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import COHORT_ID, FORMAT, GROUP, INDIVIDUAL, VISIT
from kap_analysis.mixed.results import MixedResults

#: Assumptions about the scores after dropout, with what each assumes.
JUMP: Final = "jump to reference"
INCREMENTS: Final = "copy increments in reference"
COPY: Final = "copy reference"
RETURN: Final = "return to baseline"
ASSUMPTIONS: Final = {
    JUMP: "from dropout on, patients lost from groups score like patients seen individually with the same baseline",
    INCREMENTS: "patients lost from groups stay as far apart from such patients as they were, and change alike from "
    "then on",
    COPY: "patients lost from groups were like such patients from the start",
    RETURN: "from dropout on, patients lost from either format score as their format did at baseline",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One completed data set, with what it was drawn from.

    Attributes
    ----------
    scores : array (patients, visits)
        Observed scores, and draws for missing ones under missing at random.
    means, reference_means : array (patients, visits)
        Of the model, in the patient's own format and had it been the reference; without cohorts.
    shift : array (patients, visits)
        The drawn effect of the patient's cohort; 0 at baseline.
    covariance : dict
        Array (visits, visits) of each format.
    arms : array (patients,)
    """

    scores: np.ndarray
    means: np.ndarray
    reference_means: np.ndarray
    shift: np.ndarray
    covariance: dict[str, np.ndarray]
    arms: np.ndarray

    def after_dropout(self, assumption: str, lost: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """The scores with those after dropout drawn under another assumption.

        Parameters
        ----------
        assumption : str
            One of `ASSUMPTIONS`.
        lost : bool array (patients, visits)
            The visits after dropout; never the baseline.
        noise : array (patients, visits)
            Standard normal draws; the same ones for all assumptions make their differences less noisy.
        """
        concerned = lost.any(axis=1) & ((assumption == RETURN) | (self.arms != INDIVIDUAL))
        scores = self.scores.copy()
        for alike in _alike(self.arms, ~lost):
            members = alike[concerned[alike]]
            if not len(members):
                continue
            arm, after = self.arms[members[0]], lost[members[0]]
            before = ~after
            before[0] = False
            last = int(np.flatnonzero(~after)[-1])
            own = self._given_baseline(self.means, arm, members) + self.shift[members]
            reference = self._given_baseline(self.reference_means, INDIVIDUAL, members)
            expected = own.copy()
            if assumption == RETURN:
                level = np.repeat(self.means[:, :1], self.means.shape[1], axis=1)
                expected[:, after] = self._given_baseline(level, arm, members)[:, after]
            elif assumption == INCREMENTS:
                expected[:, after] = own[:, [last]] + reference[:, after] - reference[:, [last]]
            elif assumption == JUMP:
                expected[:, after] = reference[:, after]
            else:
                expected = reference
            joint = self.covariance[arm if assumption == RETURN else INDIVIDUAL]
            joint = joint - np.outer(joint[:, 0], joint[0]) / joint[0, 0]
            given, root = _conditional(joint, before, after)
            known = self.scores[members][:, before] - expected[:, before]
            scores[np.ix_(members, after)] = expected[:, after] + known @ given + noise[members][:, after] @ root.T
        return scores

    def _given_baseline(self, means: np.ndarray, arm: str, members: np.ndarray) -> np.ndarray:
        """Means (members, visits) given each patient's baseline, by the covariance of a format."""
        joint = self.covariance[arm]
        above = self.scores[members, 0] - means[members, 0]
        return means[members] + np.outer(above, joint[0] / joint[0, 0])


def draw_missing(
    fit: MixedResults,
    patients: pd.DataFrame,
    scores: np.ndarray,
    visits: tuple[str, ...],
    generator: np.random.Generator,
) -> Drawn:
    """Observed scores, and draws for missing ones.

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
    errors, shift = complete_errors(scores - means, arms, covariance, cohort, between, generator)
    reference = patients.assign(
        **{FORMAT: pd.Categorical([INDIVIDUAL] * len(patients), patients[FORMAT].cat.categories)}
    )
    reference_means = _means(fit, reference.assign(is_group=0.0), visits)
    completed = np.where(np.isnan(scores), means + errors, scores)
    if INDIVIDUAL not in covariance:
        covariance[INDIVIDUAL] = _visit_covariance(fit, INDIVIDUAL, visits)
    return Drawn(completed, means, reference_means, shift, covariance, arms)


def complete_errors(
    errors: np.ndarray,
    arms: np.ndarray,
    covariance: dict[str, np.ndarray],
    cohort: np.ndarray,
    between: float,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the missing deviations from the mean; return all deviations, and the cohort's part of each.

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
        given, root = _conditional(covariance[arms[members[0]]], known, unknown)
        centre = (errors - shift)[np.ix_(members, known)] @ given
        here = np.ix_(members, unknown)
        drawn[here] = shift[here] + centre + noise[here] @ root.T
    return drawn, shift


def _conditional(joint: np.ndarray, known: np.ndarray, unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Regression of the unknown on the known visits (known, unknown), and a root of the covariance that is left."""
    given = np.linalg.solve(joint[np.ix_(known, known)], joint[np.ix_(known, unknown)])
    left = joint[np.ix_(unknown, unknown)] - joint[np.ix_(unknown, known)] @ given
    values, vectors = np.linalg.eigh((left + left.T) / 2)
    return given, vectors * np.sqrt(np.clip(values, 0, None))


def _alike(arms: np.ndarray, seen: np.ndarray) -> list[np.ndarray]:
    """Positions of the patients of one arm with the same visits observed."""
    _, codes = np.unique(np.column_stack([pd.factorize(arms, sort=True)[0], seen]), axis=0, return_inverse=True)
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _means(fit: MixedResults, patients: pd.DataFrame, visits: tuple[str, ...]) -> np.ndarray:
    columns = []
    for visit in visits:
        rows = patients.assign(**{VISIT: pd.Categorical([visit] * len(patients), categories=list(visits))})
        columns.append(fit.design.fixed.rows(rows) @ fit.beta)
    return np.column_stack(columns)


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
