"""What is counted before the model is chosen: patients by format and visits, levels of covariates, sums of numbers.

The words of a category come from the closed lists of the data dictionary. So every practice counts the same words, and
none says which of them occur in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.trajectories import KNOT, NEAR_KNOT
from kap_analysis.analysis.formats import NOT_RECORDED, recorded_words
from kap_analysis.columns import BASELINE, COHORT_ID, FORMAT, FORMATS, INDIVIDUAL, MONTH, PATIENT_ID, SCORE, VISIT
from kap_analysis.disclosure.policy import TOTAL_LEVEL
from kap_analysis.errors import AnalysisError, quoted
from kap_analysis.pooling.masks import bits_below
from kap_analysis.pooling.pooling_plan import PRIMARY, PoolingPlan
from kap_analysis.study.contract.dictionary import TABLES

#: Each doubles the numbers that say which covariates a patient lacks.
MOST_COVARIATES = 10
#: Patients whose number, age or score is unheard of: the bound of a practice's counts.
MOST_COUNTED = 2.0**42
#: Of a number: how many were recorded, how many not, the sum, the sum of squares.
OF_NUMBER = 4


def listed_words(name: str) -> tuple[str, ...]:
    """The closed list of a covariate, "not recorded" last; none for a number.

    Raises
    ------
    AnalysisError
        For a covariate without one: its words would have to be sent.
    """
    column = TABLES["diagnoses"].columns["diagnosis"] if name == "primary_diagnosis" else None
    column = column or TABLES["patients"].columns.get(name)
    if column is not None and column.is_number:
        return ()
    if column is not None and column.type == "yes_no":
        return ("no", "yes", "True", "False", NOT_RECORDED)
    if column is None or not column.level_names:
        raise AnalysisError(
            f"The covariate {name} has no closed list of words, so that practices would have to send theirs. "
            "Leave it out of the plan, or record it as a number."
        )
    return (*column.level_names, NOT_RECORDED)


@dataclass(frozen=True)
class Counts:
    """The counts of one practice, or of all.

    Attributes
    ----------
    patients, rows, shared_cohorts, in_cohort : float
        Patients and rows that can be modelled, cohorts with two or more of these patients, patients in a cohort.
    squares : float
        The largest sum of squares among scores, baselines and months: how large later sums can be.
    formats : numpy.ndarray
        (3,): patients of each format.
    pairs : numpy.ndarray
        (3, v, v): patients of each format with a score at both visits.
    months : numpy.ndarray
        (2,): rows after month 0, and those of them by the knot of the growth model.
    words : dict
        Of each category: patients with each word of its list.
    numbers : dict
        Of each number: recorded, not recorded, sum, sum of squares.
    lacking : numpy.ndarray
        (2^covariates,): patients by the covariates that were not recorded of them; that of the plan's first one adds 1
        to the place, of the second 2, of the third 4.
    """

    patients: float
    rows: float
    shared_cohorts: float
    in_cohort: float
    squares: float
    formats: np.ndarray
    pairs: np.ndarray
    months: np.ndarray
    words: dict[str, np.ndarray]
    numbers: dict[str, np.ndarray]
    lacking: np.ndarray

    def to_numbers(self) -> np.ndarray:
        """As one row."""
        single = [self.patients, self.rows, self.shared_cohorts, self.in_cohort, self.squares]
        parts = [self.formats, self.pairs.ravel(), self.months, *self.words.values(), *self.numbers.values()]
        return np.concatenate([single, *parts, self.lacking])

    def patterns(self, names: Sequence[str], known: Sequence[str]) -> dict[tuple[str, ...], float]:
        """Patients who lack exactly these of the names, which are some of the covariates `known`."""
        found: dict[tuple[str, ...], float] = {}
        for at in np.flatnonzero(self.lacking):
            gone = tuple(name for name in names if at >> known.index(name) & 1)
            found[gone] = found.get(gone, 0.0) + float(self.lacking[at])
        return found


@dataclass(frozen=True)
class PooledPatients:
    """The patients of all practices as the gate asks after them, where one of their studies is a public one.

    Attributes
    ----------
    counts : Counts
        The totals.
    plan : PoolingPlan
    """

    counts: Counts
    plan: PoolingPlan
    visibility: str = "public"
    is_simulated: bool = False

    def populations(self) -> pd.DataFrame:
        """Those who are analysed, and of them those assessed at each visit, by format: as `decide` takes them."""
        found = [("analysed", "", self.counts.formats)]
        if self.plan.question == PRIMARY:
            at = np.diagonal(self.counts.pairs, axis1=1, axis2=2).T
            order = sorted(range(len(self.plan.visits)), key=lambda v: self.plan.visits[v] != self.plan.plan.visit)
            found += [(f"assessed at {self.plan.visits[v]}", "analysed", at[v]) for v in order]
        rows = [
            (name, inside, one, int(n))
            for name, inside, numbers in found
            for one, n in [(TOTAL_LEVEL, numbers.sum()), *zip(FORMATS, numbers, strict=True)]
        ]
        return pd.DataFrame(rows, columns=["population", "inside", FORMAT, "n"])


def counts_of_numbers(plan: PoolingPlan, values: np.ndarray) -> Counts:
    """The counts from their row.

    Raises
    ------
    AnalysisError
        When the patients of the formats are not all patients: then the masks did not cancel.
    """
    v = len(plan.visits)
    lists = {name: listed_words(name) for name in covariates(plan)}
    ordered = sorted(lists, key=lambda name: not lists[name])  # categories first
    sizes = [5, 3, 3 * v * v, 2, *(len(lists[name]) or OF_NUMBER for name in ordered)]
    single, formats, pairs, months, *rest, lacking = np.split(values, np.cumsum(sizes))
    if single[0] < 0 or formats.min() < 0 or formats.sum() != single[0]:
        raise AnalysisError(
            "The totals of round 2 are no counts, so an answer was altered or made by somebody else, or a key was "
            "exchanged on its way. Ask every practice to answer round 2 anew and take these answers in: the same rows "
            "give the same answer, so one that differs from what is here is named. If none does, compare the keys by "
            "telephone, and begin a new exchange."
        )
    own = dict(zip(ordered, rest, strict=True))
    patients, n_rows, shared, in_cohort, squares = (float(one) for one in single)
    return Counts(
        patients,
        n_rows,
        shared,
        in_cohort,
        squares,
        formats,
        pairs.reshape(3, v, v),
        months,
        {name: part for name, part in own.items() if lists[name]},
        {name: part for name, part in own.items() if not lists[name]},
        lacking,
    )


def length_of_counts(plan: PoolingPlan) -> int:
    """Numbers in a row of counts."""
    v = len(plan.visits)
    names = covariates(plan)
    return 10 + 3 * v * v + sum(len(listed_words(name)) or OF_NUMBER for name in names) + 2 ** len(names)


def counts_asked(plan: PoolingPlan, keys: Mapping[str, str], rows: Mapping[str, str]) -> dict[str, Any]:
    """What the request for the counts holds, with the keys and the fingerprints of rows of the first answers."""
    return {"keys": dict(keys), "rows": dict(rows), "length": length_of_counts(plan), "bits": bits_below(MOST_COUNTED)}


def covariates(plan: PoolingPlan) -> tuple[str, ...]:
    """Those that the question takes, each once; the practice is none of them.

    Raises
    ------
    AnalysisError
        When there are more than can be counted together.
    """
    names = tuple(dict.fromkeys(plan.plan.covariates)) if plan.question == PRIMARY else ()
    if len(names) > MOST_COVARIATES:
        raise AnalysisError(
            f"The plan names {len(names)} covariates; practices that do not pool rows can adjust for at most "
            f"{MOST_COVARIATES}. Shorten the plan."
        )
    return names


def count_rows(rows: pd.DataFrame, plan: PoolingPlan) -> Counts:
    """The counts of one practice.

    Raises
    ------
    AnalysisError
        When a covariate holds words that are not in its list.
    """
    patients = rows.drop_duplicates(PATIENT_ID)
    words = patients[FORMAT].astype("str")
    v = len(plan.visits)
    pairs = np.zeros((3, v, v))
    if plan.question == PRIMARY:
        for at, name in enumerate(FORMATS):
            own = rows[(rows[FORMAT].astype("str") == name).to_numpy()]
            attended = pd.crosstab(own[PATIENT_ID].astype("object"), own[VISIT].astype("str"))
            seen = attended.reindex(columns=list(plan.visits), fill_value=0).to_numpy(float)
            pairs[at] = seen.T @ seen
    month = rows[MONTH].astype(float) if MONTH in rows else pd.Series(0.0, rows.index)
    nested = patients.loc[words != INDIVIDUAL]
    sizes = nested[COHORT_ID].value_counts() if COHORT_ID in nested else pd.Series(dtype=int)
    lists = {name: listed_words(name) for name in covariates(plan)}
    columns = [rows[name].astype(float) for name in (SCORE, BASELINE) if name in rows] + [month]
    return Counts(
        patients=float(len(patients)),
        rows=float(len(rows)),
        shared_cohorts=float((sizes >= 2).sum()),
        in_cohort=float(sizes.sum()),
        squares=max(float((column**2).sum()) for column in columns),
        formats=np.array([float((words == name).sum()) for name in FORMATS]),
        pairs=pairs,
        months=np.array([float((month > 0).sum()), float(((month > 0) & (month <= KNOT + NEAR_KNOT)).sum())]),
        words={name: _words(patients, name, found) for name, found in lists.items() if found},
        numbers={name: _number(patients, name) for name, found in lists.items() if not found},
        lacking=_lacking(patients, tuple(lists)),
    )


def _lacking(patients: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    place = np.zeros(len(patients), dtype=int)
    for at, name in enumerate(names):
        place += (patients[name].isna().to_numpy() if name in patients else 1) * 2**at
    return np.bincount(place, minlength=2 ** len(names)).astype(float)


def _words(patients: pd.DataFrame, name: str, known: tuple[str, ...]) -> np.ndarray:
    if name not in patients:
        return np.zeros(len(known))
    counts = recorded_words(patients[name]).value_counts()
    strange = [word for word in counts.index if word not in known]
    if strange:
        raise AnalysisError(
            f"The covariate {name} holds {quoted(strange[0])}, which is not in its list: {', '.join(known)}. "
            "Correct it, or leave the covariate out of the plan."
        )
    return counts.reindex(list(known), fill_value=0).to_numpy(float)


def _number(patients: pd.DataFrame, name: str) -> np.ndarray:
    values = patients[name].astype(float) if name in patients else pd.Series(np.nan, patients.index)
    have = values.dropna()
    return np.array([len(have), len(values) - len(have), have.sum(), (have**2).sum()], dtype=float)
