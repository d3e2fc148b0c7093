"""A figure that says in one quiet sentence that there is nothing to draw, and why."""

import textwrap
from collections.abc import Sequence
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kap_analysis.figures.page.page import AxesGiven, Drawn, open_page
from kap_analysis.figures.page.style import CHARACTER_WIDTH, POINTS_PER_MM, TEXT_PT, Width, width_in_mm

_HEIGHT_MM: Final = 24.0
_STATEMENT: Final = "statement"


ALL_WITHHELD: Final = "Nothing of this may be shown of a public study: all numbers were withheld to protect patients."
"""What stands in the place of a frame whose column ``withheld`` is all that the gate left."""


def why_nothing(reason: str, *frames: pd.DataFrame | None) -> str:
    """Why there is nothing to draw: that all was withheld, where the gate says so of a frame, else the reason."""
    return ALL_WITHHELD if any(frame is not None and "withheld" in frame for frame in frames) else reason


def has_no_whole_bar(frame: pd.DataFrame, bar: Sequence[str], part: str) -> bool:
    """Whether every stacked bar of a frame has a part that was withheld, so that none may be drawn.

    Parameters
    ----------
    bar : sequence of str
        The columns that tell the bars apart.
    part : str
        The column of their parts' sizes; withheld ones are missing.
    """
    if "withheld" not in frame or frame.empty:
        return False
    lacks = frame[part].isna().groupby([frame[name].astype("str") for name in bar]).any()
    return bool(lacks.all())


def draw_statement(text: str, *, ax: AxesGiven, theme: str, width: Width, stamp: str | None) -> Drawn:
    """A small page that holds one sentence in the place of the panels.

    For frames without rows, which are an answer and no mistake: one format only, or everything withheld.

    Parameters
    ----------
    text : str
        Why there is nothing to draw; also the alternative text.
    ax : Axes, sequence of Axes or None
        The sentence goes into the first; the others stay empty.
    theme, width, stamp
        As in :func:`plot_participant_flow`.
    """
    panels = 1 if ax is None or isinstance(ax, Axes) else len(list(ax))
    characters = int(0.9 * width_in_mm(width) * POINTS_PER_MM / (TEXT_PT * CHARACTER_WIDTH))
    with open_page(ax, theme=theme, width=width, height=_HEIGHT_MM, stamp=stamp, columns=panels) as page:
        for panel in page.axes:
            panel.set_axis_off()
        page.axes[0].text(
            0.5,
            0.5,
            textwrap.fill(text, characters),
            transform=page.axes[0].transAxes,
            ha="center",
            va="center",
            fontsize=TEXT_PT,
            color=page.theme.muted,
            gid=_STATEMENT,
        )
        page.describe(text)
    return page.result


def is_statement(figure: Figure) -> bool:
    """Whether a figure is a sentence and has no marks, so that no legend explains any."""
    said = any(text.get_gid() == _STATEMENT for ax in figure.axes for text in ax.texts)
    return said and not any(ax.axison for ax in figure.axes)
