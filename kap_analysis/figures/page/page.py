"""The page that a figure is drawn on: one Figure of a given width, or the Axes of the caller.

A page is opened with the settings of its theme, which hold only inside the ``with`` block, and it is made without
pyplot. On leaving the block the notes, the stamp and the alternative text are put on.
"""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from kap_analysis.columns import FORMAT, NO_FORMAT
from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import describe
from kap_analysis.figures.page.fonts import FAMILY, NUMBERED, NameKey, set_scripts
from kap_analysis.figures.page.label_fit import fit_labels
from kap_analysis.figures.page.layout_engine import SteadyLayout
from kap_analysis.figures.page.style import (
    CHARACTER_WIDTH,
    LINE_HEIGHT,
    MM_PER_INCH,
    POINTS_PER_MM,
    SMALL_PT,
    Theme,
    Width,
    inches,
    rc_settings,
    theme_named,
    width_in_mm,
)
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.numbers import is_missing, plural

AxesGiven = Axes | Sequence[Axes] | None
Drawn = Figure | Axes | Sequence[Axes]

SIMULATED = "SIMULATED"
"""The stamp of every figure made from simulated data."""


@dataclass(slots=True)
class Page:
    """Where a figure is drawn: its Axes in reading order, its theme, what is to be said under it and about it."""

    figure: Figure
    axes: list[Axes]
    theme: Theme
    given: AxesGiven
    notes: list[str] = field(default_factory=list)
    alternative: list[str] = field(default_factory=list)
    keys: list[Artist] = field(default_factory=list)
    key_settings: dict[str, Any] = field(default_factory=dict)
    last: list[Callable[[], None]] = field(default_factory=list)

    @property
    def width_mm(self) -> float:
        """Width of the figure in mm."""
        return float(self.figure.get_figwidth()) * MM_PER_INCH

    @property
    def result(self) -> Any:
        """The Figure, or what the caller gave as ``ax=``."""
        return self.figure if self.given is None else self.given

    def note(self, text: str) -> None:
        """Say something in the figure itself, under the panels."""
        self.notes.append(visible(text))

    def note_withheld(self, *frames: pd.DataFrame | None) -> None:
        """Say that numbers were withheld, if a frame says so in its column ``withheld``."""
        if any(frame is not None and "withheld" in frame.columns and frame["withheld"].any() for frame in frames):
            self.note("Numbers withheld to protect patients are shown as – or left out.")

    def note_not_drawn(self, frame: pd.DataFrame, n: float = np.nan) -> None:
        """Say that patients without a format, `n` of them, are in the frame and not in the figure."""
        if (frame[FORMAT].astype(str) == NO_FORMAT).any():
            who = "Patients" if is_missing(n) else f"{plural(n, 'patient')} who started"
            self.note(f"Without a format, and not drawn by format: {who.lower()}.")

    def key(self, handles: Sequence[Artist], **settings: Any) -> None:
        """Explain marks in a key above the panels: in a strip of its own, or over the first Axes of the caller.

        ``settings`` are those of matplotlib's ``legend``: ``loc`` ("upper left" or "upper right"), ``ncols``.
        """
        self.keys = list(handles)
        self.key_settings = {"loc": "upper right", "ncols": len(self.keys), "handlelength": 2.4} | settings

    def when_laid_out(self, draw: Callable[[], None]) -> None:
        """Draw something that must know how large the panels have become; it must not change their size."""
        self.last.append(draw)

    def describe(self, text: str) -> None:
        """Add a sentence to the alternative text."""
        self.alternative.append(text)


