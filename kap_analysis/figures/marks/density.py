"""Density of points where there are too many to be told apart."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from kap_analysis.figures.page.style import Theme

MOST_POINTS: Final = 5000
"""Of more points the density is drawn, and the figure says so."""
_HEXAGONS: Final = 36


def draw_density(ax: Axes, x: np.ndarray, y: np.ndarray, theme: Theme) -> None:
    """Hexagons, the darker (on a dark page the lighter) the more points lie in them, on a logarithmic scale."""
    ramp = LinearSegmentedColormap.from_list("density", [theme.faint, theme.accent, theme.foreground])
    ax.hexbin(x, y, gridsize=_HEXAGONS, mincnt=1, bins="log", cmap=ramp, linewidths=0.1, gid="density")
