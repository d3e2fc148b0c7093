"""Figure 9: what was known of patients before they came into a format, and whether there were comparable ones."""

import pandas as pd

from kap_analysis.figures.page.page import AxesGiven, Drawn
from kap_analysis.figures.page.parts import draw_parts
from kap_analysis.figures.page.style import Width
from kap_analysis.figures.sensitivity.balance import balance_part
from kap_analysis.figures.sensitivity.propensity_overlap import propensity_part


def plot_allocation(
    *,
    balance: pd.DataFrame,
    propensity: pd.DataFrame,
    effective_sample_size: pd.DataFrame | None = None,
    weighting: str | None = None,
    threshold: float = 0.1,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """How far apart the formats were at the start (A), and how likely group format was for each patient (B).

    A part that has nothing to draw is left out, and a note says why.

    Parameters
    ----------
    balance, effective_sample_size, threshold
        As in :func:`plot_balance`.
    propensity, weighting
        As in :func:`plot_propensity_overlap`.
    ax : sequence of Axes, optional
        One per part that has something to draw.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        As the two figures of its parts.
    """
    parts = [balance_part(balance, effective_sample_size, threshold, width), propensity_part(propensity, weighting)]
    return draw_parts(parts, ax=ax, theme=theme, width=width, stamp=stamp)
