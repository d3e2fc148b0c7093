"""Multiple imputation that respects cohorts: what the missing scores may have been, had they been observed.

For each imputation: resample cohorts (group format) and patients (individual format) with replacement, refit a model
with the baseline in the vector

    score ~ visit*format + practice + covariates + (0 + group_after | cohort_id) + us(visit | format/patient_id)

and draw, from its distribution given everything that was observed, the cohorts' effects and the missing scores of the
original patients together. The bootstrap carries the uncertainty of the parameters (Little & Rubin 2019, section 10.2;
as in rbmi's approximate Bayesian approach). Missing baselines are imputed too. Imputed scores are left on the latent
scale: not rounded and not clipped to the instrument's range, which would bias means and variances.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from kap_analysis.analysis.estimates import first_that_fits, fit_formula
from kap_analysis.columns import BASELINE_VISIT, COHORT_ID, FORMAT, GROUP, PATIENT_ID, SCORE, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.results import MixedResults

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Completed:
    """Imputed score arrays.

    Attributes
    ----------
    scores : array (imputations, patients, visits)
        Observed scores, and draws where there was none.
    observed : bool array (patients, visits)
    patients : DataFrame
        One row per patient, in the order of the arrays.
    visits : tuple of str
        Baseline first.
    """

    scores: np.ndarray
    observed: np.ndarray
    patients: pd.DataFrame
    visits: tuple[str, ...]

    def after_dropout(self) -> np.ndarray:
        """(patients, visits): missing, and nothing observed at this visit or later (monotone part only)."""
        later = np.flip(np.maximum.accumulate(np.flip(self.observed, axis=1), axis=1), axis=1)
        return ~later

    def at_visit(self, which: int, visit: str) -> pd.DataFrame:
        """One completed data set at one visit: the patients with ``visit``, ``baseline`` and ``score``."""
        values = self.scores[which]
        return self.patients.assign(
            **{VISIT: visit, "baseline": values[:, 0], SCORE: values[:, self.visits.index(visit)]}
        )


def impute_scores(
    rows: pd.DataFrame,
    visits: tuple[str, ...],
    covariates: tuple[str, ...],
    *,
    n_imputations: int,
    seed: int,
    progress: Progress | None = None,
) -> Completed:
    """Draw completed data sets.

    Parameters
    ----------
    rows : DataFrame
        One row per patient and visit that was observed, baseline included: ``patient_id``, ``visit``, ``score``,
        ``format``, ``cohort_id`` (a label for everybody), ``is_group``, covariates without missing values. Patients
        without any score are allowed with a missing score at one visit.
    visits : tuple of str
        Baseline first; each must have been observed in both formats.
    covariates : tuple of str
        Columns that do not change within a patient (practice among them).
    """
    if n_imputations < 2:
        raise AnalysisError(f"{n_imputations} imputation was asked for; give two or more.")
    patients = rows.drop_duplicates(PATIENT_ID).drop(columns=[VISIT, SCORE]).reset_index(drop=True)
    wide = (
        rows.pivot(index=PATIENT_ID, columns=VISIT, values=SCORE)
        .reindex(patients[PATIENT_ID])
        .reindex(columns=list(visits))
    )
    scores = wide.to_numpy(float)
    observed = ~np.isnan(scores)
    generator = np.random.default_rng(seed)
    long = rows[rows[SCORE].notna()].copy()
    long["group_after"] = long["is_group"] * (long[VISIT].astype("str") != BASELINE_VISIT)
    formulas = _formulas(long, covariates)
    # fitted once on the original rows: an early error if the model cannot be fitted at all
    first_that_fits([partial(fit_formula, formula, long, ddf="normal") for formula in formulas])
    clusters = _clusters(long, patients)
    draws = np.empty((n_imputations, *scores.shape))
    done = 0
    attempts = 0
    while done < n_imputations:
        attempts += 1
        if attempts > 3 * n_imputations:
            raise AnalysisError(
                f"The imputation model could be fitted to only {done} of {attempts - 1} bootstrap samples; "
                "there are too few patients or cohorts for multiple imputation."
            )
        fit = _refit(_resample(long, clusters, generator), formulas)
        if fit is None:
            continue
        draws[done] = _draw(fit, patients, scores, observed, visits, generator)
        done += 1
        if progress is not None:
            progress(done, n_imputations, "imputations")
    return Completed(draws, observed, patients, visits)


def _formulas(long: pd.DataFrame, covariates: tuple[str, ...]) -> list[str]:
    fixed = " + ".join([f"{VISIT}*{FORMAT}", *covariates])
    cohort = f" + (0 + group_after | {COHORT_ID})" if _cohorts(long) > 1 else ""
    ends = [f"us({VISIT} | {FORMAT}/{PATIENT_ID})", f"us({VISIT} | {PATIENT_ID})"]
    return [f"{SCORE} ~ {fixed}{cohort} + {end}" for end in ends]


def _cohorts(long: pd.DataFrame) -> int:
    nested = long[long["is_group"] == 1]
    return int((nested.groupby(COHORT_ID, observed=True)[PATIENT_ID].nunique() >= 2).sum())


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What is resampled together: the rows of its patients, and the patient that each row belongs to."""

    rows: np.ndarray
    patients: np.ndarray


