"""Draws of covariates that were not recorded, given format, the other covariates and the completed scores.

One step of chained equations: the scores were drawn with expected covariates, then the covariates given these scores,
and then the scores are drawn again with them (van Buuren 2018, chapter 4, doi 10.1201/9780429492259). The regressions
are those of the bootstrap sample that the scores of this imputation come from.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.missing_covariates import FILLED, as_numbers, drawn_columns, incomplete_columns
from kap_analysis.analysis.model.resampling import Sample
from kap_analysis.columns import FORMAT, PATIENT_ID


@dataclass(frozen=True, slots=True)
class UnknownCovariates:
    """The covariates that were not recorded for everybody.

    Attributes
    ----------
    names : tuple of str
    values : array (patients, names)
        NaN where not recorded.
    arm, known : arrays (patients, columns)
        The format, and the other covariates, as numbers.
    """

    names: tuple[str, ...]
    values: np.ndarray
    arm: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, patients: pd.DataFrame, covariates: tuple[str, ...]) -> "UnknownCovariates":
        """Of covariates in which expected values stand where ``<covariate>_not_recorded`` is 1."""
        names = incomplete_columns(patients, covariates)
        filled = patients[[f"{name}{FILLED}" for name in names]].to_numpy(float) == 1
        values = np.where(filled, np.nan, patients[names].to_numpy(float))
        others = [name for name in covariates if name not in names]
        return cls(tuple(names), values, as_numbers(patients, [FORMAT]), as_numbers(patients, others))

    def draw(self, scores: np.ndarray, counts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Recorded values and draws for the others (patients, names).

        Parameters
        ----------
        scores : array (patients, visits)
            Complete.
        counts : array (patients,)
            How often the bootstrap sample has each patient.
        """
        needed = np.column_stack([self.arm, scores])
        noise = generator.standard_normal(self.values.shape)
        known = np.column_stack([needed, self.known])
        return drawn_columns(known, needed.shape[1], self.values, weights=counts, noise=noise)


def times_drawn(patients: pd.DataFrame, long: pd.DataFrame, sample: Sample) -> np.ndarray:
    """How often a sample has each patient (patients,): 0 for those without any score."""
    place = pd.Index(patients[PATIENT_ID]).get_indexer(pd.Index(long[PATIENT_ID]))
    n = len(patients)
    rows = np.bincount(place, minlength=n)
    return np.asarray(np.bincount(place[sample.rows], minlength=n) / np.maximum(rows, 1))
