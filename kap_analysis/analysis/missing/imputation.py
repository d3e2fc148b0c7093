"""Multiple imputation of missing scores that respects cohorts.

For each imputation: resample cohorts (group format) and patients (individual format) with replacement (see
`resampling` for samples that lack a level), refit a model
with the baseline in the vector

    score ~ visit*format + practice + covariates + (0 + group_after | cohort_id) + us(visit | format/patient_id)

and draw the cohort effects and the missing scores of the original patients jointly, given all observed scores. The
bootstrap accounts for the uncertainty of the parameters (Little & Rubin 2019, section 10.2; the approximate Bayesian
approach of rbmi). Missing baselines are imputed too, and covariates with the scores (see `drawn_covariates`). Imputed
scores are neither rounded nor clipped to the range of the instrument, which would bias means and variances.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from kap_analysis.analysis.missing.drawn_covariates import UnknownCovariates, times_drawn
from kap_analysis.analysis.missing.missing_scores import draw_missing
from kap_analysis.analysis.missing.reference_based import draw_after_dropout
from kap_analysis.analysis.model.estimates import first_or_refuse, fit_formula
from kap_analysis.analysis.model.resampling import ClusterBootstrap, Sample
from kap_analysis.analysis.result import Progress
from kap_analysis.columns import BASELINE, BASELINE_VISIT, COHORT_ID, FORMAT, PATIENT_ID, PRACTICE, SCORE, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.results import MixedResults
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import join_words

#: Samples may fail at first; from then on, a third of them must be fitted, or imputation is given up.
FAILURES_AT_FIRST = 10


@dataclass(frozen=True)
class Completed:
    """Scores with the missing ones imputed.

    Attributes
    ----------
    scores : array (imputations, patients, visits)
        Observed scores, and draws for missing ones.
    observed : bool array (patients, visits)
    due : bool array (patients, visits)
        Whether the patient was observed to the end of the visit: else the score may still come, and nobody is lost.
    patients : DataFrame
        One row per patient, in the order of the arrays.
    visits : tuple of str
        Baseline first.
    notes : tuple of str
        What was done so that bootstrap samples can estimate the imputation model, and how many baselines were imputed.
    covariate_notes : tuple of str
        What was done to the covariates.
    under : mapping of str to array (imputations, scores after dropout)
        Draws under reference-based assumptions; see `scores_under`.
    drawn_covariates : mapping of str to array (imputations, patients)
        Recorded values, and draws for missing ones, of each covariate that was not recorded for everybody.
    """

    scores: np.ndarray
    observed: np.ndarray
    due: np.ndarray
    patients: pd.DataFrame
    visits: tuple[str, ...]
    notes: tuple[str, ...] = ()
    covariate_notes: tuple[str, ...] = ()
    under: Mapping[str, np.ndarray] = field(default_factory=dict)
    drawn_covariates: Mapping[str, np.ndarray] = field(default_factory=dict)

    def after_dropout(self) -> np.ndarray:
        """(patients, visits): missing, and nothing observed at this visit or later (monotone part only).

        Who has all scores that were due by then has not dropped out.
        """
        return _after_dropout(self.observed, self.due)

    def n_not_due(self, visit: str) -> int:
        """The patients without a score at a visit who have not dropped out, but are not due there yet."""
        at = self.visits.index(visit)
        return int((~self.observed & ~self.due & ~self.after_dropout())[:, at].sum())

    def scores_under(self, assumption: str) -> np.ndarray:
        """As ``scores``, with those after dropout drawn under an assumption that was asked for."""
        scores = self.scores.copy()
        scores[:, _follow_up(self.after_dropout())] = self.under[assumption]
        return scores

    def at_visit(self, which: int, visit: str) -> pd.DataFrame:
        """One completed data set at one visit: the patients with ``visit``, ``baseline`` and ``score``."""
        return self.people(which).assign(**{VISIT: visit, SCORE: self.scores[which][:, self.visits.index(visit)]})

    def people(self, which: int) -> pd.DataFrame:
        """The patients of one completed data set, with ``baseline`` and covariates."""
        drawn = {name: values[which] for name, values in self.drawn_covariates.items()}
        return self.patients.assign(**drawn, **{BASELINE: self.scores[which][:, 0]})


def impute_scores(
    rows: pd.DataFrame,
    visits: tuple[str, ...],
    covariates: tuple[str, ...],
    *,
    n_imputations: int,
    seed: int,
    assumptions: tuple[str, ...] = (),
    not_due: Mapping[str, Collection[str]] | None = None,
    progress: Progress | None = None,
) -> Completed:
    """Draw completed data sets.

    Parameters
    ----------
    rows : DataFrame
        One row per patient and visit that was observed, baseline included: ``patient_id``, ``visit``, ``score``,
        ``format``, ``cohort_id`` (a label for every patient), ``is_group``, covariates without missing values (those
        that were filled in are drawn where ``<covariate>_not_recorded`` is 1). Patients without any score are allowed
        with a missing score at one visit.
    visits : tuple of str
        Baseline first; each must have been observed in both formats.
    covariates : tuple of str
        Columns that do not change within a patient (practice among them).
    assumptions : tuple of str
        Reference-based assumptions (see `reference_based`) under which scores after dropout are drawn as well.
    not_due : mapping of visit -> patients, optional
        Whose score at a visit may still come: it is drawn at random, and is not after dropout.

    Raises
    ------
    AnalysisError
        If there are too few patients or cohorts for the model.
    """
    if n_imputations < 2:
        raise AnalysisError(f"{n_imputations} imputation was asked for; give two or more.")
    patients = rows.drop_duplicates(PATIENT_ID).drop(columns=[VISIT, SCORE]).reset_index(drop=True)
    scores = (
        rows.pivot(index=PATIENT_ID, columns=VISIT, values=SCORE)
        .reindex(patients[PATIENT_ID])
        .reindex(columns=list(visits))
        .to_numpy(float)
    )
    long = rows[rows[SCORE].notna()].copy()
    long["group_after"] = long["is_group"] * (long[VISIT].astype("str") != BASELINE_VISIT)
    model = _choose_model(long, patients, covariates, seed)
    unknown = UnknownCovariates.of(patients, covariates)
    generator = np.random.default_rng(seed)
    apart = np.random.default_rng([seed, 1])  # so that the draws at random do not depend on what else is asked
    draws = np.empty((n_imputations, *scores.shape))
    covariate_draws = np.empty((n_imputations, *unknown.values.shape))
    due = np.column_stack([~patients[PATIENT_ID].isin((not_due or {}).get(visit, ())) for visit in visits])
    lost = _follow_up(_after_dropout(~np.isnan(scores), due))
    under = {name: np.empty((n_imputations, lost.sum())) for name in assumptions}
    done = failed = discarded = 0
    while done < n_imputations:
        sample = model.bootstrap.draw(generator)
        fit = None if sample is None else _refit(_sampled_rows(long, sample), model.formulas)
        if sample is None or fit is None:
            failed += 1
            if failed > FAILURES_AT_FIRST + 2 * done:
                raise AnalysisError(
                    f"The imputation model could be fitted to only {done} of {failed + done} bootstrap samples; "
                    "there are too few patients or cohorts for multiple imputation."
                )
            continue
        draws[done], given = draw_missing(fit, patients, scores, visits, generator)
        if unknown.names:
            covariate_draws[done] = unknown.draw(draws[done], times_drawn(patients, long, sample), generator)
            people = patients.assign(**dict(zip(unknown.names, covariate_draws[done].T, strict=True)))
            draws[done], given = draw_missing(fit, people, scores, visits, generator)
        noise = apart.standard_normal(scores.shape) if assumptions else draws[done]
        for name, values in under.items():  # the same noise under each, so that they differ by what they assume
            values[done] = draw_after_dropout(name, draws[done], lost, given, noise)[lost]
        discarded += sample.n_discarded
        done += 1
        if progress is not None:
            progress(done, n_imputations, "imputations")
    notes = _notes(model.left_out, discarded)
    drawn = dict(zip(unknown.names, np.moveaxis(covariate_draws, 2, 0), strict=True))
    return Completed(draws, ~np.isnan(scores), due, patients, visits, notes, under=under, drawn_covariates=drawn)


def _after_dropout(observed: np.ndarray, due: np.ndarray) -> np.ndarray:
    """Missing to the end, of the patients whose first missing follow-up of these was due."""
    missing = ~np.flip(np.maximum.accumulate(np.flip(observed, axis=1), axis=1), axis=1)
    first = _follow_up(missing).argmax(axis=1)
    return np.asarray(missing & due[np.arange(len(due)), first][:, None])


def _follow_up(lost: np.ndarray) -> np.ndarray:
    """Without the baseline: nobody drops out before it."""
    return lost & (np.arange(lost.shape[1]) > 0)


@dataclass(frozen=True, slots=True)
class _ImputationModel:
    """The formulas to try in turn, the bootstrap under which they are estimable, and the covariates left out."""

    formulas: list[str]
    bootstrap: ClusterBootstrap
    left_out: tuple[str, ...]


def _choose_model(
    long: pd.DataFrame, patients: pd.DataFrame, covariates: tuple[str, ...], seed: int
) -> _ImputationModel:
    """The model with all covariates, or with fewer if bootstrap samples of so few patients cannot estimate these."""
    practice = tuple(name for name in covariates if name == PRACTICE)
    *choices, simplest = dict.fromkeys([covariates, practice, ()])
    for used in choices:
        try:
            formulas, bootstrap = _estimable(long, patients, used)
        except AnalysisError:
            continue  # the data cannot estimate it either
        if bootstrap.draw(np.random.default_rng(seed)) is not None:
            return _ImputationModel(formulas, bootstrap, tuple(name for name in covariates if name not in used))
    return _ImputationModel(*_estimable(long, patients, simplest), covariates)


def _estimable(
    long: pd.DataFrame, patients: pd.DataFrame, covariates: tuple[str, ...]
) -> tuple[list[str], ClusterBootstrap]:
    """The formulas with some covariates, fitted once to the original rows, and the bootstrap that keeps them estimable.

    Raises
    ------
    AnalysisError
        If no formula can be fitted.
    """
    formulas = _formulas(long, covariates)
    builders = [partial(fit_formula, formula, long, ddf="normal") for formula in formulas]
    _, fit, _ = first_or_refuse(builders, "The scores to be imputed")
    return formulas, ClusterBootstrap.of(patients, long, fit.design.fixed.rows(long))


def _sampled_rows(long: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """The rows of a sample, with new numbers for its cohorts and patients: a patient drawn twice is two patients."""
    rows = long.iloc[sample.rows].copy()
    patient = pd.factorize(rows[PATIENT_ID])[0]
    rows[PATIENT_ID], rows[COHORT_ID] = sample.cluster * (patient.max() + 1) + patient, sample.cluster
    return rows


def _notes(left_out: tuple[str, ...], discarded: int) -> tuple[str, ...]:
    """What was done so that every bootstrap sample can estimate the imputation model, in sentences."""
    notes = []
    names = [readable(name) for name in left_out]
    if names:
        notes.append(
            f"The imputation model leaves out {join_words(names)}, which bootstrap samples of so few patients cannot "
            "estimate."
        )
    if discarded:
        were = "sample was" if discarded == 1 else "samples were"
        notes.append(
            f"In the imputation {discarded:,} bootstrap {were} drawn again, for want of a patient with some level of a "
            "covariate."
        )
    return tuple(notes)


def _formulas(long: pd.DataFrame, covariates: tuple[str, ...]) -> list[str]:
    fixed = " + ".join([f"{VISIT}*{FORMAT}", *covariates])
    cohort = f" + (0 + group_after | {COHORT_ID})" if _cohorts(long) > 1 else ""
    ends = [f"us({VISIT} | {FORMAT}/{PATIENT_ID})", f"us({VISIT} | {PATIENT_ID})"]
    return [f"{SCORE} ~ {fixed}{cohort} + {end}" for end in ends]


def _cohorts(long: pd.DataFrame) -> int:
    nested = long[long["is_group"] == 1]
    return int((nested.groupby(COHORT_ID, observed=True)[PATIENT_ID].nunique() >= 2).sum())


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