def _clusters(long: pd.DataFrame, patients: pd.DataFrame) -> dict[str, list[_Cluster]]:
    """The cohorts of the group format and the patients of the individual one."""
    positions = long.groupby(PATIENT_ID, sort=False).indices
    nobody = np.array([], dtype=int)
    found: dict[str, list[_Cluster]] = {}
    for arm, part in patients.groupby(FORMAT, observed=True, sort=True):
        key = part[COHORT_ID] if arm == GROUP else part[PATIENT_ID]
        clusters = []
        for _, members in part.groupby(key, sort=True, observed=True):
            rows = [np.asarray(positions.get(patient, nobody), dtype=int) for patient in members[PATIENT_ID]]
            names = np.repeat(members[PATIENT_ID].astype("str").to_numpy(object), [len(r) for r in rows])
            clusters.append(_Cluster(np.concatenate(rows), names))
        found[str(arm)] = clusters
    return found


def _resample(long: pd.DataFrame, clusters: dict[str, list[_Cluster]], generator: np.random.Generator) -> pd.DataFrame:
    """Clusters of the group format and patients of the individual format, drawn with replacement and renamed."""
    drawn: list[np.ndarray] = []
    names: list[str] = []
    cohorts: list[str] = []
    for arm, choices in clusters.items():
        for number, pick in enumerate(generator.integers(0, len(choices), len(choices))):
            chosen = choices[pick]
            drawn.append(chosen.rows)
            names += [f"{arm} {number} {patient}" for patient in chosen.patients]
            cohorts += [f"{arm} {number}"] * len(chosen.rows)
    sample = long.iloc[np.concatenate(drawn)].copy()
    sample[PATIENT_ID], sample[COHORT_ID] = names, cohorts
    return sample


def _refit(sample: pd.DataFrame, formulas: list[str]) -> MixedResults | None:
    """The first model that converges on a sample, begun afresh: what the original rows gave is a worse beginning."""
    for formula in formulas:
        try:
            fit = fit_formula(formula, sample, ddf="normal")
        except (ValueError, np.linalg.LinAlgError):
            continue
        if fit.converged:
            return fit
    return None


def _draw(
    fit: MixedResults,
    patients: pd.DataFrame,
    scores: np.ndarray,
    observed: np.ndarray,
    visits: tuple[str, ...],
    generator: np.random.Generator,
) -> np.ndarray:
    """Observed scores with the missing ones drawn given everything observed in the same cohort."""
    mean = _means(fit, patients, visits)
    covariance = {arm: _visit_covariance(fit, str(arm), visits) for arm in patients[FORMAT].cat.categories}
    between = float(fit.theta.get(f"var(group_after | {COHORT_ID})", 0.0))
    completed = scores.copy()
    is_group = (patients[FORMAT] == GROUP).to_numpy()
    cluster = patients[COHORT_ID].astype("object").where(is_group, "patient " + patients[PATIENT_ID].astype("str"))
    arms = patients[FORMAT].astype("str").to_numpy()
    after = np.array([0.0] + [1.0] * (len(visits) - 1))
    for members in cluster.groupby(cluster, sort=True).indices.values():
        seen = observed[members].ravel()
        if seen.all():
            continue
        n = len(members)
        joint = covariance[arms[members[0]]]
        if n > 1:
            joint = np.kron(np.eye(n), joint)
        if is_group[members[0]] and between > 0:
            joint = joint + between * np.outer(np.tile(after, n), np.tile(after, n))
        values = completed[members].ravel()
        values[~seen] = _conditional_draw(joint, mean[members].ravel(), values, seen, generator)
        completed[members] = values.reshape(n, -1)
    return completed


def _conditional_draw(
    joint: np.ndarray, mean: np.ndarray, values: np.ndarray, seen: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    unseen = ~seen
    given = (
        np.linalg.solve(joint[np.ix_(seen, seen)], joint[np.ix_(seen, unseen)])
        if seen.any()
        else np.zeros((0, unseen.sum()))
    )
    centre = mean[unseen] + given.T @ (values[seen] - mean[seen])
    spread = joint[np.ix_(unseen, unseen)] - joint[np.ix_(unseen, seen)] @ given
    values, vectors = np.linalg.eigh((spread + spread.T) / 2)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return centre + root @ generator.standard_normal(int(unseen.sum()))


def _means(fit: MixedResults, patients: pd.DataFrame, visits: tuple[str, ...]) -> np.ndarray:
    columns = []
    for visit in visits:
        rows = patients.assign(**{VISIT: pd.Categorical([visit] * len(patients), categories=list(visits))})
        columns.append(fit.design.fixed.rows(rows) @ fit.beta)
    return np.column_stack(columns)


def _visit_covariance(fit: MixedResults, arm: str, visits: tuple[str, ...]) -> np.ndarray:
    """The unstructured covariance of the visits in one format, from the names of the covariance parameters."""
    theta = fit.theta
    label = f"us[{arm}]" if any(name.startswith(f"us[{arm}](") for name in theta.index) else "us"
    matrix = np.empty((len(visits), len(visits)))
    for i, first in enumerate(visits):
        for j, second in enumerate(visits[: i + 1]):
            names = (f"{label}({second}, {first})", f"{label}({first}, {second})", f"{label}({first})")
            matrix[i, j] = matrix[j, i] = next(theta[name] for name in names if name in theta.index)
    return matrix
