"""A page of several figures: each is a part with panels of its own, a letter, and its notes below with the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_uppercase
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, letter_panels, open_page
from kap_analysis.figures.page.statement import draw_statement
from kap_analysis.figures.page.style import Width

_ATTRIBUTE: Final = "kap_parts_drawn"


@dataclass(frozen=True, slots=True)
class Part:
    """How a figure is laid out, and what draws it on its panels.

    Attributes
    ----------
    draw : function
        Takes a Page whose Axes are the panels of the part.
    height : float
        In mm, without strips of notes.
    rows, columns, panels : int
        Places, and how many of them are used.
    grid : mapping
        For ``Figure.subplots``, such as ``sharex``.
    nothing : str
        Why there is nothing to draw; then there are no panels, and nothing is drawn.
    """

    draw: Callable[[Page], None] = field(default=lambda page: None)
    height: float = 0.0
    rows: int = 1
    columns: int = 1
    panels: int = 1
    grid: Mapping[str, Any] = field(default_factory=dict)
    nothing: str = ""


def draw_parts(parts: Sequence[Part], *, ax: AxesGiven, theme: str, width: Width, stamp: str | None) -> Drawn:
    """Draw the parts below each other, each with a letter; one alone is an ordinary figure and has none.

    A part with nothing to draw vanishes, and a note says why; if none is left, that is all the figure says.
    """
    drawn = [part for part in parts if not part.nothing]
    missing = [part.nothing for part in parts if part.nothing]
    if not drawn:
        return draw_statement(" ".join(missing), ax=ax, theme=theme, width=width, stamp=stamp)
    height = sum(part.height for part in drawn)
    used = sum(part.panels for part in drawn)
    with open_page(
        ax, theme=theme, width=width, height=height, stamp=stamp, panels=used, places=lambda f: _places(f, drawn)
    ) as page:
        first = []
        for letter, (part, axes) in zip(ascii_uppercase, _shared_out(drawn, page.axes), strict=False):
            if len(drawn) > 1:
                page.describe(f"Part {letter}.")
            own = replace(page, axes=axes, keys=[], key_settings={})
            part.draw(own)
            if own.keys:
                page.keys, page.key_settings = own.keys, own.key_settings
            first.append(axes[0])
        letter_panels(first)
        page.notes += missing
        record_parts(page.figure, [not part.nothing for part in parts])
    return page.result


def record_parts(figure: Figure, has_something: Sequence[bool]) -> None:
    """Keep with a figure which of its parts had something to draw, so that its caption tells of these alone."""
    setattr(figure, _ATTRIBUTE, tuple(at for at, has in enumerate(has_something) if has))


def parts_drawn(figure: Figure) -> tuple[int, ...]:
    """Which parts of a figure had something to draw, numbered from 0; empty of a figure that has no parts."""
    drawn: tuple[int, ...] = getattr(figure, _ATTRIBUTE, ())
    return drawn


def _shared_out(parts: Sequence[Part], axes: list[Axes]) -> list[tuple[Part, list[Axes]]]:
    shared, at = [], 0
    for part in parts:
        shared.append((part, axes[at : at + part.panels]))
        at += part.panels
    return shared


def _places(figure: Figure, parts: Sequence[Part]) -> list[Axes]:
    """The panels of all parts in reading order; places that a part does not use are not there."""
    if len(parts) == 1:
        (part,) = parts
        axes = list(figure.subplots(part.rows, part.columns, squeeze=False, **part.grid).ravel())
        return _used(axes, part.panels)
    outer = figure.add_gridspec(len(parts), 1, height_ratios=[part.height for part in parts])
    axes = []
    for row, part in enumerate(parts):
        inner = outer[row].subgridspec(part.rows, part.columns)
        axes += _used(list(inner.subplots(squeeze=False, **part.grid).ravel()), part.panels)
    return axes


def _used(axes: list[Axes], panels: int) -> list[Axes]:
    for unused in axes[panels:]:
        unused.remove()
    return axes[:panels]
