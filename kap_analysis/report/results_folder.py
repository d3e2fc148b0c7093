"""Results of a notebook: figures, tables and facts, shown in the notebook and, in a run, written to a folder."""

import importlib.util
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from string import ascii_uppercase
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from kap_analysis.errors import ReportError
from kap_analysis.figures.page.alternative_text import short_text
from kap_analysis.figures.page.export import FILE_TYPES, save_figure
from kap_analysis.figures.page.page import SIMULATED
from kap_analysis.report.drawing import SCREEN_DPI, DrawnFigure, as_files, draw_with_files, stamped
from kap_analysis.report.headline import headline_facts
from kap_analysis.report.run_by_hand import answer_in_words_by_hand
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.sentences import sentence_case

CONTENTS: Final = "contents.json"
#: The stamp of everything that is made from a private study of real patients.
PRIVATE: Final = "PRIVATE"
#: Folder of the pictures that are drawn for the index page.
PAGE: Final = "page"
#: Widths in mm, so that letters can be read where a picture is shown: on a screen, and on a telephone.
PAGE_WIDTHS: Final = MappingProxyType({"wide": 183.0, "narrow": 80.0})
THEMES: Final = ("light", "dark")
#: How many times as tall as wide a figure of the index page may be.
TALLEST: Final = 1.3
PAGE_DPI: Final = 220
#: The number that a figure or table has in a manuscript, at the beginning of its caption.
NUMBERED: Final = re.compile(r"(Figure|Table) S?\d+[a-z]?(?=\. )")
#: How a caption names the marks of single patients.
LINES_OF_PATIENTS: Final = re.compile(r"(thin lines|dots): patients", re.IGNORECASE)
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]*")
T = TypeVar("T")


class Described(Protocol):
    """Anything that says whether its data are simulated."""

    @property
    def is_simulated(self) -> bool:
        """Whether the data are simulated."""
        ...

    @property
    def visibility(self) -> str:
        """``private`` or ``public``."""
        ...


@dataclass(frozen=True)
class ShownFigure:
    """A figure as a notebook shows it: the picture, with its alternative text and caption."""

    png: bytes = field(repr=False)
    alternative_text: str
    caption: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width = int.from_bytes(self.png[16:20], "big") * 96 // SCREEN_DPI
        words = {"alt": short_text(self.alternative_text), "long": self.alternative_text}
        described = {**words, "caption": self.caption, "width": width}
        return {"image/png": self.png, "text/plain": self.alternative_text or self.caption}, {"image/png": described}


