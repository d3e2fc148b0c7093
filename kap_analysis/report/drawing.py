"""A figure as files: drawn once in a run, although the paper shows it under another number."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.export import FILE_TYPES, save_figure
from kap_analysis.figures.page.page import stamp_figure
from kap_analysis.figures.page.parts import parts_drawn
from kap_analysis.figures.page.statement import is_statement
from kap_analysis.run_memory import once_per_run

SCREEN_DPI: Final = 150


@dataclass(frozen=True)
class DrawnFigure:
    """What is needed of a figure when it is drawn.

    Attributes
    ----------
    screen : bytes
        The PNG that a notebook shows.
    files : mapping
        File type -> content; empty where none was asked for.
    alternative_text : str
    height_to_width : float
    is_statement : bool
        Whether it is a sentence in the place of marks.
    parts : tuple of int
        As `parts_drawn`.
    """

    screen: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    alternative_text: str
    height_to_width: float
    is_statement: bool = False
    parts: tuple[int, ...] = ()


@once_per_run
def draw_with_files(plot: Callable[..., Any], drawn: Mapping[str, Any], stamp: str, title: str) -> DrawnFigure:
    """Draw a figure by a function of ``kap.figures``, and make its PNG, PDF and SVG."""
    return as_files(stamped(plot(**drawn), stamp), title, FILE_TYPES)


def as_files(figure: Any, title: str, file_types: tuple[str, ...]) -> DrawnFigure:
    """A figure that is drawn, as files."""
    with tempfile.TemporaryDirectory(prefix="kap-") as folder:
        place = Path(folder) / "figure"
        paths = save_figure(figure, place, file_types=file_types, title=title)
        files = {path.suffix[1:]: path.read_bytes() for path in paths}
        (screen,) = save_figure(figure, place.with_suffix(".png"), dpi=SCREEN_DPI)
        width, height = figure.get_size_inches()
        said, parts = is_statement(figure), parts_drawn(figure)
        return DrawnFigure(screen.read_bytes(), files, alt_text(figure), height / width, said, parts)


def stamped(figure: Any, stamp: str) -> Any:
    """The figure, stamped if there is a stamp and it is not there yet."""
    if stamp and not any(text.get_gid() == "stamp" for text in figure.texts):
        stamp_figure(figure, stamp)
    return figure
