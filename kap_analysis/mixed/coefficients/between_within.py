"""Between-within degrees of freedom: for each coefficient the number of units within which its column is constant.

The rule of nlme (Pinheiro & Bates 2000, section 2.4.2) on the nested levels of the model: independent unit, patient,
row. For a model with a residual covariance only it is the between-within rule of SAS and mmrm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.fitted_covariance.units import unit_codes

Array = NDArray[np.float64]
Index = NDArray[np.intp]
#: A number in a row of L below this share of the largest is rounding error.
NEGLIGIBLE = 1e-10


def between_within_df(design: Design, rows: Array) -> Array:
    """df of each row of L (l, p): the smallest among the coefficients that it uses."""
    each = coefficient_df(design)
    shares = np.abs(rows) / np.sqrt(np.einsum("ij,ij->j", design.x, design.x))
    used = shares > NEGLIGIBLE * shares.max(axis=1, keepdims=True)
    return np.where(used, each, np.inf).min(axis=1)


def coefficient_df(design: Design) -> Array:
    """df of each coefficient (p,)."""
    n, p = design.x.shape
    levels = _nested_levels(design)
    constant = np.array([[_constant(design.x[:, j], codes) for codes in [*levels, np.arange(n)]] for j in range(p)])
    everywhere = np.array([np.ptp(design.x[:, j]) == 0 for j in range(p)])
    outermost = constant.argmax(axis=1)
    outermost[everywhere] = len(levels)
    counts = [int(codes.max()) + 1 for codes in levels] + [n]
    df = np.empty(p)
    for level, count in enumerate(counts):
        below = counts[level - 1] if level else int(everywhere.any())
        here = outermost == level
        df[here] = count - below - int((here & ~everywhere).sum())
    return np.maximum(df, 0.0)


def _nested_levels(design: Design) -> list[Index]:
    """Codes of the independent units, then of the patients inside them, where these differ and are not single rows."""
    units = unit_codes(design)
    levels = [units]
    residual = design.residual
    groupings = [bar.grouping for bar in design.bars]
    if residual.subject is not None:
        finest = np.asarray(residual.subject)
    elif groupings:
        finest = max((bar.codes for bar in design.bars), key=lambda codes: len(np.unique(codes)))
    else:
        return []
    finest = np.where(finest < 0, finest.max() + 1 + units, finest)
    finest = np.unique(finest, return_inverse=True)[1]
    if len(np.unique(finest)) > len(np.unique(units)):
        levels.append(finest)
    n = len(units)
    return [codes for codes in levels if codes.max() + 1 < n]


def _constant(column: Array, codes: Index) -> bool:
    """Whether a column does not change within any level."""
    first = np.empty(int(codes.max()) + 1)
    first[codes] = column
    return bool(np.array_equal(first[codes], column))
