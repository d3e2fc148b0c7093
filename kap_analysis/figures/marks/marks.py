"""Marks that several figures share: severity bands, numbers under an axis, labels at the ends of lines, a key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from kap_analysis.figures.page.scales import Scale
from kap_analysis.figures.page.style import LINE_HEIGHT, SMALL_PT, Theme
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.writing.numbers import count, is_missing
from kap_analysis.writing.sentences import sentence_case


@dataclass(frozen=True, slots=True)
class LineEnd:
    """A label for the end of a line, at the data position where the line ends."""

    x: float
    y: float
    text: str
    colour: str


def draw_bands(ax: Axes, scale: Scale, theme: Theme, *, labels: bool = True) -> None:
    """Severity bands behind the data, darker with severity, each named at the right edge inside the view."""
    if not scale.bands:
        return
    edges = scale.band_edges()
    view_low, view_high = sorted(ax.get_ylim())
    shades = _shades(len(scale.bands), theme, reverse=scale.higher_is_better)
    for band, low, high, shade in zip(scale.bands, edges[:-1], edges[1:], shades, strict=True):
        ax.axhspan(low, high, facecolor=shade, edgecolor="none", zorder=0, gid=f"band {band.label}")
        seen_low, seen_high = max(low, view_low), min(high, view_high)
        if labels and seen_high - seen_low > 0.035 * (view_high - view_low):
            ax.annotate(
                band.label,
                xy=(1, (seen_low + seen_high) / 2),
                xycoords=("axes fraction", "data"),
                xytext=(3, 0),
                textcoords="offset points",
                ha="left",
                va="center",
                fontsize=SMALL_PT,
                color=theme.muted,
                annotation_clip=False,
                gid="band label",
            )
    ax.set_ylim(view_low, view_high)


def _shades(n: int, theme: Theme, *, reverse: bool) -> list[str]:
    places = np.linspace(0, len(theme.sequence) - 2, n).round().astype(int)
    shades = [theme.sequence[place] for place in places]
    return shades[::-1] if reverse else shades


def leave_out_of_layout(ax: Axes, gid: str) -> None:
    """Let names right of the last panel of a row stand in the free place there, and not push other columns apart."""
    for text in ax.texts:
        if text.get_gid() == gid:
            text.set_in_layout(False)


def view_of_scores(scale: Scale, lowest: float, highest: float) -> tuple[float, float]:
    """Ends of a score axis: from the scale's own end on the better side past the worst value drawn.

    On the worse side the axis ends at the edge of a band where one is near, but not at the end of the scale.
    """
    span = max(highest - lowest, 1.0)
    low, high = lowest - 0.08 * span, highest + 0.08 * span
    inner = scale.band_edges()[1:-1]
    if scale.higher_is_better:
        below = [edge for edge in inner if low - 0.35 * span <= edge <= low]
        low, high = max(below, default=low), high if scale.high is None else float(scale.high)
    else:
        above = [edge for edge in inner if high <= edge <= high + 0.35 * span]
        low, high = low if scale.low is None else float(scale.low), min(above, default=high)
    low = low if scale.low is None else max(low, float(scale.low))
    return low, high if scale.high is None else min(high, float(scale.high))


def numbers_under_axis(
    ax: Axes,
    rows: Mapping[str, Mapping[float, float]],
    theme: Theme,
    *,
    heading: str,
    gap: float = 27.0,
    colours: Mapping[str, str] | None = None,
    names: bool = True,
) -> None:
    """Numbers under the x axis, one row per format, at the positions they belong to.

    Parameters
    ----------
    rows : mapping of str to mapping
        Row name (a format, or any text) to x position to number; a position without a number stays empty.
    heading : str
        What the numbers are, for example "Patients observed".
    gap : float
        Points between the axis and the heading: room for tick labels and the axis label.
    colours : mapping of str to str, optional
        Colour of rows that are no formats.
    names : bool
        Whether to write heading and row names: in a row of panels, the first does it for all.
    """
    if all(is_missing(n) for values in rows.values() for n in values.values()):
        return  # all withheld, as a note of the page says
    step = SMALL_PT * LINE_HEIGHT
    first = min((x for values in rows.values() for x in values), default=0.0)
    left = max(7.0, *(text_width(count(values[first])) / 2 for values in rows.values() if first in values))
    if names:
        _under_axis(ax, heading, 0.0, -gap, ha="left", colour=theme.muted, axes_x=True)
    for place, (name, values) in enumerate(rows.items(), start=1):
        colour = (colours or {}).get(name, theme.look(name).colour)
        if names:
            down = -gap - place * step
            _under_axis(ax, sentence_case(name), 0.0, down, ha="right", colour=colour, axes_x=True, left=left)
        for x, n in values.items():
            _under_axis(ax, count(n), x, -gap - place * step, ha="center", colour=theme.foreground)


def _under_axis(
    ax: Axes, text: str, x: float, down: float, *, ha: str, colour: str, axes_x: bool = False, left: float = 0.0
) -> None:
    ax.annotate(
        text,
        xy=(x, 0),
        xycoords=("axes fraction" if axes_x else "data", "axes fraction"),
        xytext=(-left, down),
        textcoords="offset points",
        ha=ha,
        va="top",
        fontsize=SMALL_PT,
        color=colour,
        annotation_clip=False,
        gid="number under axis" if not axes_x else "name under axis",
    )


def label_line_ends(ax: Axes, ends: Sequence[LineEnd], *, offset: float = 5.0, lines: int = 1) -> None:
    """Labels to the right of the ends of curves, moved apart where they would touch."""
    low, high = sorted(ax.get_ylim())
    shrunk = 0.75 if lines > 1 else 1.0  # names of two lines stand beside panels that others make less tall
    apart = lines * SMALL_PT * LINE_HEIGHT / 72 / (shrunk * _height_in_inches(ax)) * (high - low)
    placed = kept_inside(spread_apart([end.y for end in ends], apart), low + apart / 2, high - apart / 2)
    for end, y in zip(ends, placed, strict=True):
        ax.annotate(
            end.text,
            xy=(end.x, y),
            xytext=(offset, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=SMALL_PT,
            color=end.colour,
            annotation_clip=False,
            gid="line label",
        )


def spread_apart(values: Sequence[float], apart: float) -> list[float]:
    """Positions at least ``apart`` from each other, in the order of the values, moved as little as possible.

    Neighbours that are too close are pooled and set symmetrically round their mean.
    """
    order = np.argsort(values, kind="stable")
    pools: list[list[int]] = []
    for index in order:
        pools.append([int(index)])
        while len(pools) > 1 and _reach(pools[-2], values, apart)[1] + apart > _reach(pools[-1], values, apart)[0]:
            last = pools.pop()
            pools[-1] += last
    placed = [0.0] * len(values)
    for pool in pools:
        start = _reach(pool, values, apart)[0]
        for place, index in enumerate(pool):
            placed[index] = start + place * apart
    return placed


def kept_inside(placed: Sequence[float], low: float, high: float) -> list[float]:
    """The positions, shifted together so that all are within the limits, if there is room."""
    if not placed or max(placed) - min(placed) > high - low:
        return list(placed)
    shift = max(low - min(placed), 0.0) + min(high - max(placed), 0.0)
    return [at + shift for at in placed]


def _reach(pool: list[int], values: Sequence[float], apart: float) -> tuple[float, float]:
    middle = float(np.mean([values[index] for index in pool]))
    half = apart * (len(pool) - 1) / 2
    return middle - half, middle + half


def _height_in_inches(ax: Axes) -> float:
    """Height of Axes before the layout is known: their share of the figure, less the room for what is under them."""
    figure = ax.get_figure(root=True)
    share = float(ax.get_position().height)
    return max(0.5, share * 0.9 * float(figure.get_figheight()) if figure is not None else 2.0)


def format_handles(formats: Iterable[str], theme: Theme, *, lines: bool = True) -> list[Line2D]:
    """What a key shows for each format: its marker, and its line style if there are lines."""
    return [
        Line2D(
            [],
            [],
            color=theme.look(name).colour,
            marker=theme.look(name).marker,
            markerfacecolor=theme.marker_face(name),
            linestyle=theme.look(name).line_style if lines else "none",
            label=sentence_case(name),
        )
        for name in formats
    ]


def whole_number_axis(ax: Axes, which: str = "y", *, most: int = 6) -> None:
    """Ticks at whole numbers only."""
    axis = ax.yaxis if which == "y" else ax.xaxis
    axis.set_major_locator(MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10]))


def side_by_side(names: Sequence[str], apart: float) -> dict[str, float]:
    """Offsets that set the marks of several formats next to each other, symmetric around zero."""
    middle = (len(names) - 1) / 2
    return {name: (place - middle) * apart for place, name in enumerate(names)}
