"""From an outcome frame to the rows that the comparison models, with what was left out and why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kap_analysis.analysis.formats import formats_present
from kap_analysis.analysis.model.covariates import caution_of, prepare_covariates
from kap_analysis.columns import (
    BASELINE,
    BASELINE_VISIT,
    COHORT_ID,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    IS_GROUP,
    MIXED,
    PATIENT_ID,
    PRACTICE,
    SCORE,
    VISIT,
)
from kap_analysis.disclosure.gate import Source, is_open
from kap_analysis.disclosure.policy import MINIMUM_COUNT
from kap_analysis.errors import AnalysisError
from kap_analysis.study.answerable import PATIENTS_PER_VISIT
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.writing.sentences import count, join_words, plural, sentence_case

IN_COHORT, NOT_IN_COHORT = "in a cohort", "not in a cohort"


@dataclass(frozen=True)
class ModelFrame:
    """The rows that a comparison is fitted to.

    Attributes
    ----------
    frame : DataFrame
        Post-baseline rows of the analysed patients. Beside the outcome frame's columns: ``is_individual``,
        ``is_group`` (0/1), ``in_cohort`` (0/1: the patient belongs to a cohort), ``nesting`` (the same in words),
        and the covariates as the model takes them.
    visits : tuple of str
        Visits after baseline that are modelled.
    formats : tuple of str
    covariates : tuple of str
        Columns of `frame`; practice is among them where there are two or more, one of them with both formats.
    notes : tuple of str
        What was done to the data on the way, in sentences.
    covariate_notes : tuple of str
        Those of them that are about covariates.
    """

    frame: pd.DataFrame
    visits: tuple[str, ...]
    formats: tuple[str, ...]
    covariates: tuple[str, ...]
    notes: tuple[str, ...]
    covariate_notes: tuple[str, ...] = ()

    @cached_property
    def patients(self) -> pd.DataFrame:
        """One row per analysed patient."""
        return self.frame.drop_duplicates(PATIENT_ID)

    @property
    def cohort_column(self) -> str:
        """The 0/1 column of the patients whose cohort has an effect.

        With two formats these are the patients in groups, a patient without a recorded cohort being a cohort of one.
        Patients of mixed format may or may not be in a cohort, so membership decides where there are any.
        """
        return "in_cohort" if MIXED in self.formats else IS_GROUP

    @property
    def arm_column(self) -> str:
        """The column whose levels have a covariance each: the format, or with a third arm membership of a cohort."""
        return "nesting" if MIXED in self.formats else FORMAT

    @property
    def has_cohorts(self) -> bool:
        """Whether any patient belongs to a recorded cohort."""
        return bool(self.frame["in_cohort"].any())

    @property
    def caution(self) -> str:
        """That format and practice cannot be told apart, where they cannot; else empty."""
        return caution_of(self.frame)

    @cached_property
    def n_shared_cohorts(self) -> int:
        """Cohorts with two or more analysed patients: without any, clustering within cohorts cannot be estimated."""
        patients = self.patients
        sizes = patients.loc[patients["in_cohort"] == 1, COHORT_ID].value_counts()
        return int((sizes >= 2).sum())


def build_model_frame(
    outcomes: Outcomes, covariates: tuple[str, ...], *, pool_levels_below: int = 10, expected: bool = True
) -> ModelFrame:
    """Choose the analysed patients and rows, and prepare the covariates.

    Patients are analysed if they have a known format, a baseline score and a score after baseline. Levels of a
    category with fewer than `pool_levels_below` patients become "other". A covariate that is not recorded is its
    expected value (see `missing_covariates`), with a note; without ``expected`` a number is the mean, with a 0/1
    indicator column, and a category is a level of its own.

    Raises
    ------
    AnalysisError
        If no patient can be analysed, all patients have the same format, or there are too many practices.
    """
    of_patients = hide_few(outcomes)
    frame, notes = _analysed_rows(outcomes, of_patients)
    visits, visit_notes = _modelled_visits(frame, outcomes)
    frame = frame[frame[VISIT].astype("str").isin(visits)].copy()
    formats = formats_present(frame[FORMAT])
    frame[FORMAT] = pd.Categorical(frame[FORMAT].astype("str"), categories=list(formats))
    frame[VISIT] = pd.Categorical(frame[VISIT].astype("str"), categories=list(visits))
    frame["is_group"] = (frame[FORMAT] == GROUP).astype(float)
    frame["is_individual"] = (frame[FORMAT] == INDIVIDUAL).astype(float)
    cohort = (
        frame[COHORT_ID].astype("object") if COHORT_ID in frame else pd.Series(None, index=frame.index, dtype="object")
    )
    in_cohort = cohort.notna() & (frame[FORMAT] != INDIVIDUAL)
    frame["in_cohort"] = in_cohort.astype(float)
    frame["nesting"] = np.where(in_cohort, IN_COHORT, NOT_IN_COHORT)
    # a group patient without a recorded cohort is a cohort of one; an individual patient has none
    frame[COHORT_ID] = cohort.where(in_cohort, cohort_of_one(frame[PATIENT_ID]))
    wanted = (PRACTICE, *covariates)
    prepared, used, covariate_notes = prepare_covariates(
        frame, wanted, pool_levels_below, of_patients, expected=expected
    )
    return ModelFrame(prepared, visits, formats, used, (*notes, *visit_notes, *covariate_notes), covariate_notes)


def cohort_of_one(patients: pd.Series) -> pd.Series:
    """The label of each patient without a recorded cohort: the patient alone."""
    return "patient " + patients.astype("str")


def hide_few(of: Source) -> Callable[[int], str]:
    """How to write a number of patients: a public study of real patients does not give small numbers."""
    if is_open(of.visibility, of.is_simulated):
        return lambda n: plural(n, "patient")
    return lambda n: plural(n, "patient") if n >= MINIMUM_COUNT else f"fewer than {MINIMUM_COUNT} patients"


def _analysed_rows(outcomes: Outcomes, of_patients: Callable[[int], str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    frame = outcomes.frame
    name = outcomes.instrument.name
    after = frame[(frame[VISIT].astype("str") != BASELINE_VISIT) & frame[SCORE].notna() & frame[VISIT].notna()]
    usable = after[after[FORMAT].notna() & after[BASELINE].notna()]
    if usable.empty:
        raise AnalysisError(
            f"No patient has a format, a {name} baseline and a {name} score after it; "
            "the formats cannot be compared on this instrument."
        )
    formats = usable[FORMAT].astype("str").unique()
    if len(formats) < 2:
        n = usable[PATIENT_ID].nunique()
        who = f"All {count(n)} analysed patients were" if n > 1 else "The one analysed patient was"
        raise AnalysisError(
            f"{who} treated in {formats[0]} format; a comparison needs both formats. "
            "How scores changed in the one format can be told without it."
        )
    notes = []
    lost = after.loc[after[BASELINE].isna(), PATIENT_ID].nunique()
    if lost:
        words = of_patients(lost)
        was = "was" if words == "1 patient" else "were"
        notes.append(f"{sentence_case(words)} with a later score but no baseline {name} {was} not analysed here.")
    return usable, tuple(notes)


def _modelled_visits(frame: pd.DataFrame, outcomes: Outcomes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    counts = pd.crosstab(frame[VISIT].astype("str"), frame[FORMAT].astype("str"))
    enough = counts.index[(counts >= PATIENTS_PER_VISIT).all(axis=1)]
    after = [v for v in outcomes.visits if v != BASELINE_VISIT]
    visits = tuple(v for v in after if v in enough)
    if not visits:
        raise AnalysisError(
            f"No visit has {PATIENTS_PER_VISIT} or more patients of each format with {outcomes.instrument.name}; "
            "the formats cannot be compared."
        )
    dropped = [v for v in after if v in counts.index and v not in visits]
    if not dropped:
        return visits, ()
    return visits, (
        f"Left out of the model, with fewer than {PATIENTS_PER_VISIT} patients in a format: {join_words(dropped)}.",
    )
