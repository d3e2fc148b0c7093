"""Fitting names to their places: long labels of axes and titles are set in lines before the page is laid out."""

import textwrap
from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from kap_analysis.figures.page.style import LINE_HEIGHT, SMALL_PT, TEXT_PT
from kap_analysis.figures.page.text_size import text_width

_SHORTEST: Final = 8
"""The fewest characters of a line."""
_MOST_ROUNDS: Final = 3
_EDGE_PT: Final = 3.0
_WHOLE_SHARE: Final = 0.55
"""Labels narrower than this share of their column never leave the page."""
_FIRST_SHARE: Final = 0.8


def lines_within(text: str, room: float, *, size: float, bold: bool = False) -> list[str]:
    """The text in as many lines as it takes to stay within ``room`` points; lines that it has are kept apart."""
    return [line for part in text.split("\n") for line in _lines(part, room, size, bold)]


def _lines(text: str, room: float, size: float, bold: bool) -> list[str]:
    wide = text_width(text, size=size, bold=bold)
    characters = max(_SHORTEST, int(len(text) * room / max(wide, 1.0)) + 2)
    lines = [text]
    if wide > room and " (" in text:
        apart = text.replace(" (", "\n(").split("\n")
        if max(text_width(line, size=size, bold=bold) for line in apart) <= room:
            return apart
    while wide > room and characters >= _SHORTEST:
        lines = textwrap.wrap(text, characters)
        wide = max(text_width(line, size=size, bold=bold) for line in lines)
        characters -= 2
    return lines


def tick_lines(names: Sequence[str], room: float) -> tuple[list[str], float]:
    """Labels of ticks in lines within ``room`` points, and by how many points they are taller than one line."""
    labels = ["\n".join(lines_within(name, room, size=SMALL_PT)) for name in names]
    return labels, max(label.count("\n") for label in labels) * SMALL_PT * LINE_HEIGHT


def fit_labels(figure: Figure, axes: list[Axes]) -> None:
    """Break titles and labels of axes that would leave the page, or reach into their neighbours, into lines.

    The figure grows by the lines that are added, so that panels keep their height.
    """
    before = _lines_in_rows(axes)
    whole = {id(text): text.get_text() for ax in axes for text in (ax.yaxis.label, *_across(ax))}
    across = False
    for ax in axes:
        column, row = _share_of_page(figure, ax)
        _wrap(ax.yaxis.label, whole, 1.2 * row)
        for text in _across(ax):
            across |= _width(text) > _WHOLE_SHARE * column
            is_alone = text is ax.xaxis.label and column > 0.9 * _wide(figure)
            _wrap(text, whole, _FIRST_SHARE * column if is_alone else column)
    for _ in range(_MOST_ROUNDS if across else 0):
        figure.draw_without_rendering()
        shortened = [_shorten(figure, ax, text, whole) for ax in axes for text in _across(ax)]
        if not any(shortened):
            break
    added = sum(now - was for now, was in zip(_lines_in_rows(axes), before, strict=True))
    if added > 0:
        figure.set_figheight(figure.get_figheight() + added * TEXT_PT * LINE_HEIGHT / 72)


def _across(ax: Axes) -> list[Text]:
    return [text for text in (ax.xaxis.label, ax._left_title) if text.get_text()]  # type: ignore[attr-defined]


def _wide(figure: Figure) -> float:
    return 72 * float(figure.get_figwidth())


def _share_of_page(figure: Figure, ax: Axes) -> tuple[float, float]:
    """Width of the column of a panel, and height of the panel, in points, as far as known before the layout."""
    place = ax.get_subplotspec()
    columns = 1
    if place is not None:
        grids = {place.get_gridspec(), place.get_topmost_subplotspec().get_gridspec()}
        columns = prod(grid.ncols for grid in grids)
    return _wide(figure) / columns, 72 * float(figure.get_figheight() * ax.get_position().height)


def _lines_in_rows(axes: list[Axes]) -> list[int]:
    """Lines of titles and labels, the most of each row of panels."""
    rows: dict[tuple[int, int], int] = {}
    for ax in axes:
        place = ax.get_subplotspec()
        row = (0, 0) if place is None else (place.get_topmost_subplotspec().rowspan.start, place.rowspan.start)
        rows[row] = max(rows.get(row, 0), sum(text.get_text().count("\n") + 1 for text in _across(ax)))
    return list(rows.values())


def _width(text: Text) -> float:
    size, bold = float(text.get_fontsize()), text.get_fontweight() == "bold"
    return max(text_width(line, size=size, bold=bold) for line in text.get_text().split("\n"))


def _wrap(text: Text, whole: Mapping[int, str], room: float) -> bool:
    """Set a text in lines, from its whole anew; whether that was needed."""
    if not text.get_text() or _width(text) <= room:
        return False
    bold = text.get_fontweight() == "bold"
    text.set_text("\n".join(lines_within(whole[id(text)], room, size=float(text.get_fontsize()), bold=bold)))
    return True


def _shorten(figure: Figure, ax: Axes, text: Text, whole: Mapping[int, str]) -> bool:
    """Break a text that reaches over the edge of the page or into the next column; whether it was."""
    box = text.get_window_extent()
    left, right = 0.0, figure.bbox.width
    if text is not ax.xaxis.label:
        right = min([right, *(other.get_window_extent().x0 for other in figure.axes if _right_of(other, ax))])
    edge = _EDGE_PT * figure.dpi / 72
    over = max(left + edge / 2 - box.x0, box.x1 - right + edge / 2)
    if over <= 0:
        return False
    sides = 2 if text.get_horizontalalignment() == "center" else 1
    return _wrap(text, whole, (box.width - sides * over - edge) * 72 / figure.dpi)


def _right_of(other: Axes, ax: Axes) -> bool:
    a, b = other.get_position(), ax.get_position()
    return a.x0 > b.x1 and a.y0 < b.y1 and b.y0 < a.y1
