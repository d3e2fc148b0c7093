"""Many data sets on one design, fitted together as far as they go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.coefficients.information import JOINT, usual_information
from kap_analysis.mixed.covariance.block import Natural
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.many.coefficients import METHODS, ManyInference
from kap_analysis.mixed.many.data_sets import DataSets
from kap_analysis.mixed.many.estimates import ManyEstimates
from kap_analysis.mixed.many.solution import minimise_many
from kap_analysis.mixed.many.stack import Template, make_template, stack_rows
from kap_analysis.mixed.many.suitable_rows import suited
from kap_analysis.mixed.many.sums import make_sums

Array = NDArray[np.float64]
Index = NDArray[np.intp]
MOST_NUMBERS = 2_000_000  # of W at a time: 16 MB
MOST_SETS = 250
ROUNDING = 1e-10  # what is left of a response, as a share of its largest number, that is no more than rounding error


def fit_together(
    design: Design, parameters: Parameters, sets: DataSets, rows: Array, *, reml: bool, ddf: str, information: str
) -> ManyEstimates:
    """Numbers of the fits that can be made together; the others are marked as alone, and have none.

    Parameters
    ----------
    design : Design
        Its own response plays no part.
    parameters : Parameters
        Its covariance parameters.
    sets : DataSets
    rows : numpy.ndarray
        (l, p): contrasts.
    reml, ddf, information
        As `fit` takes them.
    """
    p = design.x.shape[1]
    out = ManyEstimates.none(len(sets), p, parameters.n, len(rows))
    out.alone[:] = True
    template = make_template(design)
    movable = not any(part.is_bar and isinstance(part.block, Natural) for part in parameters.parts)
    if not template.can_stack or not movable or ddf not in METHODS:
        return out
    size = int(np.clip(MOST_NUMBERS // (design.y.size * (p + 1)), 1, MOST_SETS))
    fit = _Together(template, parameters, rows, reml, ddf, information)
    ready = np.flatnonzero(np.ones(len(sets), dtype=bool) if sets.are_whole else suited(design, sets))
    for first in range(0, len(ready), size):
        fit.fill(out, ready[first : first + size], sets)
    return out


@dataclass(frozen=True)
class _Together:
    template: Template
    parameters: Parameters
    rows: Array
    reml: bool
    ddf: str
    information: str

    def fill(self, out: ManyEstimates, which: Index, sets: DataSets) -> None:
        """Fit some data sets and write down what was found."""
        if not len(which):
            return
        part = sets.take(which)
        stack = stack_rows(self.template, part.x, part.y)
        left = np.array([scaling.scale for scaling in stack.scalings])
        fine = stack.regular & (left > ROUNDING * largest(part.y))
        if not fine.all():  # columns that say the same, or a response of which no more than rounding error is left
            self.fill(out, which[fine], sets)
            return
        found = minimise_many(make_sums(stack), self.parameters, self.reml)
        if found is None:
            return
        joint = self.information == JOINT
        kind = usual_information(self.template.design) if joint else self.information
        inference = ManyInference(found, kind, joint)
        p, at = part.x.shape[2], which[found.which]
        estimate, error, df = inference.rows(np.vstack([np.eye(p), self.rows]), self.ddf)
        out.beta[at], out.std_error[at] = estimate[:, :p], error[:, :p]
        for whole, own in zip(out.contrasts, (estimate, error, df), strict=True):
            whole[at] = own[:, p:]
        out.criterion[at], out.theta[at] = found.criterion.value, inference.theta
        out.singular[at] = found.on_boundary.any(axis=1)
        out.converged[at] = found.decrement < 1e-6
        out.alone[at] = False


def largest(y: Array) -> Array:
    """The largest number of each data set (d,), missing ones left aside."""
    return np.nanmax(np.abs(y), axis=1)
