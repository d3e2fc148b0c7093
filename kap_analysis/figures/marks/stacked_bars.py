"""Stacked bars with a number in each part, as in band movement, completeness and the suicidality item.

Their colours are an ordered ramp where the parts have an order, as severity bands do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

from kap_analysis.figures.marks.marks import LineEnd, label_line_ends
from kap_analysis.figures.page.style import SMALL_PT, Theme
from kap_analysis.writing.numbers import WITHHELD, count

_SMALLEST_LABELLED: Final = 0.055
"""Parts below this share of the axis carry no number: it would not fit."""
_RAMP: Final = "Purples"
_FAINTEST, _STRONGEST = 0.22, 0.95


@dataclass(frozen=True, slots=True)
class Part:
    """One part of every bar: its name, its colour, and a hatch for what is absent."""

    name: str
    colour: str
    hatch: str = ""


def draw_stacks(
    ax: Axes,
    places: Sequence[float],
    heights: Mapping[str, Sequence[float]],
    numbers: Mapping[str, Sequence[float]],
    parts: Sequence[Part],
    theme: Theme,
    *,
    wide: float = 0.62,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Draw bars of parts from bottom to top.

    Parameters
    ----------
    places : sequence of float
        Where the bars stand.
    heights, numbers : mapping of str to sequence
        Part to one height and one number per bar; the numbers are written inside.
    parts : sequence of Part
        From the bottom up.
    wide : float
        Width of a bar.

    Returns
    -------
    dict of str to (bottom, top)
        Where each part ended up.
    """
    base = np.zeros(len(places))
    ends = {}
    for part in parts:
        tall = np.nan_to_num(np.asarray(heights[part.name], dtype=float))
        top = base + tall
        for place, low, high, n in zip(places, base, top, numbers[part.name], strict=True):
            if high > low:
                _draw_part(ax, part, float(place), float(low), float(high), n, theme, wide)
        ends[part.name] = (base, top)
        base = top
    return ends


def _draw_part(
    ax: Axes, part: Part, place: float, low: float, high: float, n: float, theme: Theme, wide: float
) -> None:
    ax.add_patch(
        Rectangle(
            (place - wide / 2, low),
            wide,
            high - low,
            facecolor=part.colour,
            edgecolor=theme.muted,
            hatch=part.hatch or None,
            hatchcolor=theme.muted if part.hatch else None,
            linewidth=0.6,
            gid=f"part {part.name}",
        )
    )
    limits = ax.get_ylim()
    if high - low >= _SMALLEST_LABELLED * abs(limits[1] - limits[0]):
        box = {"facecolor": part.colour, "edgecolor": "none", "pad": 0.8} if part.hatch else None
        ax.text(
            place,
            (low + high) / 2,
            count(n),
            ha="center",
            va="center",
            fontsize=SMALL_PT,
            color=letters_on(part.colour),
            bbox=box,
            gid=f"number {part.name}",
        )


def draw_withheld(ax: Axes, place: float, tall: float, theme: Theme, *, wide: float, gid: str = "withheld") -> None:
    """A bar of which a part was withheld: an empty outline with that word, since the parts that are left would stand
    at the wrong height."""
    outline: dict[str, Any] = {"facecolor": "none", "edgecolor": theme.muted, "linestyle": (0, (2, 2))}
    ax.add_patch(Rectangle((place - wide / 2, 0), wide, tall, linewidth=0.7, gid=gid, **outline))
    settings: dict[str, Any] = {"ha": "center", "va": "center", "rotation": 90, "fontsize": SMALL_PT}
    ax.text(place, tall / 2, WITHHELD, color=theme.muted, gid="withheld word", **settings)


def name_parts(
    ax: Axes, at: float, ends: Mapping[str, tuple[np.ndarray, np.ndarray]], parts: Sequence[Part], theme: Theme
) -> None:
    """Names of the parts beside the last bar in which they occur high enough, moved apart where they would touch."""
    labels = [
        LineEnd(at, float((ends[part.name][0][-1] + ends[part.name][1][-1]) / 2), part.name, theme.foreground)
        for part in parts
    ]
    label_line_ends(ax, labels, offset=4.0)


def severity_ramp(n: int, theme: Theme) -> list[str]:
    """``n`` colours from least to most severe: the more severe, the more contrast with the background."""
    colours = matplotlib.colormaps[_RAMP]
    places = [_FAINTEST + (_STRONGEST - _FAINTEST) * (k / max(n - 1, 1)) for k in range(n)]
    if theme.name == "dark":
        places = [1.0 - 0.9 * place for place in places]
    return [to_hex(colours(place)) for place in places]


def letters_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour."""
    return "#000000" if relative_luminance(colour) > 0.179 else "#FFFFFF"


def relative_luminance(colour: str) -> float:
    """Relative luminance of a colour by WCAG 2: 0 is black, 1 is white."""
    channels = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in to_rgb(colour)]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
