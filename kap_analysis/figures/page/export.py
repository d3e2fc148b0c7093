"""Writing a figure to files whose bytes depend on the figure alone."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.fonts import FAMILY
from kap_analysis.figures.page.style import PNG_DPI, file_settings
from kap_analysis.writing.escapes import visible

FILE_TYPES: Final = ("png", "pdf", "svg")
CANVASES: Final[Mapping[str, Any]] = MappingProxyType(
    {"png": FigureCanvasAgg, "pdf": FigureCanvasPdf, "svg": FigureCanvasSVG}
)
#: In which a PDF and an SVG are laid out: their unit is the point.
VECTOR_DPI: Final = 72


def save_figure(
    figure: Figure,
    path: str | Path,
    *,
    file_types: str | Sequence[str] | None = None,
    title: str | None = None,
    dpi: int = PNG_DPI,
    outlines: bool = False,
) -> tuple[Path, ...]:
    """Write a figure at its final size as PNG (300 dpi), PDF and SVG.

    The same figure gives the same bytes: no date, no random id. Fonts are embedded in the PDF as TrueType; letters
    stay text in the SVG, set in DejaVu Sans or, where a reader has none, in another font without serifs. The
    alternative text goes into each file's description.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or pathlib.Path
        Its folder is made where there is none.
        ``"figure_2"`` writes ``figure_2.png``, ``figure_2.pdf`` and ``figure_2.svg``; a path that ends in one of
        these suffixes writes that file only.
    file_types : {"png", "pdf", "svg"} or a sequence of them, optional
        Which files to write; all three, or the one that the suffix names.
    title : str, optional
        Title in the description of the files.
    dpi : int
        Of the PNG, and of what a PDF or SVG holds as an image.
    outlines : bool
        Whether letters are outlines in the SVG: it then looks the same everywhere, and its words cannot be searched or
        edited.

    Returns
    -------
    tuple of pathlib.Path
        The files written, in the order of ``file_types``.

    Raises
    ------
    FigureError
        If a file type is none of the three.
    """
    path = Path(path)
    file_types = (file_types,) if isinstance(file_types, str) else file_types
    suffix = path.suffix.removeprefix(".").lower()
    if suffix in FILE_TYPES:
        path = path.with_name(path.name[: -len(path.suffix)])
        file_types = (suffix,) if file_types is None else file_types
    chosen = FILE_TYPES if file_types is None else tuple(file_types)
    unknown = [file_type for file_type in chosen if file_type not in FILE_TYPES]
    if unknown:
        raise FigureError(f"A figure is written as {', '.join(FILE_TYPES)}, not as {', '.join(unknown)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return tuple(_write(figure, path, file_type, title, dpi, outlines) for file_type in chosen)


def _write(figure: Figure, path: Path, file_type: str, title: str | None, dpi: int, outlines: bool) -> Path:
    target = path.with_name(f"{path.name}.{file_type}")
    settings: Any = {**file_settings(), "font.family": list(FAMILY)} | ({"svg.fonttype": "path"} if outlines else {})
    described = _description(file_type, title, alt_text(figure))
    canvas, before = figure.canvas, figure.get_dpi()
    drawn_by = CANVASES[file_type](figure)
    try:
        with matplotlib.rc_context(settings), _laid_out(figure, dpi if file_type == "png" else VECTOR_DPI):
            figure.set_dpi(dpi)
            if file_type == "png":
                drawn_by.print_png(target, metadata=described)
            elif file_type == "pdf":
                drawn_by.print_pdf(target, metadata=described)
            else:
                with _one_id_each(figure):
                    drawn_by.print_svg(target, metadata=described)
    finally:
        figure.set_dpi(before)
        figure.set_canvas(canvas)
    return target


@contextmanager
def _laid_out(figure: Figure, dpi: float) -> Iterator[None]:
    """Panels placed for a file, and left there: ``savefig`` would draw the figure twice, once to place them."""
    engine = figure.get_layout_engine()
    if engine is None or not figure.axes:
        yield
        return
    figure.set_dpi(dpi)
    engine.execute(figure)
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


@contextmanager
def _one_id_each(figure: Figure) -> Iterator[None]:
    """Names of parts as ids of an SVG while it is written: without spaces, and numbered, because ids are unique."""
    named = [(artist, str(artist.get_gid())) for artist in figure.findobj() if artist.get_gid() is not None]
    seen: Counter[str] = Counter()
    for artist, name in named:
        plain = "-".join(re.findall(r"\w+", name)) or "part"
        seen[plain] += 1
        artist.set_gid(f"{plain}-{seen[plain]}")
    try:
        yield
    finally:
        for artist, name in named:
            artist.set_gid(name)


def _description(file_type: str, title: str | None, text: str) -> dict[str, Any]:
    """Metadata of a file: title and description, and nothing that changes from run to run."""
    title, text = visible(title or ""), visible(text)
    if file_type == "pdf":
        return {
            "Title": title or None,
            "Subject": text or None,
            "Creator": None,
            "Producer": None,
            "CreationDate": None,
        }
    given = {key: value for key, value in (("Title", title), ("Description", text)) if value}
    return given | ({"Date": None, "Creator": None} if file_type == "svg" else {"Software": None})
