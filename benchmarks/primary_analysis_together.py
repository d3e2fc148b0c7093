"""Every candidate on many draws at once: draws of one rung of the ladder share the rows of one design.

A draw takes as many rows as it has scores; the columns of X are its own. Both covariance models are fitted by the
engine's `many/`, Newton step by Newton step for all draws; joint information reads the same fit in another way. Draws
that cannot be settled so (a boundary that may be a saddle, counts that allow less than the compound model) go to
`analyse_candidates` one by one, so that the numbers are those of the primary analysis whatever the way.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from primary_analysis_arrays import Patients
from primary_analysis_candidates import PLAN_MODEL, Found

from kap_analysis.analysis.model.ladder import COMPOUND, FULL, build_rung
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.many.coefficients import ManyInference
from kap_analysis.mixed.many.data_sets import DataSets
from kap_analysis.mixed.many.solution import ManySolutions, minimise_many
from kap_analysis.mixed.many.stack import Template, make_template, stack_rows
from kap_analysis.mixed.many.suitable_rows import suited
from kap_analysis.mixed.many.sums import make_sums
from kap_analysis.mixed.model import mixedlm
from kap_analysis.planning.drawn_study import DrawnStudy

Array = NDArray[np.float64]
CERTIFIED = 1e-6  # the decrement below which a fit has converged, as in `MixedResults.converged`
METHOD = "kenward-roger"


def analyse_together(drawn: Sequence[Patients | None], plan: Plan, visits: tuple[str, ...]) -> list[dict | None]:
    """Every candidate on each draw; None where the draw must go to the primary analysis itself."""
    out: list[dict | None] = [None] * len(drawn)
    alike = defaultdict(list)
    for at, one in enumerate(drawn):
        rung = None if one is None else one.rung(plan, visits)
        if one is not None and rung in (FULL, COMPOUND):
            alike[rung, one.covariates.shape[1]].append(at)
    for (rung, _), which in alike.items():
        for at, found in zip(which, _of_one_rung([drawn[at] for at in which], rung, plan, visits), strict=True):
            out[at] = found
    return out


def _of_one_rung(drawn: list[Patients], rung: str, plan: Plan, visits: tuple[str, ...]) -> list[dict | None]:
    """Draws of one rung whose designs have equally many columns."""
    slots = Slots.of(drawn)
    sets = slots.data_sets(drawn)
    row = np.zeros(sets.x.shape[2])
    row[len(visits) + visits.index(plan.visit)] = 1.0  # see `Slots.data_sets`
    plain = _Fits.of(*slots.model(rung, visits, slope=False), sets, row)
    sloped = _Fits.of(*slots.model(rung, visits, slope=True), sets, row)
    out: list[dict | None] = []
    for d, one in enumerate(drawn):
        if d not in plain.place or d not in sloped.place:
            out.append(None)
            continue
        mine = plain.found(d, rung == FULL)
        fewer = min(mine["plain"].df, len(one.sizes) - 1)
        both = sloped.found(d, rung == FULL)
        of = {PLAN_MODEL: mine["plain"], "slope": both["plain"], "joint": mine["joint"], "both": both["joint"]}
        out.append({**of, "few df": mine["plain"]._replace(df=float(fewer))})
    return out


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

    def model(self, rung: str, visits: tuple[str, ...], *, slope: bool) -> tuple[Template, Parameters]:
        return _model(self, rung, visits, slope)


@cache
def _model(slots: Slots, rung: str, visits: tuple[str, ...], slope: bool) -> tuple[Template, Parameters]:
    """The rung's model, or that with a cohort slope, on all places; its scores and its X play no part."""
    cohort = slots.cohort
    noise = np.random.default_rng(0).standard_normal((len(cohort), 1 + len(visits)))
    study = DrawnStudy(visits, cohort, noise[:, 0], noise[:, 1:], np.ones((len(cohort), len(visits)), bool))
    frame, terms = study.model_frame.frame, build_rung(study.model_frame, rung)
    effect = f"{terms.cohort} + steps" if slope else terms.cohort
    formula = terms.formula.replace(f"(0 + {terms.cohort} |", f"(0 + {effect} |", 1)
    steps = frame["visit"].cat.codes * frame[terms.cohort]
    model = mixedlm(formula, frame.assign(steps=steps), residual_by=terms.residual_by)
    return make_template(model.design), model.parameters


@dataclass(frozen=True)
class _Fits:
    """One covariance model on those of many draws that could be fitted together."""

    place: dict[int, int]
    solutions: ManySolutions
    read: dict[str, tuple[Array, Array, Array]]

    @classmethod
    def of(cls, template: Template, parameters: Parameters, sets: DataSets, row: Array) -> "_Fits":
        ready = np.flatnonzero(suited(template.design, sets))
        part = sets.take(ready)
        stack = stack_rows(template, part.x, part.y)
        if not stack.regular.all():
            ready = ready[stack.regular]
            part = sets.take(ready)
            stack = stack_rows(template, part.x, part.y)
        found = minimise_many(make_sums(stack), parameters, reml=True)
        read = {
            kind: ManyInference(found, "expected", joint=kind == "joint").rows(row[None], METHOD)
            for kind in ("plain", "joint")
        }
        place = {int(ready[w]): at for at, w in enumerate(found.which) if found.decrement[at] < CERTIFIED}
        return cls(place, found, read)

    def found(self, d: int, full: bool) -> dict[str, Found]:
        """Of one draw, by kind of information."""
        at = self.place[d]
        boundary = bool(self.solutions.on_boundary[at].any())
        return {
            kind: Found(*(float(numbers[at, 0]) for numbers in of), full, boundary, False)
            for kind, of in self.read.items()
        }
