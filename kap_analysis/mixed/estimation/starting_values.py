"""Where the search for the covariance parameters begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.likelihood.layout import Layout

Array = NDArray[np.float64]


def starting_elements(layout: Layout, parameters: Parameters, bar_share: float = 0.5) -> Array:
    """Elements to begin with, the variance of the residuals of least squares being 1.

    Bars share `bar_share` of the variance; a residual covariance takes the rest, shaped like the products of least-
    squares residuals of each pair of visits.
    """
    bars = [part for part in parameters.parts if part.is_bar]
    rest = 1.0 - bar_share if bars else 1.0
    eta = np.zeros(layout.n_elements)
    for part in parameters.parts:
        if part.is_bar:
            rows, columns = np.tril_indices(part.size)
            eta[part.elements] = np.where(rows == columns, bar_share / len(bars), 0.0)
        elif not part.block.linear:
            eta[part.elements] = [np.log(rest), np.log(_typical_gap(layout, part.elements))]
        elif part.size == 1:
            eta[part.elements] = rest
        else:
            eta[part.elements] = rest * _products(layout, part.elements, part.size)[np.tril_indices(part.size)]
    return eta


def _products(layout: Layout, elements: slice, size: int) -> Array:
    """Mean products of least-squares residuals by pair of visits, made positive definite."""
    total, counts = np.zeros((size, size)), np.zeros((size, size))
    for batch in layout.batches:
        if isinstance(batch, DenseBatch) and batch.params[-1] == elements.stop - 1:
            left = batch.d[:, :, -1]
            mask = batch.mask[batch.pattern]
            total += left.T @ left
            counts += mask.T @ mask
    if not counts.any():
        return np.eye(size)
    variances = np.diag(total) / np.maximum(np.diag(counts), 1)
    variances = np.where(variances > 0, variances, 1.0)
    root = np.sqrt(variances)
    correlation = np.divide(total, counts, out=np.zeros_like(total), where=counts > 0) / np.outer(root, root)
    np.fill_diagonal(correlation, 1.0)
    lowest = np.linalg.eigvalsh(correlation)[0]
    if lowest < 0.1:
        share = min(1.0, (0.1 - lowest) / (1.0 - lowest))
        correlation = (1 - share) * correlation + share * np.eye(size)
    return correlation * np.outer(root, root)


def _typical_gap(layout: Layout, elements: slice) -> float:
    """The median time between neighbouring rows of a subject."""
    gaps = []
    for batch in layout.batches:
        if isinstance(batch, DenseBatch) and batch.times is not None and batch.params[-1] == elements.stop - 1:
            apart = np.abs(np.diff(batch.times, axis=1))[(batch.mask[:, 1:] * batch.mask[:, :-1]) > 0]
            gaps.append(apart[apart > 0])
    known = np.concatenate(gaps) if gaps else np.empty(0)
    return float(np.median(known)) if len(known) else 1.0
