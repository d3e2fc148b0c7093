"""Where the search for the covariance parameters begins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.symmetric import lower_indices
from kap_analysis.mixed.estimation.parameters import Parameters, Part
from kap_analysis.mixed.likelihood.dense import DenseBatch
from kap_analysis.mixed.likelihood.layout import Layout

Array = NDArray[np.float64]
#: Share of the variance of least squares below which the residuals of a visit are rounding: the mean fits each.
ROUNDING = 1e-12


def bar_shares(parameters: Parameters) -> tuple[float, ...]:
    """Shares of the variance that all bars together begin with, in the order in which they are tried.

    A residual covariance over visits begins with the products of least-squares residuals, in which all that rows of
    a subject share is counted, so that little is left for the bars.
    """
    shaped = any(not part.is_bar and part.size > 1 and part.block.linear for part in parameters.parts)
    return (0.1, 0.5, 0.9) if shaped else (0.5, 0.1, 0.9)


def starting_elements(layout: Layout, parameters: Parameters, bar_share: float = 0.5) -> Array:
    """Elements to begin with, the variance of the residuals of least squares being 1: see `elements_to_begin_with`."""
    return elements_to_begin_with(
        parameters,
        bar_share,
        lambda part: mean_products(*_products(layout, part.elements, part.size)),
        lambda part: _typical_gap(layout, part.elements),
    )


def elements_to_begin_with(
    parameters: Parameters, bar_share: float, products: Callable[[Part], Array], gap: Callable[[Part], float]
) -> Array:
    """Elements to begin with, from the mean products of residuals (size, size) and the usual time between rows.

    Bars share `bar_share` of the variance; a residual covariance takes the rest, shaped like the products of least-
    squares residuals of each pair of visits.
    """
    bars = [part for part in parameters.parts if part.is_bar]
    rest = 1.0 - bar_share if bars else 1.0
    eta = np.zeros(parameters.parts[-1].elements.stop)
    for part in parameters.parts:
        if part.is_bar:
            rows, columns = lower_indices(part.size)
            eta[part.elements] = np.where(rows == columns, bar_share / len(bars), 0.0)
        elif not part.block.linear:
            eta[part.elements] = [np.log(rest), np.log(gap(part))]
        elif part.size == 1:
            eta[part.elements] = rest
        else:
            eta[part.elements] = rest * products(part)[lower_indices(part.size)]
    return eta


def _products(layout: Layout, elements: slice, size: int) -> tuple[Array, Array]:
    """Products of least-squares residuals by pair of visits, summed, and how many of them (size, size)."""
    total, counts = np.zeros((size, size)), np.zeros((size, size))
    for batch in layout.batches:
        if isinstance(batch, DenseBatch) and batch.params[-1] == elements.stop - 1:
            left = batch.d[:, :, -1]
            mask = batch.mask[batch.pattern]
            total += left.T @ left
            counts += mask.T @ mask
    return total, counts


def mean_products(total: Array, counts: Array) -> Array:
    """Mean products from sums and counts (size, size), made positive definite."""
    if not counts.any():
        return np.eye(len(total))
    variances = np.diag(total) / np.maximum(np.diag(counts), 1)
    variances = np.where(variances > ROUNDING, variances, 1.0)
    root = np.sqrt(variances)
    correlation = np.divide(total, counts, out=np.zeros_like(total), where=counts > 0) / np.outer(root, root)
    np.fill_diagonal(correlation, 1.0)
    lowest = np.linalg.eigvalsh(correlation)[0]
    if lowest < 0.1:
        share = min(1.0, (0.1 - lowest) / (1.0 - lowest))
        correlation = (1 - share) * correlation + share * np.eye(len(total))
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
