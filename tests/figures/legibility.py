"""What a reader could not read in a figure: words that leave the page, words on top of each other, text too small."""

from collections.abc import Iterator
from itertools import combinations

from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

#: Points by which two boxes may reach into each other: a box is as tall as the tallest letter of the font.
ALLOWED_ACROSS, ALLOWED_UP = 0.5, 2.0
#: Points by which a box may leave the page: the space that a letter has round it.
ALLOWED_OUTSIDE = 1.0


def seen_texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is drawn, with its box in points from the lower left corner of the page."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    ticks = {id(label): shown for axis in _axes_of(figure) for label, shown in _tick_labels(axis)}
    found = []
    for text in figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip() or not ticks.get(id(text), True):
            continue
        if text.axes is not None and not text.axes.axison and id(text) in ticks:
            continue
        box = Text.get_window_extent(text, renderer)  # of an annotation the words only, not its arrow
        found.append((text.get_text(), Bbox(box.get_points() * 72 / figure.dpi)))
    return found


def cut_texts(figure: Figure, seen: list[tuple[str, Bbox]] | None = None) -> list[str]:
    """Texts that reach over an edge of the page; ``seen`` are its texts where they are known."""
    wide, high = (72 * inches for inches in figure.get_size_inches())
    return [
        text
        for text, box in (seen_texts(figure) if seen is None else seen)
        if min(box.x0, box.y0) < -ALLOWED_OUTSIDE or box.x1 > wide + ALLOWED_OUTSIDE or box.y1 > high + ALLOWED_OUTSIDE
    ]


def touching_texts(figure: Figure, seen: list[tuple[str, Bbox]] | None = None) -> list[tuple[str, str]]:
    """Pairs of texts that stand on top of each other; ``seen`` are the texts where they are known."""
    return [
        (one, other)
        for (one, a), (other, b) in combinations(seen_texts(figure) if seen is None else seen, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > ALLOWED_ACROSS and min(a.y1, b.y1) - max(a.y0, b.y0) > ALLOWED_UP
    ]


def smallest_text(figure: Figure) -> float:
    """Size of the smallest text in points."""
    return min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip())


def _axes_of(figure: Figure) -> Iterator[Axis]:
    for ax in figure.axes:
        yield from (ax.xaxis, ax.yaxis)


def _tick_labels(axis: Axis) -> Iterator[tuple[Text, bool]]:
    """Labels of ticks and whether they are drawn: those outside the view are not."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-6 * (high - low)
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        inside = axis.get_visible() and low - slack <= tick.get_loc() <= high + slack
        yield from ((label, inside) for label in (tick.label1, tick.label2))
