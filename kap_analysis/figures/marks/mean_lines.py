"""Means of one format over time: marks on a line with their intervals, or faint beside stronger ones."""

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from kap_analysis.columns import CI_HIGH, CI_LOW, MONTH
from kap_analysis.figures.marks.marks import side_by_side
from kap_analysis.figures.page.frames import numbers_of
from kap_analysis.figures.page.style import Theme
from kap_analysis.writing.small_numbers import is_enough

FAINT: Final[Any] = {"linestyle": (0, (1, 1.5)), "linewidth": 0.8, "markersize": 2.6, "markeredgewidth": 0.7}
STRONG: Final[Any] = {"linewidth": 1.7, "markersize": 5.0}


def draw_means(
    ax: Axes,
    one: pd.DataFrame,
    name: str,
    theme: Theme,
    *,
    value: str,
    kind: str,
    time: str = MONTH,
    beside: float = 0.0,
    joined: bool = True,
    strong: bool = False,
) -> None:
    """Marks of one format on a line, with intervals where there are enough patients for one.

    Parameters
    ----------
    one : pandas.DataFrame
        The rows of the format: the column of the time, that of the values, ``ci_low``, ``ci_high``, ``n_patients``.
    value : str
        Column of the values.
    kind : str
        What the means are, for the names of the marks: ``adjusted``, ``means``.
    beside : float
        How far the marks stand from their time, so that none covers another.
    joined : bool
        Whether a line goes through the marks; not through those of too few patients for an interval.
    """
    look, one = theme.look(name), one.sort_values(time)
    mean, at = numbers_of(one, value), numbers_of(one, time) + beside
    shown = is_enough(one)
    low, high = (np.where(shown, numbers_of(one, end), np.nan) for end in (CI_LOW, CI_HIGH))
    bars: Any = {"color": look.colour, "fmt": "none", "capsize": 2, "elinewidth": 0.9}
    ax.errorbar(at, mean, yerr=[mean - low, high - mean], zorder=4, **bars)
    size = STRONG if strong else {}
    ax.plot(
        at,
        mean,
        color=look.colour,
        marker=look.marker,
        markerfacecolor=theme.marker_face(name),
        linestyle=look.line_style if joined and shown.all() else "none",
        zorder=4.1,
        gid=f"{kind} {name}",
        **size,
    )
    if joined and not shown.all():
        through, width = np.where(shown, mean, np.nan), size.get("linewidth")
        line: Any = {"color": look.colour, "linestyle": look.line_style, "linewidth": width}
        ax.plot(at, through, zorder=4.1, gid=f"line through {kind} {name}", **line)


def draw_faint_means(
    ax: Axes, one: pd.DataFrame, name: str, theme: Theme, *, value: str, time: str = MONTH, beside: float = 0.0
) -> None:
    """Small open marks on a dotted line, without intervals: what was observed, beside what the figure is about."""
    look, one = theme.look(name), one.sort_values(time)
    at = numbers_of(one, time) + beside
    face = {"markerfacecolor": theme.background, **FAINT}
    gid = f"observed {name}"
    ax.plot(at, numbers_of(one, value), color=look.colour, marker=look.marker, zorder=3, gid=gid, **face)


def kind_handles(theme: Theme) -> list[Line2D]:
    """What a key shows of the kinds of means: adjusted strong, observed faint."""
    adjusted = Line2D([], [], color=theme.foreground, marker="o", label="Adjusted mean, 95% interval", **STRONG)
    faint: Any = {"color": theme.foreground, "marker": "o", "markerfacecolor": theme.background, **FAINT}
    return [adjusted, Line2D([], [], label="Observed mean", **faint)]


def marks_beside(formats: list[str], time: str = MONTH) -> dict[str, float]:
    """Horizontal offset of the marks of each format, so that none covers another."""
    return side_by_side(formats, 0.06 if time == MONTH else 0.1)