@dataclass(frozen=True)
class ResultsFolder:
    """Takes the figures, tables and facts of a notebook; made by :func:`open_results`.

    Attributes
    ----------
    folder : path or None
        None if a notebook is run by hand: results are shown and not written.
    stamp : str
        ``SIMULATED`` for simulated data, ``PRIVATE`` for a private study of real patients: on every figure and table,
        and in the properties of every file.
    """

    folder: Path | None = None
    stamp: str = ""

    def figure(self, name: str, figure: Any, caption: str, **drawn: Any) -> ShownFigure:
        """Show a figure, and write it as PNG (300 dpi), PDF and SVG to ``figures/``.

        Parameters
        ----------
        name : str
            Lower-case letters, digits and underscores: the name of its files.
        figure : function or matplotlib.figure.Figure
            A function of ``kap.figures`` that draws it, or the figure itself. It is stamped if the data are simulated.
        caption : str
            What it shows, and what its marks are: the latter is left out where the figure is a sentence only. Of a
            figure of several parts ("A: ... B: ...") those that have nothing to draw are left out too.
        **drawn
            What the function draws: its arguments. The first figure of a notebook that is not much taller than wide is
            then also drawn for the index page, at the widths of a screen and of a telephone, light and dark.

        Raises
        ------
        ReportError
            If the name cannot name a file, or arguments are given for a figure that is drawn already.
        """
        _check_name(name)
        if drawn and not callable(figure):
            raise ReportError(f"{name} is drawn already; give the function that draws it, or no {', '.join(drawn)}.")
        title = NUMBERED.sub("", _without_legend(caption)).removeprefix(". ")
        title = f"{self.stamp}. {title}" if self.stamp else title
        if callable(figure) and self.folder is not None:
            made = draw_with_files(figure, drawn, self.stamp, title)
        else:
            picture = stamped(figure(**drawn) if callable(figure) else figure, self.stamp)
            made = as_files(picture, title, FILE_TYPES if self.folder is not None else ())
        caption = _without_legend(caption) if made.is_statement else _of_parts(caption, made.parts)
        patients = drawn.get("patients")
        if patients is not None and not len(patients):
            caption = _without_lines_of_patients(caption)
        if self.folder is not None:
            leads = callable(figure) and self._leads(made, caption)
            files = self._write_files(name, made)
            entry = {"caption": caption, "alternative_text": made.alternative_text, "files": files}
            pictures = {"pictures": self._draw_for_page(name, figure, drawn)} if leads else {}
            self._record("figures", name, entry | pictures)
        return ShownFigure(made.screen, made.alternative_text, caption)

    def _write_files(self, name: str, made: DrawnFigure) -> list[str]:
        assert self.folder is not None
        (self.folder / "figures").mkdir(parents=True, exist_ok=True)
        paths = [self.folder / "figures" / f"{name}.{file_type}" for file_type in made.files]
        for path in paths:
            path.write_bytes(made.files[path.suffix[1:]])
        return self._relative(tuple(paths))

    def _leads(self, made: DrawnFigure, caption: str) -> bool:
        """Whether a figure is shown on the index: the first of its notebook with marks that fits on a screen."""
        shown = [entry for entry in self._contents()["figures"].values() if "pictures" in entry]
        fits = made.height_to_width <= TALLEST and not made.is_statement
        return fits and not shown and not NUMBERED.match(caption)

    def _contents(self) -> dict[str, dict[str, Any]]:
        assert self.folder is not None
        return read_contents(self.folder)

    def _draw_for_page(self, name: str, plot: Callable[..., Any], drawn: Mapping[str, Any]) -> dict[str, str]:
        """Draw a figure at the widths and in the themes of a page; which picture is for what -> its file."""
        assert self.folder is not None
        folder = self.folder / "figures" / PAGE
        folder.mkdir(exist_ok=True)
        pictures = {}
        for width, theme in product(PAGE_WIDTHS, THEMES):
            figure = stamped(plot(**{**drawn, "width": PAGE_WIDTHS[width], "theme": theme}), self.stamp)
            path = save_figure(figure, folder / f"{name}_{width}_{theme}.png", title=self.stamp or None, dpi=PAGE_DPI)
            pictures[f"{width} {theme}"] = path[0].relative_to(self.folder).as_posix()
        return pictures

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
        result : result of participant_flow, clinical_change, compare_formats, check_sensitivity, check_dropout or
            check_allocation
        """
        for name, value in headline_facts(result).items():
            self.fact(name, value)
        return result

    def _record(self, kind: str, name: str, entry: Any) -> None:
        assert self.folder is not None
        contents = self._contents()
        contents[kind][name] = entry
        write_contents(self.folder, contents)

    def _relative(self, paths: tuple[Path, ...]) -> list[str]:
        assert self.folder is not None
        return [path.relative_to(self.folder).as_posix() for path in paths]


def open_results(folder: str | Path | None = None, study: Described | None = None) -> ResultsFolder:
    """Where a notebook puts its results. By hand, a cell that the study cannot answer then says so, and does not stop.

    Parameters
    ----------
    folder : path, optional
        Figures, tables and facts are written there. Without a folder they are only shown.
    study : Study or Outcomes, optional
        If it is simulated, or private, every figure and table says so.

    Returns
    -------
    ResultsFolder, with the methods ``figure``, ``table``, ``fact`` and ``headline``.

    Examples
    --------
    >>> results = open_results()
    >>> results.fact("patients", 235)
    """
    answer_in_words_by_hand()
    target = None if folder is None else Path(folder)
    if target is not None:
        target.mkdir(parents=True, exist_ok=True)
    return ResultsFolder(target, "" if study is None else stamp_of(study))


def stamp_of(study: Described) -> str:
    """The word on everything that is made of a study: SIMULATED, PRIVATE, or none for a public one."""
    if study.is_simulated:
        return SIMULATED
    return PRIVATE if study.visibility == "private" else ""


def read_contents(folder: Path) -> dict[str, dict[str, Any]]:
    """The results so far: ``figures``, ``tables`` and ``facts``, each name with its entry, in order; whose facts."""
    path = folder / CONTENTS
    empty: dict[str, dict[str, Any]] = {"figures": {}, "tables": {}, "facts": {}, "facts_of": {}}
    return {**empty, **json.loads(path.read_text(encoding="utf-8"))} if path.exists() else empty


def write_contents(folder: Path, contents: Mapping[str, Any]) -> None:
    """Write the results so far, as `read_contents` reads them."""
    text = json.dumps(contents, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / CONTENTS).write_text(text + "\n", encoding="utf-8", newline="\n")


def _without_legend(caption: str) -> str:
    """The number and the first sentence of a caption: where nothing is drawn, no marks are explained."""
    number = NUMBERED.match(caption)
    start = number.end() + len(". ") if number else 0
    end = caption.find(". ", start)
    return caption if end < 0 else caption[: end + 1]


def _of_parts(caption: str, drawn: tuple[int, ...]) -> str:
    """A caption with the legends of the parts that were drawn ("A: bars ... B: points ..."), lettered as these are."""
    start, *legends = re.split(r" (?=[A-Z]: )", caption)
    if not drawn or not legends:
        return caption
    kept = [legends[at].partition(": ")[2] for at in drawn]
    if len(kept) == 1:
        return f"{start} {sentence_case(kept[0])}"
    return " ".join([start, *(f"{letter}: {legend}" for letter, legend in zip(ascii_uppercase, kept, strict=False))])


def _without_lines_of_patients(caption: str) -> str:
    """A caption without what it says of marks of single patients: a public study shows none."""
    legend = caption.removeprefix(_without_legend(caption)).strip()
    parts = [part for part in legend.removesuffix(".").split("; ") if not LINES_OF_PATIENTS.match(part)]
    said = f"{sentence_case('; '.join(parts))}." if any(parts) else ""
    return f"{_without_legend(caption)} {said}".strip()


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ReportError(
            f"{name!r} cannot name a file of the results; use lower-case letters, digits and underscores."
        )


def _table_file_types() -> tuple[str, ...]:
    word = ("docx",) if importlib.util.find_spec("docx") else ()
    return ("html", "csv", "md", "tex", *word)
