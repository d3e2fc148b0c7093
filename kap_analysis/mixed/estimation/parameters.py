"""Which covariance parameters a model has: their names, how they are moved, and what of them the user sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.block import CovarianceBlock, Natural
from kap_analysis.mixed.covariance.symmetric import lower_triangle
from kap_analysis.mixed.covariance.unstructured import NEXT_TO_NOTHING, Unstructured
from kap_analysis.mixed.design.design import Bar, Design
from kap_analysis.mixed.likelihood.scaling import Scaling

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One covariance matrix: of a bar term, or of the residual in one stratum.

    Attributes
    ----------
    text : str
        The term as it stands in the formula.
    stratum : str
        The stratum of a residual covariance, empty for bars and for a common one.
    is_bar : bool
        Whether it may stand on its boundary.
    block : CovarianceBlock
        How the optimiser moves it.
    seen : CovarianceBlock
        In what parameters the user sees it and its information is reported.
    names : tuple of str
        Names of these parameters.
    elements : slice
        Where its elements stand among those of the model.
    size : int
        Rows of the matrix.
    """

    text: str
    stratum: str
    is_bar: bool
    block: CovarianceBlock
    seen: CovarianceBlock
    names: tuple[str, ...]
    elements: slice
    size: int


@dataclass(frozen=True)
class Parameters:
    """All covariance parameters of a model, in the order of their elements."""

    parts: tuple[Part, ...]

    def __iter__(self) -> Iterator[tuple[Part, slice]]:
        at = 0
        for part in self.parts:
            yield part, slice(at, at + part.block.n_parameters)
            at += part.block.n_parameters

    @property
    def n(self) -> int:
        return sum(part.block.n_parameters for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.names)

    def elements(self, phi: Array) -> Array:
        return np.concatenate([part.block.elements(phi[at]) for part, at in self])

    def jacobian(self, phi: Array) -> Array:
        """(elements, parameters)."""
        out = np.zeros((self.parts[-1].elements.stop, self.n))
        for part, at in self:
            out[part.elements, at] = part.block.jacobian(phi[at])
        return out

    def second_derivative(self, phi: Array, slope: Array) -> Array:
        """What the second derivatives of the elements add to a Hessian (parameters, parameters)."""
        out = np.zeros((self.n, self.n))
        for part, at in self:
            out[at, at] = part.block.second_derivative(phi[at], slope[part.elements])
        return out

    def from_elements(self, eta: Array) -> Array:
        return np.concatenate([part.block.parameters(eta[part.elements]) for part in self.parts])

    def on_boundary(self, phi: Array, within: float = NEXT_TO_NOTHING) -> NDArray[np.bool_]:
        """Parameters of bars that stand on the boundary, or so near it."""
        return np.concatenate([part.block.on_boundary(phi[at], within) & part.is_bar for part, at in self])

    def as_seen(self) -> Parameters:
        """The same matrices in the parameters that the user sees."""
        return Parameters(tuple(replace(part, block=part.seen) for part in self.parts))

    def seen_values(self, eta: Array, scaling: Scaling) -> Array:
        """The parameters that the user sees, in the user's units."""
        return self.as_seen().from_elements(scaling.outside(eta))

    def inside(self, seen: Array, scaling: Scaling) -> Array:
        """Elements inside from what the user sees."""
        return scaling.inside(self.as_seen().elements(seen))

    def seen_derivative(self, scaling: Scaling) -> Array:
        """Of what the user sees by the same inside (parameters, parameters); 1 for those that are shifted."""
        out = np.eye(sum(part.seen.n_parameters for part in self.parts))
        turns = {at.start: turn for at, turn in scaling.turns}
        at = 0
        for part in self.parts:
            here = slice(at, at + part.seen.n_parameters)
            at = here.stop
            if isinstance(part.seen, Natural):
                stretched = np.diag(scaling.elements[part.elements])
                out[here, here] = turns[part.elements.start] @ stretched if part.elements.start in turns else stretched
        return out


def make_parameters(design: Design) -> Parameters:
    """The parameters of a design."""
    parts = []
    at = 0
    for bar in design.bars:
        q = bar.z.shape[1]
        n = q * (q + 1) // 2
        parts.append(Part(bar.text, "", True, Unstructured(q), Natural(n), bar_names(bar), slice(at, at + n), q))
        at += n
    structure, visits = design.residual.structure, [str(visit) for visit in design.residual.visits]
    for stratum in map(str, design.residual.strata):
        block, seen = structure.blocks(visits)
        names, size = structure.parameter_names(visits, stratum), structure.size(len(visits))
        where = slice(at, at + block.n_elements)
        parts.append(Part(structure.title, stratum, False, block, seen, names, where, size))
        at += block.n_elements
    return Parameters(tuple(parts))


def bar_names(bar: Bar) -> tuple[str, ...]:
    """`var(month | patient)`, `cov((Intercept), month | patient)`."""
    out = []
    for i, j in lower_triangle(bar.z.shape[1]):
        one, other = bar.names[j], bar.names[i]
        out.append(f"var({one} | {bar.grouping})" if i == j else f"cov({one}, {other} | {bar.grouping})")
    return tuple(out)
