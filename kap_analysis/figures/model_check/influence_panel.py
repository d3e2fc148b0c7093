"""Influence: what leaving one patient or one cohort out does to the model and to the contrast of the formats."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.figures.marks.density import MOST_POINTS, draw_density
from kap_analysis.figures.marks.label_places import place_labels
from kap_analysis.figures.page.frames import numbers_of
from kap_analysis.figures.page.style import SMALL_PT, Theme
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.writing.numbers import number, plural

_LABELLED: Final = 3


def draw_influence(ax: Axes, influence: pd.DataFrame, theme: Theme, *, unit: str) -> bool:
    """Draw distance against the change of the contrast; return whether a density was drawn in place of points.

    Parameters
    ----------
    influence : pandas.DataFrame
        Rows of one unit: ``label``, ``distance``, ``change``.
    unit : str
        ``patient`` or ``cohort``.
    """
    change, distance = numbers_of(influence, "change"), numbers_of(influence, "distance")
    known = np.isfinite(change) & np.isfinite(distance)
    ax.set_title(f"Influence of {plural(len(influence), unit)}")
    ax.axvline(0, color=theme.muted, linewidth=0.7, zorder=1, gid="no change")
    is_dense = int(known.sum()) > MOST_POINTS
    if is_dense:
        draw_density(ax, change[known], distance[known], theme)
    else:
        marker = "s" if unit == "cohort" else "o"
        ax.plot(change, distance, marker, color=theme.accent, markerfacecolor="none", markersize=3.2, gid="influence")
    ax.set_ylim(0, max(float(distance[known].max()) * 1.2, 1e-9))
    ends = min(float(change[known].min()), 0.0), max(float(change[known].max()), 0.0)
    pad = 0.12 * (ends[1] - ends[0]) or 1.0
    ax.set_xlim(ends[0] - pad, ends[1] + pad)
    ax.set_xlabel("Change of group minus individual\nwhen left out, points")
    ax.set_ylabel("Cook-like distance")
    return is_dense


def largest(influence: pd.DataFrame) -> pd.DataFrame:
    """The rows that may be named, the most influential first."""
    may = influence["label"].notna() & np.isfinite(numbers_of(influence, "distance"))
    if "withheld" in influence.columns:
        may &= ~influence["withheld"].fillna(False).astype(bool)
    return influence[may].sort_values("distance", ascending=False, kind="stable").head(_LABELLED)


def name_largest(ax: Axes, influence: pd.DataFrame, theme: Theme) -> None:
    """Name the most influential, off the marks and each other, once the size of the panel is known."""
    named = largest(influence)
    if named.empty:
        return
    change, distance = numbers_of(influence, "change"), numbers_of(influence, "distance")
    box, dots = ax.get_window_extent(), 72 / ax.figure.dpi
    size = (float(box.width * dots), float(box.height * dots))
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    scaled = np.array([size[0] / (right - left), size[1] / (high - low)])
    origin = np.array([left, low])
    marks = (np.column_stack([change, distance])[np.isfinite(change) & np.isfinite(distance)] - origin) * scaled
    points = np.column_stack([numbers_of(named, "change"), numbers_of(named, "distance")])
    labels = [str(label) for label in named["label"]]
    wide = [text_width(label) for label in labels]
    zero = float((0.0 - left) * scaled[0])
    places = place_labels((points - origin) * scaled, wide, marks, size, zero)
    for label, point, offset in zip(labels, points, places, strict=True):
        ax.annotate(
            label,
            xy=(float(point[0]), float(point[1])),
            xytext=offset,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=SMALL_PT,
            color=theme.foreground,
            arrowprops={"arrowstyle": "-", "color": theme.muted, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2.5},
            gid="influence label",
        )


def influence_sentence(influence: pd.DataFrame, unit: str) -> str:
    """The sentence on influence for the alternative text."""
    change = numbers_of(influence, "change")
    text = (
        f"Leaving out one {unit} changes the contrast by at most {number(float(np.nanmax(np.abs(change))), 2)} points"
    )
    named = largest(influence)
    if named.empty:
        return f"{text}."
    first = named.iloc[0]
    return f"{text}; the largest distance is {number(first['distance'], 2)} ({first['label']})."
