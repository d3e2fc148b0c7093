"""Draws of a simulation as arrays, and one model on many of them at once.

A draw takes as many rows as it has scores; the columns of X are its own. The engine's `many/` goes Newton step by
Newton step for all draws. What it cannot settle so (a boundary that may be a saddle) is named, and is fitted by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.analysis.model.ladder import LadderCounts, name_rung
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.columns import GROUP, INDIVIDUAL
from kap_analysis.mixed.coefficients.information import usual_information
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.many.coefficients import ManyInference
from kap_analysis.mixed.many.data_sets import DataSets
from kap_analysis.mixed.many.solution import ManySolutions, minimise_many
from kap_analysis.mixed.many.stack import Template, stack_rows
from kap_analysis.mixed.many.suitable_rows import suited
from kap_analysis.mixed.many.sums import make_sums
from kap_analysis.study.answerable import PATIENTS_PER_VISIT

Array = NDArray[np.float64]
CERTIFIED = 1e-6  # the decrement below which a fit has converged, as in `MixedResults.converged`


@dataclass(frozen=True)
class Patients:
    """The analysed patients of one draw.

    Attributes
    ----------
    cohort : numpy.ndarray
        (n,): from 0 on, -1 in individual format.
    baseline : numpy.ndarray
        (n,): points.
    score : numpy.ndarray
        (n, visits): points, missing where there is none.
    covariates : numpy.ndarray
        (n, q): numbers, and 0/1 columns of all levels of a category but one.
    """

    cohort: NDArray[np.intp]
    baseline: Array
    score: Array
    covariates: Array

    @property
    def is_group(self) -> NDArray[np.bool_]:
        return self.cohort >= 0

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Patients of each cohort."""
        return np.bincount(self.cohort[self.is_group])

    def rung(self, plan: Plan, visits: Sequence[str]) -> str | None:
        """The model of the ladder that the counts allow; None where a visit has too few patients to be modelled."""
        seen = (~np.isnan(self.score)).astype(float)
        pairs = {f: seen[of].T @ seen[of] for f, of in ((GROUP, self.is_group), (INDIVIDUAL, ~self.is_group))}
        if min(together.diagonal().min() for together in pairs.values()) < PATIENTS_PER_VISIT:
            return None
        counts = LadderCounts(tuple(visits), pairs, int(np.count_nonzero(self.sizes >= 2)))
        return name_rung(counts, plan.visit, plan.ladder)[0]


@dataclass(frozen=True)
class Slots:
    """Places for the patients of any of some draws: the largest cohorts first, then individual format."""

    cohorts: tuple[int, ...]
    individual: int

    @classmethod
    def of(cls, drawn: Sequence[Patients]) -> "Slots":
        """As many as the largest of each needs."""
        sizes = np.zeros((len(drawn), max(len(one.sizes) for one in drawn)), int)
        for d, one in enumerate(drawn):
            sizes[d, : len(one.sizes)] = np.sort(one.sizes)[::-1]
        return cls(tuple(sizes.max(axis=0).tolist()), max(int((~one.is_group).sum()) for one in drawn))

    @property
    def cohort(self) -> NDArray[np.intp]:
        """The cohort of each place, -1 in individual format."""
        return np.concatenate([np.repeat(np.arange(len(self.cohorts)), self.cohorts), np.full(self.individual, -1)])

    def places(self, one: Patients) -> NDArray[np.intp]:
        """The place of each patient of a draw."""
        starts = np.cumsum((0, *self.cohorts))
        rank = np.empty(len(one.sizes), int)
        rank[np.argsort(-one.sizes, kind="stable")] = np.arange(len(one.sizes))
        order = np.argsort(np.where(one.is_group, one.cohort, len(one.sizes)), kind="stable")
        sizes = np.append(one.sizes, (~one.is_group).sum())
        within = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        first = np.append(starts[rank], starts[-1])
        out = np.empty(len(order), int)
        out[order] = np.repeat(first, sizes) + within
        return out

    def data_sets(self, drawn: Sequence[Patients]) -> DataSets:
        """Scores (draws, places by visits), and X with visit, format and baseline by visit and the covariates."""
        d, n, v = len(drawn), len(self.cohort), drawn[0].score.shape[1]
        q = drawn[0].covariates.shape[1]
        y, x = np.full((d, n, v), np.nan), np.zeros((d, n, v, 3 * v + q))
        by_visit = np.arange(v)
        for at, one in enumerate(drawn):
            place = self.places(one)
            y[at, place] = one.score
            own = np.zeros((len(place), v, 3 * v + q))
            own[:, by_visit, by_visit] = 1.0
            own[:, by_visit, v + by_visit] = one.is_group[:, None]
            own[:, by_visit, 2 * v + by_visit] = one.baseline[:, None]
            own[:, :, 3 * v :] = one.covariates[:, None]
            x[at, place] = own
        return DataSets(y.reshape(d, -1), x.reshape(d, n * v, -1))


@dataclass(frozen=True)
class Fits:
    """One model on those of many draws that could be fitted together.

    Attributes
    ----------
    place : dict
        Of each of these draws, its place in the solutions.
    information : {"expected", "observed"}
        As one fit of the model takes it.
    """

    place: dict[int, int]
    solutions: ManySolutions
    information: str

    @classmethod
    def of(cls, template: Template, parameters: Parameters, sets: DataSets) -> "Fits":
        ready = np.flatnonzero(suited(template.design, sets))
        part = sets.take(ready)
        stack = stack_rows(template, part.x, part.y)
        if not stack.regular.all():
            ready = ready[stack.regular]
            part = sets.take(ready)
            stack = stack_rows(template, part.x, part.y)
        found = minimise_many(make_sums(stack), parameters, reml=True)
        place = {int(ready[w]): at for at, w in enumerate(found.which) if found.decrement[at] < CERTIFIED}
        return cls(place, found, usual_information(template.design))

    def read(self, row: Array, method: str, *, joint: bool = False) -> Array:
        """Estimate, standard error and df of one contrast (f, 3), by place."""
        found = ManyInference(self.solutions, self.information, joint=joint).rows(row[None], method)
        return np.column_stack([numbers[:, 0] for numbers in found])

    def is_on_boundary(self, d: int) -> bool:
        return bool(self.solutions.on_boundary[self.place[d]].any())

    def theta(self, d: int) -> dict[str, float]:
        """Covariance parameters of one draw by their names, as a fit can start from them."""
        names = self.solutions.parameters.as_seen().names
        return dict(
            zip(names, ManyInference(self.solutions, self.information).theta[self.place[d]].tolist(), strict=True)
        )
