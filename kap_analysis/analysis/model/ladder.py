"""Which model the counts allow: a ladder of models chosen by numbers of patients and cohorts, never by a p-value.

full         one unstructured covariance of the visits per format, and the cohort
compound     one variance between and one within patients per format, and the cohort
descriptive  too few cohorts or patients: the compound model without covariates, with intervals and no test; if the
             data cannot support even that, without the cohort, and then with one variance between patients
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.model_frame import ModelFrame
from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.columns import BASELINE, COHORT_ID, FORMAT, GROUP, PATIENT_ID, SCORE, VISIT
from kap_analysis.writing.sentences import first_of, join_words, plural

FULL = "full"
COMPOUND = "compound"
DESCRIPTIVE = "descriptive"
RUNGS = (FULL, COMPOUND, DESCRIPTIVE)
#: At most this many reasons against the full model are named; the others are counted.
SHORTFALLS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """One model of the ladder, as its terms. A variant of the model changes terms; the formula is written from them.

    Attributes
    ----------
    name : str
        full, compound, descriptive.
    why : str
        The counts that led here, in words; the thresholds, not the counts, which a public study may not show.
    by_visit : tuple of str
        Effects that may differ between visits: format and baseline score.
    covariates : tuple of str
        Effects that are the same at every visit.
    cohort : str or None
        The 0/1 column of the patients whose cohort has a random effect.
    covariance : tuple of str
        Terms for how the scores of one patient, or of one facilitator's patients, vary together.
    residual_by : str or None
        The column with a residual variance per level.
    several_visits : bool
    """

    name: str
    why: str
    by_visit: tuple[str, ...]
    covariates: tuple[str, ...]
    cohort: str | None
    covariance: tuple[str, ...]
    residual_by: str | None
    several_visits: bool

    @property
    def formula(self) -> str:
        """The model as the engine reads it."""
        effects = " + ".join(self.by_visit)
        if self.several_visits:
            effects = f"{VISIT}*({effects})" if len(self.by_visit) > 1 else f"{VISIT}*{effects}"
        cohort = [] if self.cohort is None else [f"(0 + {self.cohort} | {COHORT_ID})"]
        return f"{SCORE} ~ {' + '.join([effects, *self.covariates, *cohort, *self.covariance])}"

    @property
    def is_unstructured(self) -> bool:
        """Whether the visits have an unstructured covariance: a mixed model for repeated measures (MMRM)."""
        return self.name == FULL and self.several_visits

    def adding(self, *effects: str) -> "Rung":
        """The same model with further effects."""
        return replace(self, covariates=(*self.covariates, *effects))

    def without(self, *effects: str) -> "Rung":
        """The same model without some effects, by visit or not."""
        by_visit = tuple(effect for effect in self.by_visit if effect not in effects)
        covariates = tuple(effect for effect in self.covariates if effect not in effects)
        return replace(self, by_visit=by_visit, covariates=covariates)


@dataclass(frozen=True, slots=True)
class LadderCounts:
    """The counts that the ladder goes by.

    Attributes
    ----------
    visits : tuple of str
    pairs : mapping
        Format -> (visits, visits): patients with a score at both; on the diagonal those with one at the visit.
    shared_cohorts : float or None
        Cohorts with two or more of these patients; None where no cohort is recorded, or no patient is in a group.
    """

    visits: tuple[str, ...]
    pairs: Mapping[str, np.ndarray]
    shared_cohorts: float | None


def name_rung(counts: LadderCounts, visit: str, ladder: Ladder) -> tuple[str, str]:
    """The first model of the ladder that the counts allow, and why none above it."""
    too_few = _short_at(counts, visit, ladder.descriptive_patients)
    if counts.shared_cohorts is not None and counts.shared_cohorts < ladder.cohorts:
        too_few.append(f"fewer than {plural(ladder.cohorts, 'cohort')} with two or more patients")
    if too_few:
        return DESCRIPTIVE, join_words(too_few)
    shortfalls = _full_shortfalls(counts, visit, ladder)
    return (COMPOUND, join_words(shortfalls)) if shortfalls else (FULL, "the counts allow the full model")


def choose_rungs(model: ModelFrame, visit: str, ladder: Ladder) -> list[Rung]:
    """The model that the counts allow, then the simpler models to step down to if it does not converge."""
    frame, of_groups = model.frame, model.has_cohorts and GROUP in model.formats
    pairs = {f: _pairs(frame[(frame[FORMAT] == f).to_numpy()], model.visits) for f in model.formats}
    counts = LadderCounts(model.visits, pairs, model.n_shared_cohorts if of_groups else None)
    first, why = name_rung(counts, visit, ladder)
    rungs = [build_rung(model, name, why) for name in RUNGS[RUNGS.index(first) :]]
    simpler = [build_rung(model, DESCRIPTIVE, why, cohort=False, by_format=by_format) for by_format in (True, False)]
    return [*rungs, *[rung for rung in simpler if rung.formula != rungs[-1].formula]]


def build_rung(model: ModelFrame, name: str, why: str = "", *, cohort: bool = True, by_format: bool = True) -> Rung:
    """One rung for these data. Without cohorts of two or more, cohort and patient cannot be separated."""
    return write_rung(
        name,
        why,
        model.covariates,
        several_visits=len(model.visits) > 1,
        arm=model.arm_column if by_format else None,
        cohort=model.cohort_column if cohort and model.n_shared_cohorts else None,
    )


def write_rung(
    name: str, why: str, covariates: tuple[str, ...], *, several_visits: bool, arm: str | None, cohort: str | None
) -> Rung:
    """One rung from what is known of the data.

    Parameters
    ----------
    arm : str or None
        The column whose levels have a covariance each; None: all patients have one.
    cohort : str or None
        The 0/1 column of the patients whose cohort has an effect; None: there is none.
    """
    covariance: tuple[str, ...] = ()
    unstructured = several_visits and name == FULL
    if unstructured:
        covariance = (f"us({VISIT} | {arm}/{PATIENT_ID})",)
    elif several_visits and arm == FORMAT:
        covariance = (f"(0 + is_group | {PATIENT_ID})", f"(0 + is_individual | {PATIENT_ID})")
    elif several_visits:
        covariance = (f"(1 | {PATIENT_ID})",)
    return Rung(
        name=name,
        why=why,
        by_visit=(FORMAT, BASELINE),
        covariates=() if name == DESCRIPTIVE else covariates,
        cohort=cohort,
        covariance=covariance,
        residual_by=None if unstructured else arm,
        several_visits=several_visits,
    )


def _full_shortfalls(counts: LadderCounts, visit: str, ladder: Ladder) -> list[str]:
    short = _short_at(counts, visit, ladder.full_patients)
    needed = plural(ladder.full_pairs, "patient")
    for first, second in combinations(range(len(counts.visits)), 2):
        both = f"{counts.visits[first]} and {counts.visits[second]}"
        few = [f for f, seen in counts.pairs.items() if seen[first, second] < ladder.full_pairs]
        short += [f"fewer than {needed} in {f} format with both {both}" for f in few]
    return first_of(short, "further shortfall", SHORTFALLS_SHOWN)


def _pairs(frame: pd.DataFrame, visits: tuple[str, ...]) -> np.ndarray:
    """Patients with both of any two visits (visits, visits)."""
    patients, names = pd.factorize(frame[PATIENT_ID])
    seen = np.zeros((len(names), len(visits)))
    seen[patients, pd.Index(visits).get_indexer(pd.Index(frame[VISIT].astype(str)))] = 1
    return np.asarray(seen.T @ seen)


def _short_at(counts: LadderCounts, visit: str, needed: int) -> list[str]:
    """The formats with fewer patients at a visit than are needed, in words."""
    at = counts.visits.index(visit) if visit in counts.visits else None
    return [
        f"fewer than {plural(needed, 'patient')} in {f} format at {visit}"
        for f, seen in counts.pairs.items()
        if at is None or seen[at, at] < needed
    ]
