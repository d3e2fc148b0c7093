"""Multiple imputation of missing scores that respects cohorts.

For each imputation: resample cohorts (group format) and patients (individual format) with replacement, refit a model
with the baseline in the vector

    score ~ visit*format + practice + covariates + (0 + group_after | cohort_id) + us(visit | format/patient_id)

and draw the cohort effects and the missing scores of the original patients jointly, given all observed scores. The
bootstrap accounts for the uncertainty of the parameters (Little & Rubin 2019, section 10.2; the approximate Bayesian
approach of rbmi). Missing baselines are imputed too. Imputed scores are neither rounded nor clipped to the range of the
instrument, which would bias means and variances.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from kap_analysis.analysis.missing.missing_scores import draw_missing
from kap_analysis.analysis.model.estimates import first_that_fits, fit_formula
from kap_analysis.analysis.model.resampling import ClusteredRows
from kap_analysis.analysis.result import Progress
from kap_analysis.columns import BASELINE_VISIT, COHORT_ID, FORMAT, GROUP, PATIENT_ID, SCORE, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.results import MixedResults


@dataclass(frozen=True)
class Completed:
    """Scores with the missing ones imputed.

    Attributes
    ----------
    scores : array (imputations, patients, visits)
        Observed scores, and draws for missing ones.
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
        ``format``, ``cohort_id`` (a label for every patient), ``is_group``, covariates without missing values. Patients
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
    # fitted once to the original rows, so that a model that cannot be fitted fails early
    first_that_fits([partial(fit_formula, formula, long, ddf="normal") for formula in formulas])
    sampler = _Sampler.of(long, patients)
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
        fit = _refit(sampler.sample(generator), formulas)
        if fit is None:
            continue
        draws[done] = draw_missing(fit, patients, scores, visits, generator)
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
class _Sampler:
    """Draws clusters of the original rows: cohorts of the group format, patients of the individual format."""

    long: pd.DataFrame
    patient: np.ndarray  # of each row its patient's position
    arms: tuple[ClusteredRows, ...]

    @classmethod
    def of(cls, long: pd.DataFrame, patients: pd.DataFrame) -> "_Sampler":
        patient = pd.Index(patients[PATIENT_ID]).get_indexer(pd.Index(long[PATIENT_ID]))
        arms = []
        for arm in patients[FORMAT].cat.categories:
            here = (patients[FORMAT] == arm).to_numpy()
            key = patients[COHORT_ID if arm == GROUP else PATIENT_ID].astype("str").where(here)
            codes, labels = pd.factorize(key, sort=True)
            rows = np.flatnonzero(here[patient])
            arms.append(ClusteredRows.by_code(rows, codes[patient[rows]], len(labels)))
        return cls(long, patient, tuple(arms))

    def sample(self, generator: np.random.Generator) -> pd.DataFrame:
        """Draw clusters with replacement, as many of each format as there are; ids become new numbers."""
        drawn = [arm.draw(generator) for arm in self.arms]
        before = np.cumsum([0] + [len(arm.sizes) for arm in self.arms])
        rows = np.concatenate([positions for positions, _ in drawn])
        cohort = np.concatenate([number + start for (_, number), start in zip(drawn, before, strict=False)])
        sample = self.long.iloc[rows].copy()
        sample[PATIENT_ID], sample[COHORT_ID] = cohort * (self.patient.max() + 1) + self.patient[rows], cohort
        return sample


def _refit(sample: pd.DataFrame, formulas: list[str]) -> MixedResults | None:
    """The first model that converges on a sample, with fresh starting values (the original estimates start worse)."""
    for formula in formulas:
        try:
            fit = fit_formula(formula, sample, ddf="normal")
        except (ValueError, np.linalg.LinAlgError):
            continue
        if fit.converged:
            return fit
    return None
