"""The table that every ``table_*`` function returns: text laid out for readers, beside the numbers it came from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pandas.errors import PyperclipException

from kap_analysis.errors import TableError
from kap_analysis.tables.page.content import TableContent
from kap_analysis.tables.page.excel import write_excel
from kap_analysis.tables.page.html import render_html, render_page
from kap_analysis.tables.page.latex import render_document, render_latex
from kap_analysis.tables.page.plain import render_csv, render_markdown
from kap_analysis.tables.page.word import write_word

FILE_TYPES: Final = ("html", "csv", "md", "tex", "docx", "xlsx")
PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, eq=False)
class Table(TableContent):
    """A table for a paper or a report: it shows itself in a notebook, and writes what papers and spreadsheets take.

    Its fields are those of :class:`~kap_analysis.tables.page.content.TableContent`.
    """

    def __repr__(self) -> str:
        stamp = f", {self.stamp}" if self.stamp else ""
        rows, columns = len(self.cells), len(self.layout.columns)
        shape = f"{rows} row{'s' if rows != 1 else ''}, {columns} columns"
        return f"<Table {self.name}: {self.heading} ({shape}{stamp})>"

    def _repr_html_(self) -> str:
        return self.to_html()

    def numbered(self, number: str) -> "Table":
        """The same table under a manuscript number: ``table.numbered("Table 2")``."""
        return replace(self, number=number)

    def titled(self, title: str) -> "Table":
        """The same table under another title."""
        return replace(self, title=title)

    def stamped(self, stamp: str) -> "Table":
        """The same table with a word that must stay with it: ``table.stamped("SIMULATED")``."""
        return replace(self, stamp=stamp)

    def with_notes(self, *notes: str) -> "Table":
        """The same table with more notes below it."""
        return replace(self, notes=(*self.notes, *notes))

    def to_html(self) -> str:
        """The table as an HTML fragment that loads nothing and takes its colours from the page around it."""
        return render_html(self)

    def to_latex(self, *, document: bool = False) -> str:
        r"""The table in LaTeX for pdflatex, which needs ``booktabs``, ``array`` and ``longtable``.

        Parameters
        ----------
        document : bool
            Also write the lines that let the file compile by itself. They are skipped where the file is read with
            ``\input`` into a document, so that one file serves both.
        """
        return render_document(self) if document else render_latex(self)

    def to_markdown(self) -> str:
        """The table in Markdown (pipe tables)."""
        return render_markdown(self)

    def to_csv(self) -> str:
        """The unrounded numbers as CSV text; text that a spreadsheet would run as a formula is neutralised by ``'``."""
        return render_csv(self.raw)

    def to_docx(self, path: str | Path) -> Path:
        """Write a Word document with the table as a real Word table, and return its path.

        Raises
        ------
        TableError
            If python-docx is not installed.
        """
        return write_word([self], path)

    def to_xlsx(self, path: str | Path) -> Path:
        """Write an Excel workbook, the table on one sheet and its unrounded numbers on another, and return its path.

        Raises
        ------
        TableError
            If XlsxWriter is not installed.
        """
        return write_excel([self], path)

    def copy(self) -> None:
        """Put the unrounded numbers on the clipboard, for a spreadsheet: columns are separated by tabs.

        Raises
        ------
        TableError
            If this computer has no clipboard that Python can reach, as on a server.
        """
        try:
            self.raw.to_clipboard(index=False)
        except (PyperclipException, OSError) as error:
            raise TableError(
                f"The table {self.name} cannot be copied: this computer has no clipboard that Python can reach. "
                "Use save(folder) or to_csv()."
            ) from error

    def save(
        self, folder: str | Path, name: str = "", file_types: str | Sequence[str] = ("html", "csv")
    ) -> tuple[Path, ...]:
        """Write the table into a folder, one file per file type, and return the paths.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.
        name : str
            File name without ending; the table's own name by default.
        file_types : str or sequence of str
            One or some of ``html csv md tex docx xlsx``.

        Raises
        ------
        TableError
            For an unknown file type, a name that is no plain file name, Word without python-docx, or Excel without
            XlsxWriter.
        """
        file_types = (file_types,) if isinstance(file_types, str) else tuple(file_types)
        unknown = [file_type for file_type in file_types if file_type not in FILE_TYPES]
        if unknown:
            raise TableError(f"A table cannot be written as {', '.join(unknown)}; choose from {', '.join(FILE_TYPES)}.")
        stem = name or self.name
        if not PLAIN_NAME.fullmatch(stem):
            raise TableError(f"{stem!r} cannot name a file: use letters, digits, '-', '_' and '.' only.")
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        return tuple(self._write(target / f"{stem}.{file_type}", file_type) for file_type in file_types)

    def _write(self, path: Path, file_type: str) -> Path:
        if file_type == "docx":
            return self.to_docx(path)
        if file_type == "xlsx":
            return self.to_xlsx(path)
        texts = {
            "html": lambda: render_page(self),
            "csv": self.to_csv,
            "md": self.to_markdown,
            "tex": lambda: self.to_latex(document=True),
        }
        path.write_text(texts[file_type](), encoding="utf-8", newline="\n")
        return path
