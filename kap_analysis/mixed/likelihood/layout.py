"""Everything that the likelihood needs of the data, made once: the batches of subjects and what stands above them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.likelihood.batch import Batch
from kap_analysis.mixed.likelihood.batching import make_batches
from kap_analysis.mixed.likelihood.levels import scaled_bars
from kap_analysis.mixed.likelihood.scaling import AgreedColumns, Scaling
from kap_analysis.mixed.likelihood.subjects import subject_rows
from kap_analysis.mixed.likelihood.upper_effects import Upper


@dataclass(frozen=True)
class Layout:
    """What the likelihood needs of the data; nothing of it changes while a model is fitted.

    Attributes
    ----------
    batches : tuple of Batch
        The subjects.
    upper : Upper or None
        The random effects above them, where there are any.
    low : tuple of int
        Elements that act below an upper group.
    n_elements : int
        Variances and covariances of the model.
    k : int
        Columns of W = [X y].
    n : int
        Rows.
    scaling : Scaling
        The way back to the user's units.
    """

    batches: tuple[Batch, ...]
    upper: Upper | None
    low: tuple[int, ...]
    n_elements: int
    k: int
    n: int
    scaling: Scaling


def make_layout(design: Design, agreed: AgreedColumns | None = None) -> Layout:
    """The layout of a design; in `agreed` columns where it is a part of a set of units."""
    bars, residual = scaled_bars(design, None if agreed is None else agreed.sizes), design.residual
    work = subject_rows(design, bars.levels, bars.n_elements, agreed)
    factor, shift = residual.structure.units(work.scale, len(residual.visits))
    n_strata = len(residual.strata)
    scaling = Scaling(
        work.centre,
        work.r,
        work.scale,
        np.concatenate([*(work.scale**2 / s for s in bars.scales), *[factor] * n_strata]),
        np.concatenate([np.zeros(bars.n_elements), *[shift] * n_strata]),
        0.0 if design.weights is None else float(np.log(design.weights).sum()),
        bars.turns,
    )
    batches, upper = make_batches(work)
    low = tuple(sorted({p for batch in batches if batch.links is not None for p in batch.params}))
    return Layout(batches, upper, low, len(scaling.elements), work.k, len(design.y), scaling)
