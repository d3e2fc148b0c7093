"""Ordered values against those that a normal distribution would give, with a pointwise band."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from scipy.special import betaincinv, ndtri

from kap_analysis.figures.page.style import Theme

MOST_POINTS: Final = 5000
"""Of more values, all at both ends and some between are drawn."""
_ENDS: Final = 250
_BETWEEN: Final = 1500
_COVERED: Final = 0.95


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Ordered values, their normal quantiles, and the band in which each lies with probability 0.95."""

    normal: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def n_outside(self) -> int:
        """How many values lie outside the band."""
        return int(np.sum((self.value < self.low) | (self.value > self.high)))


def quantiles(values: np.ndarray, *, centre: float = 0.0, spread: float = 1.0) -> Quantiles:
    """Values in order, against normal quantiles at (i - 0.5) / n.

    The i-th of n uniform values has a beta(i, n + 1 - i) distribution; its 2.5% and 97.5% points, as normal quantiles,
    are the band. It is pointwise: of n values that are normal, one in twenty is expected outside.

    Parameters
    ----------
    values : array
        Missing ones are left out.
    centre, spread : float
        Of the normal distribution that the values are compared with.
    """
    ordered = np.sort(values[np.isfinite(values)])
    n = len(ordered)
    place = np.arange(1, n + 1)
    low, high = (ndtri(betaincinv(place, n + 1 - place, p)) for p in ((1 - _COVERED) / 2, (1 + _COVERED) / 2))
    return Quantiles(ndtri((place - 0.5) / n), ordered, centre + spread * low, centre + spread * high)


def draw_quantiles(
    ax: Axes, found: Quantiles, theme: Theme, *, centre: float = 0.0, spread: float = 1.0, colour: str | None = None
) -> bool:
    """Draw points, the line of a normal distribution and the band; return whether points were left out."""
    n = len(found.value)
    kept = _kept(n)
    ax.fill_between(found.normal, found.low, found.high, color=theme.muted, alpha=0.22, linewidth=0, gid="band")
    ends = found.normal[[0, -1]]
    ax.plot(ends, centre + spread * ends, color=theme.muted, linewidth=0.8, gid="normal")
    ax.plot(
        found.normal[kept],
        found.value[kept],
        marker="o",
        markersize=2.6 if n <= 200 else 1.8,
        markeredgewidth=0.5,
        markerfacecolor="none",
        linestyle="none",
        color=colour or theme.foreground,
        gid="quantiles",
    )
    return len(kept) < n


def _kept(n: int) -> np.ndarray:
    if n <= MOST_POINTS:
        return np.arange(n)
    between = np.linspace(_ENDS, n - _ENDS - 1, _BETWEEN).round().astype(int)
    return np.unique(np.concatenate([np.arange(_ENDS), between, np.arange(n - _ENDS, n)]))
