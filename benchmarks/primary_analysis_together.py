"""Every candidate on many draws at once: draws of one rung of the ladder share the rows of one design.

Both covariance models are fitted to many draws together; joint information reads the same fit in another way. Draws
that cannot be settled so (a boundary that may be a saddle, counts that allow less than the compound model) go to
`analyse_candidates` one by one, so that the numbers are those of the primary analysis whatever the way.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from draws_together import Fits, Patients, Slots
from numpy.typing import NDArray
from primary_analysis_candidates import PLAN_MODEL, Found

from kap_analysis.analysis.model.ladder import COMPOUND, FULL, build_rung
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.many.data_sets import DataSets
from kap_analysis.mixed.many.stack import Template, make_template
from kap_analysis.mixed.model import mixedlm
from kap_analysis.planning.drawn_study import DrawnStudy

Array = NDArray[np.float64]
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
    plain = _Candidates.of(*_model(slots, rung, visits, False), sets, row)
    sloped = _Candidates.of(*_model(slots, rung, visits, True), sets, row)
    out: list[dict | None] = []
    for d, one in enumerate(drawn):
        if d not in plain.fits.place or d not in sloped.fits.place:
            out.append(None)
            continue
        mine = plain.found(d, rung == FULL)
        fewer = min(mine["plain"].df, len(one.sizes) - 1)
        both = sloped.found(d, rung == FULL)
        of = {PLAN_MODEL: mine["plain"], "slope": both["plain"], "joint": mine["joint"], "both": both["joint"]}
        out.append({**of, "few df": mine["plain"]._replace(df=float(fewer))})
    return out


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
class _Candidates:
    """One covariance model on many draws, read in two ways."""

    fits: Fits
    numbers: dict[str, Array]

    @classmethod
    def of(cls, template: Template, parameters: Parameters, sets: DataSets, row: Array) -> "_Candidates":
        fits = Fits.of(template, parameters, sets)
        return cls(fits, {kind: fits.read(row, METHOD, joint=kind == "joint") for kind in ("plain", "joint")})

    def found(self, d: int, full: bool) -> dict[str, Found]:
        """Of one draw, by kind of information."""
        at, boundary = self.fits.place[d], self.fits.is_on_boundary(d)
        return {kind: Found(*map(float, numbers[at]), full, boundary, False) for kind, numbers in self.numbers.items()}
