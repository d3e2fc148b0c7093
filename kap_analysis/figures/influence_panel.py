"""Influence: what leaving one patient or one cohort out does to the model and to the contrast of the formats."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.figures.density import MOST_POINTS, draw_density
from kap_analysis.figures.frames import numbers_of
from kap_analysis.figures.marks import spread_apart
from kap_analysis.figures.style import LINE_HEIGHT, SMALL_PT, Theme
from kap_analysis.figures.wording import number, plural

_LABELLED: Final = 3


def draw_influence(ax: Axes, influence: pd.DataFrame, theme: Theme, *, unit: str, tall: float) -> bool:
    """Distance against the change of the contrast; the largest are named. Whether a density was drawn for points.

    Parameters
    ----------
    influence : pandas.DataFrame
        Rows of one unit: ``label``, ``distance``, ``change``; a label that is missing, or a row whose ``withheld`` is
        True, is not named.
    unit : str
        ``patient`` or ``cohort``.
    tall : float
        Height of the panel in points, to keep names apart.
    """
    change, distance = numbers_of(influence, "change"), numbers_of(influence, "distance")
    known = np.isfinite(change) & np.isfinite(distance)
    ax.set_title(f"Influence of {plural(len(influence), unit)}")
    if not known.any():
        ax.text(0.5, 0.5, "withheld or not computed", transform=ax.transAxes, ha="center", va="center",
                fontsize=SMALL_PT, color=theme.muted, gid="statement")  # fmt: skip
        ax.set(xticks=[], yticks=[])
        return False
    ax.axvline(0, color=theme.muted, linewidth=0.7, zorder=1, gid="no change")
    is_dense = int(known.sum()) > MOST_POINTS
    if is_dense:
        draw_density(ax, change[known], distance[known], theme)
    else:
        marker = "s" if unit == "cohort" else "o"
        ax.plot(change, distance, marker, color=theme.accent, markerfacecolor="none", markersize=3.2, gid="influence")
    ax.set_ylim(0, max(float(distance[known].max()) * 1.15, 1e-9))
    ends = min(float(change[known].min()), 0.0), max(float(change[known].max()), 0.0)
    pad = 0.12 * (ends[1] - ends[0]) or 1.0
    ax.set_xlim(ends[0] - pad, ends[1] + pad)
    _name_largest(ax, influence, change, distance, theme, tall)
    ax.set_xlabel("Change of group minus individual\nwhen left out, points")
    ax.set_ylabel("Cook-like distance")
    return is_dense


def largest(influence: pd.DataFrame) -> pd.DataFrame:
    """The rows that may be named, the most influential first."""
    may = influence["label"].notna() & np.isfinite(numbers_of(influence, "distance"))
    if "withheld" in influence.columns:
        may &= ~influence["withheld"].fillna(False).astype(bool)
    return influence[may].sort_values("distance", ascending=False, kind="stable").head(_LABELLED)


def _name_largest(
    ax: Axes, influence: pd.DataFrame, change: np.ndarray, distance: np.ndarray, theme: Theme, tall: float
) -> None:
    named = largest(influence)
    apart = SMALL_PT * LINE_HEIGHT / tall * ax.get_ylim()[1]
    middle = sum(ax.get_xlim()) / 2
    is_right = numbers_of(named, "change") > middle
    for side in (False, True):
        here = named[is_right == side]
        places = spread_apart(numbers_of(here, "distance").tolist(), apart) if len(here) else []
        for label, x, y in zip(here["label"], numbers_of(here, "change"), places, strict=True):
            ax.annotate(
                str(label),
                xy=(float(x), y),
                xytext=(-4 if side else 4, 0),
                textcoords="offset points",
                ha="right" if side else "left",
                va="center",
                fontsize=SMALL_PT,
                color=theme.foreground,
                gid="influence label",
            )


def influence_sentence(influence: pd.DataFrame, unit: str) -> str:
    """For the alternative text."""
    change = numbers_of(influence, "change")
    text = (
        f"Leaving out one {unit} changes the contrast by at most {number(float(np.nanmax(np.abs(change))), 2)} points"
    )
    named = largest(influence)
    if named.empty:
        return f"{text}."
    first = named.iloc[0]
    return f"{text}; the largest distance is {number(first['distance'], 2)} ({first['label']})."