@contextmanager
def open_page(
    ax: AxesGiven,
    *,
    theme: str,
    width: Width,
    height: float,
    stamp: str | None,
    rows: int = 1,
    columns: int = 1,
    panels: int | None = None,
    apart: bool = False,
    places: Callable[[Figure], list[Axes]] | None = None,
    **grid: Any,
) -> Iterator[Page]:
    """Open a page of ``rows`` by ``columns`` panels, ``height`` mm high, or use the Axes of the caller.

    Parameters
    ----------
    ax : Axes, sequence of Axes or None
        One Axes per panel; None makes a Figure.
    theme : {"light", "dark"}
    width : {"single", "double"} or float
        Width of the Figure, in mm if a number.
    height : float
        Height of the Figure in mm, without the strips of a stamp and of notes, which are added.
    stamp : str or None
        Text of the stamp.
    panels : int, optional
        How many panels are used, if the grid has more places.
    apart : bool
        Whether each panel below the other has margins of its own, and does not make room for the names of the others.
    places : function, optional
        Makes the panels in the Figure, where they are no plain grid.
    **grid
        Passed to ``Figure.subplots``.

    Raises
    ------
    FigureError
        If the number of Axes is not the number of panels.
    """
    colours = theme_named(theme)
    wanted = rows * columns if panels is None else panels
    with matplotlib.rc_context(rc_settings(colours) | {"font.family": list(FAMILY)}):
        if ax is None:
            figure = Figure(figsize=(inches(width_in_mm(width)), inches(height)), layout=SteadyLayout())
            make = places or (_panels_apart if apart else _panels)(rows, columns, **grid)
            made = make(figure)
            for unused in made[wanted:]:
                unused.remove()
            axes = made[:wanted]
        else:
            axes = _given_axes(ax, wanted)
            figure = axes[0].get_figure(root=True)  # type: ignore[assignment]
        page = Page(figure, axes, colours, ax)
        yield page
        _finish(page, stamp)


def _panels(rows: int, columns: int, **grid: Any) -> Callable[[Figure], list[Axes]]:
    return lambda figure: list(figure.subplots(rows, columns, squeeze=False, **grid).ravel())


def _panels_apart(rows: int, columns: int, **grid: Any) -> Callable[[Figure], list[Axes]]:
    def make(figure: Figure) -> list[Axes]:
        places = figure.add_gridspec(rows, columns, **grid)
        each = [places[row, column] for row in range(rows) for column in range(columns)]
        return [figure.add_subplot(place.subgridspec(1, 1)[0]) for place in each]

    return make


def letter_panels(axes: Sequence[Axes]) -> None:
    """Put the letters A, B, C before the titles of the panels; a single panel has none."""
    if len(axes) < 2:
        return
    for letter, panel in zip(ascii_uppercase, axes, strict=False):
        title = panel._left_title  # type: ignore[attr-defined]
        title.set_text(f"{letter}  {title.get_text()}".rstrip())


def _given_axes(ax: Axes | Sequence[Axes], wanted: int) -> list[Axes]:
    axes = [ax] if isinstance(ax, Axes) else list(ax)
    if len(axes) != wanted:
        raise FigureError(f"This figure has {plural(wanted, 'panel')}, so ax= takes {wanted} Axes, not {len(axes)}.")
    return axes


def _finish(page: Page, stamp: str | None) -> None:
    names = _number_unwritable(page)
    if page.given is None:
        set_scripts(page.figure.findobj(Text))  # labels are measured in the letters that they are drawn in
        fit_labels(page.figure, page.axes)
        if page.notes:
            _write_notes(page)
        if page.keys:
            _write_key(page)
        set_scripts(page.figure.findobj(Text))
        if stamp:
            stamp_figure(page.figure, stamp)
        if page.last:
            page.figure.draw_without_rendering()
        _draw_last(page, names)
        describe(page.figure, " ".join([*page.alternative, *names.sentences(), *_stamp_sentence(stamp)]))
        return
    _draw_last(page, names)
    _write_beside_axes(page, stamp)
    if page.keys:
        page.axes[0].legend(handles=page.keys, **page.key_settings)
    for ax in page.axes:
        set_scripts(ax.findobj(Text))
    describe(page.axes[0], " ".join([*page.alternative, *names.sentences(), *_stamp_sentence(stamp)]))


def _draw_last(page: Page, names: NameKey) -> None:
    for draw in page.last:
        draw()
    for ax in page.axes if page.last else ():
        names.number_axes(ax)
        set_scripts(ax.findobj(Text))


