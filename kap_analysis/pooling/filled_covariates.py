"""Covariates that were not recorded, in practices that do not pool rows: expected values by regressions from sums.

The regressions are those of `analysis/model/missing_covariates`: patients who lack the same covariates have one of
their own for each of them, among all patients who have it and what is known of these. Its slopes and its means follow
from totals. The level of a practice stays in the practice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.missing_covariates import (
    EVERYTHING,
    FEW,
    KNOWN,
    MEAN,
    RegressionSums,
    as_numbers,
    predictors,
)
from kap_analysis.columns import BASELINE, FORMAT
from kap_analysis.errors import AnalysisError
from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.writing.names import readable
from kap_analysis.writing.sentences import join_words, plural

#: What regression leaves of a column that the others tell, as a share.
NOTHING_LEFT = 1e-8


@dataclass(frozen=True)
class Regression:
    """What those who lack certain covariates have in place of one of them.

    Attributes
    ----------
    of : str
        The covariate.
    lacking : tuple of str
        All covariates that these patients lack.
    kind : str
        What predicts it, as `missing_covariates.predictors` says.
    means : tuple of float
        Of the predictors and the covariate's columns, which are last, over all practices; empty before the sums.
    slopes : tuple of tuple of float
        Of each predictor (rows) for each column.
    """

    of: str
    lacking: tuple[str, ...]
    kind: str
    means: tuple[float, ...] = ()
    slopes: tuple[tuple[float, ...], ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether its means and slopes are."""
        return bool(self.means)


def regression_of_dict(found: Mapping[str, Any]) -> Regression:
    """The regression from a request."""
    lacking, slopes = tuple(found["lacking"]), tuple(tuple(row) for row in found["slopes"])
    return Regression(found["of"], lacking, found["kind"], tuple(found["means"]), slopes)


@dataclass(frozen=True)
class KnownOfPatients:
    """One practice's patients as the regressions take them.

    Attributes
    ----------
    known : numpy.ndarray
        (patients, columns): baseline and format first, `few` of them, and the covariates that all practices recorded.
    few : int
    values : dict
        Of each covariate that was not recorded for everybody: its columns (patients, columns), NaN where it was not.
    """

    known: np.ndarray
    few: int
    values: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls, people: pd.DataFrame, formats: tuple[str, ...], others: pd.DataFrame, values: Mapping[str, np.ndarray]
    ) -> "KnownOfPatients":
        """From baseline, format, and the covariates that everybody has, categories as such."""
        needed = people[[BASELINE]].astype(float).assign(**{FORMAT: pd.Categorical(people[FORMAT], list(formats))})
        first = as_numbers(needed, [FORMAT, BASELINE])
        return cls(np.column_stack([first, as_numbers(others, list(others.columns))]), first.shape[1], values)

    def predicting(self, one: Regression) -> np.ndarray:
        """The predictors (patients, columns) of a regression."""
        told = [values for name, values in self.values.items() if name not in one.lacking]
        every = np.column_stack([self.known, *told]) if one.kind == EVERYTHING else self.known
        return every[:, : {FEW: self.few, MEAN: 0}.get(one.kind, every.shape[1])]

    def counted(self, one: Regression) -> np.ndarray:
        """Predictors and columns of the patients who have them all (patients, columns)."""
        both = np.column_stack([self.predicting(one), self.values[one.of]])
        return np.asarray(both[~np.isnan(both).any(axis=1)])

    def sums(self, one: Regression, smallest: int, practice: str) -> np.ndarray:
        """What this practice adds to a regression, as one row.

        Raises
        ------
        AnalysisError
            When so few patients count that their values could be worked out; a practice where none counts adds 0.
        """
        counted = self.counted(one)
        n, columns = counted.shape
        if 0 < n < max(smallest, columns + 1):
            rest = [name for name in self.values if name not in one.lacking]
            told = join_words([readable(name) for name in (one.of, *rest)]) if rest else readable(one.of)
            raise AnalysisError(
                f"Practice {practice} has recorded {told} of {plural(n, 'patient')}; sums over so "
                f"few could be solved for their values. At least {max(smallest, columns + 1)} are needed, or none; or "
                f"ask the coordinator for a plan without {readable(one.of)}."
            )
        own = RegressionSums.of(counted) if _has_levels(one) else RegressionSums(n, counted.sum(0), counted.T @ counted)
        return np.concatenate([[float(own.n)], own.total, own.within[np.tril_indices(columns)]])

    def fill(self, one: Regression, filled: Mapping[str, np.ndarray]) -> None:
        """Put expected values in `filled` where patients lack what this regression is for."""
        lacks = {name: np.isnan(values[:, 0]) for name, values in self.values.items()}
        here = np.all([lack == (name in one.lacking) for name, lack in lacks.items()], axis=0)
        x, counted = self.predicting(one)[here], self.counted(one)
        means = counted.mean(axis=0) if _has_levels(one) and len(counted) else np.array(one.means)
        slopes = np.array(one.slopes).reshape(x.shape[1], -1 if x.shape[1] else len(means))
        filled[one.of][here] = means[x.shape[1] :] + (x - means[: x.shape[1]]) @ slopes


def _has_levels(one: Regression) -> bool:
    """Whether every practice has a level of its own."""
    return one.kind in (EVERYTHING, KNOWN)


def needed_regressions(
    lacking: Mapping[tuple[str, ...], float], columns: Mapping[str, Mapping[str, float]], known: int, few: int, n: int
) -> tuple[Regression, ...]:
    """The regressions that the patients of all practices need, before their sums; means are known from the counts.

    Parameters
    ----------
    lacking : mapping
        Patients who lack exactly these covariates.
    columns : mapping
        Of each covariate that was not recorded for everybody: its columns with their means.
    known, few : int
        Columns that are known of everybody, and those of format and baseline.
    n : int
        Practices.
    """

    def have(*names: str) -> int:
        return round(sum(count for gone, count in lacking.items() if not set(names) & set(gone)))

    found = []
    for gone, count in lacking.items():
        told = [name for name in columns if name not in gone]
        for name in gone if count else ():
            sizes = known + sum(len(columns[one]) for one in told), known, few
            kind = predictors(have(name, *told), have(name), sizes, n)
            found.append(Regression(name, gone, kind, tuple(columns[name].values()) if kind == MEAN else ()))
    return tuple(found)


def width(one: Regression, columns: Mapping[str, Mapping[str, float]], known: int, few: int) -> int:
    """Predictors and columns of a regression together."""
    told = sum(len(own) for name, own in columns.items() if name not in one.lacking)
    return {EVERYTHING: known + told, KNOWN: known, FEW: few, MEAN: 0}[one.kind] + len(columns[one.of])


def solved(one: Regression, sums: np.ndarray, responses: int) -> tuple[Regression, bool]:
    """The regression with its means and slopes, and whether the predictors tell a column but for rounding."""
    k = int(np.sqrt(2 * len(sums) + 0.25) - 1.5)
    n, total, lower = sums[0], sums[1 : k + 1], sums[k + 1 :]
    within = matrix_of(lower, k)
    if not _has_levels(one):
        within = within - np.outer(total, total) / n
    slopes = RegressionSums(round(n), total, within).slopes(responses)
    p = k - responses
    spread = np.diag(within)[p:]
    left = spread - np.sum(slopes * within[:p, p:], axis=0)
    done = replace(one, means=tuple((total / n).tolist()), slopes=tuple(tuple(row) for row in slopes.tolist()))
    return done, bool((left <= NOTHING_LEFT * np.maximum(spread, 1e-300)).any())
