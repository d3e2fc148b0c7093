"""Figure 16: what happened in ketamine sessions, and what was measured in them."""

import pandas as pd

from kap_analysis.figures.page.page import AxesGiven, Drawn
from kap_analysis.figures.page.parts import draw_parts
from kap_analysis.figures.page.style import Width
from kap_analysis.figures.safety.adverse_events import events_part
from kap_analysis.figures.safety.vitals import vitals_part


def plot_session_safety(
    *,
    events: pd.DataFrame,
    vitals: pd.DataFrame,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Adverse events per session at which they were asked about (A), and vital signs by minute (B).

    A part that has nothing to draw is left out, and a note says why.

    Parameters
    ----------
    events
        As in :func:`plot_adverse_events`.
    vitals
        As in :func:`plot_vitals`.
    ax : sequence of Axes, optional
        One per route, then one per measure.
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
    parts = [events_part(events, width), vitals_part(vitals, width)]
    return draw_parts(parts, ax=ax, theme=theme, width=width, stamp=stamp)