def _number_unwritable(page: Page) -> NameKey:
    """Put numbers in the place of names that no font can write, and say so under the figure."""
    key = NameKey()
    for ax in page.axes:
        key.number_axes(ax)
    for handle in page.keys:
        handle.set_label(key.written(str(handle.get_label())))
    page.notes = [key.written(note) for note in page.notes]
    if key.numbers:
        page.note(NUMBERED)
    return key


def _stamp_sentence(stamp: str | None) -> list[str]:
    return [f"The figure is stamped {stamp}."] if stamp else []


def stamp_figure(figure: Figure, text: str = SIMULATED) -> Figure:
    """Stamp a figure at its upper right corner, in a strip of its own above the panels.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        It grows by the height of the strip, so that its panels keep their size.
    text : str
        For example ``"SIMULATED"``.

    Returns
    -------
    matplotlib.figure.Figure
        The same figure.
    """
    strip = inches(SMALL_PT * 2.0 / POINTS_PER_MM)
    _grow(figure, above=strip, below=0.0)
    height = figure.get_figheight()
    theme_muted = figure.axes[0].spines["left"].get_edgecolor() if figure.axes else "grey"
    figure.text(
        1 - 0.06 / figure.get_figwidth(),
        1 - 0.5 * strip / height,
        " ".join(text),
        ha="right",
        va="center",
        fontsize=SMALL_PT,
        fontweight="bold",
        color=theme_muted,
        gid="stamp",
        bbox={"boxstyle": "round,pad=0.22", "facecolor": "none", "edgecolor": theme_muted, "linewidth": 0.6},
    )
    return figure


def _write_notes(page: Page) -> None:
    width = page.figure.get_figwidth()
    characters = int((width - 0.12) * 72 / (SMALL_PT * CHARACTER_WIDTH))
    lines = [line for note in page.notes for line in textwrap.wrap(note, characters)]
    strip = (len(lines) * SMALL_PT * LINE_HEIGHT + 4) / 72
    _grow(page.figure, above=0.0, below=strip)
    page.figure.text(
        0.06 / width,
        0.03 / page.figure.get_figheight(),
        "\n".join(lines),
        ha="left",
        va="bottom",
        fontsize=SMALL_PT,
        linespacing=LINE_HEIGHT - 0.15,
        color=page.theme.muted,
        gid="notes",
    )


def _write_key(page: Page) -> None:
    rows = -(-len(page.keys) // int(page.key_settings["ncols"]))
    strip = (rows * SMALL_PT * LINE_HEIGHT * 1.12 + 5) / 72
    _grow(page.figure, above=strip, below=0.0)
    page.figure.legend(
        handles=page.keys,
        bbox_to_anchor=(0, 0, 1, 1),
        labelspacing=0.35,
        borderpad=0.2,
        borderaxespad=0.3,
        columnspacing=1.2,
        **page.key_settings,
    )


def _grow(figure: Figure, *, above: float, below: float) -> None:
    """Add strips to a figure and keep the panels out of them."""
    engine = figure.get_layout_engine()
    before = figure.get_figheight()
    x, y, w, h = engine.get()["rect"] if isinstance(engine, ConstrainedLayoutEngine) else (0.0, 0.0, 1.0, 1.0)
    after = before + above + below
    tops = [key.get_bbox_to_anchor().y1 / figure.bbox.height for key in figure.legends]
    figure.set_figheight(after)
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(x, (y * before + below) / after, w, h * before / after))
    for key, top in zip(figure.legends, tops, strict=True):
        key.set_bbox_to_anchor((0, 0, 1, (top * before + below) / after), transform=figure.transSubfigure)
    for text in figure.texts:
        left, bottom = text.get_position()
        text.set_position((left, (bottom * before + below) / after))


def _write_beside_axes(page: Page, stamp: str | None) -> None:
    words = [*page.notes, *([stamp] if stamp else [])]
    if words:
        page.axes[0].annotate(
            " · ".join(words),
            xy=(1, 1),
            xycoords="axes fraction",
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=SMALL_PT,
            color=page.theme.muted,
            annotation_clip=False,
            gid="stamp" if stamp else "notes",
        )
