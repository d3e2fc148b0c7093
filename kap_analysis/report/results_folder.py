"""Results of a notebook: figures, tables and facts, shown in the notebook and, in a run, written to a folder."""

import importlib.util
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from kap_analysis.errors import ReportError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.export import save_figure
from kap_analysis.figures.page.page import SIMULATED, stamp_figure
from kap_analysis.report.headline import headline_facts
from kap_analysis.tables.page.table import Table

CONTENTS: Final = "contents.json"
SCREEN_DPI: Final = 150
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]*")
T = TypeVar("T")


class Described(Protocol):
    """Anything that says whether its data are simulated."""

    @property
    def is_simulated(self) -> bool:
        """Whether the data are simulated."""
        ...


@dataclass(frozen=True)
class ShownFigure:
    """A figure as a notebook shows it: the picture, with its alternative text and caption."""

    png: bytes = field(repr=False)
    alternative_text: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width = int.from_bytes(self.png[16:20], "big") * 96 // SCREEN_DPI
        described = {"alt": self.alternative_text, "caption": self.caption, "width": width}
        return {"image/png": self.png, "text/plain": self.alternative_text or self.caption}, {"image/png": described}


@dataclass(frozen=True)
class ResultsFolder:
    """Takes the figures, tables and facts of a notebook; made by :func:`open_results`.

    Attributes
    ----------
    folder : path or None
        None if a notebook is run by hand: results are shown and not written.
    stamp : str
        ``SIMULATED`` for simulated data; it is put on every figure and table.
    """

    folder: Path | None = None
    stamp: str = ""

    def figure(self, name: str, figure: Any, caption: str) -> ShownFigure:
        """Show a figure, and write it as PNG (300 dpi), PDF and SVG to ``figures/``.

        Parameters
        ----------
        name : str
            Lower-case letters, digits and underscores: the name of its files.
        figure : matplotlib.figure.Figure
            It is stamped if the data are simulated and it is not stamped yet.
        caption : str
            What it shows, for the index page.
        """
        _check_name(name)
        if self.stamp and not any(text.get_gid() == "stamp" for text in figure.texts):
            stamp_figure(figure, self.stamp)
        text = alt_text(figure)
        if self.folder is not None:
            (self.folder / "figures").mkdir(parents=True, exist_ok=True)
            paths = save_figure(figure, self.folder / "figures" / name, title=caption)
            self._record(
                "figures", name, {"caption": caption, "alternative_text": text, "files": self._relative(paths)}
            )
        return ShownFigure(_screen_png(figure), text, caption)

    def table(self, name: str, table: Table, caption: str = "") -> Table:
        """Show a table, and write it as HTML, CSV, Markdown, LaTeX and (with python-docx) Word to ``tables/``.

        Parameters
        ----------
        name : str
            Lower-case letters, digits and underscores: the name of its files.
        table : Table
        caption : str
            What it shows, for the index page; the table's own heading when empty.
        """
        _check_name(name)
        shown = table.stamped(self.stamp) if self.stamp else table
        if self.folder is not None:
            paths = shown.save(self.folder / "tables", name, _table_file_types())
            self._record("tables", name, {"caption": caption or shown.heading, "files": self._relative(paths)})
        return shown

    def fact(self, name: str, value: Any) -> None:
        """Record one value (a number, a text, or a mapping of them) for the index page."""
        if self.folder is not None:
            self._record("facts", name, value)

    def headline(self, result: T) -> T:
        """Record the facts of a result for the tiles of the index page, and return the result.

        Parameters
        ----------
        result : result of participant_flow, clinical_change or compare_formats
        """
        for name, value in headline_facts(result).items():
            self.fact(name, value)
        return result

    def _record(self, kind: str, name: str, entry: Any) -> None:
        assert self.folder is not None
        contents = read_contents(self.folder)
        contents[kind][name] = entry
        write_contents(self.folder, contents)

    def _relative(self, paths: tuple[Path, ...]) -> list[str]:
        assert self.folder is not None
        return [path.relative_to(self.folder).as_posix() for path in paths]


def open_results(folder: str | Path | None = None, study: Described | None = None) -> ResultsFolder:
    """Where a notebook puts its results.

    Parameters
    ----------
    folder : path, optional
        Figures, tables and facts are written there. Without a folder they are only shown.
    study : Study or Outcomes, optional
        If it is simulated, every figure and table says so.

    Returns
    -------
    ResultsFolder, with the methods ``figure``, ``table``, ``fact`` and ``headline``.

    Examples
    --------
    >>> results = open_results()
    >>> results.fact("patients", 235)
    """
    stamp = SIMULATED if study is not None and study.is_simulated else ""
    target = None if folder is None else Path(folder)
    if target is not None:
        target.mkdir(parents=True, exist_ok=True)
    return ResultsFolder(target, stamp)


def read_contents(folder: Path) -> dict[str, dict[str, Any]]:
    """The results so far: ``figures``, ``tables`` and ``facts``, each name with its entry, in order."""
    path = folder / CONTENTS
    empty: dict[str, dict[str, Any]] = {"figures": {}, "tables": {}, "facts": {}}
    return {**empty, **json.loads(path.read_text(encoding="utf-8"))} if path.exists() else empty


def write_contents(folder: Path, contents: Mapping[str, Any]) -> None:
    """Write the results so far, as `read_contents` reads them."""
    text = json.dumps(contents, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / CONTENTS).write_text(text + "\n", encoding="utf-8", newline="\n")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ReportError(
            f"{name!r} cannot name a file of the results; use lower-case letters, digits and underscores."
        )


def _table_file_types() -> tuple[str, ...]:
    word = ("docx",) if importlib.util.find_spec("docx") else ()
    return ("html", "csv", "md", "tex", *word)


def _screen_png(figure: Any) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kap-") as folder:
        (path,) = save_figure(figure, Path(folder) / "figure.png", dpi=SCREEN_DPI)
        return path.read_bytes()
