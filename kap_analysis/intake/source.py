"""Files as they come: CSV and its relatives, workbooks, SPSS, Stata, SAS and Parquet; a file or a folder of files."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from kap_analysis.errors import IntakeError
from kap_analysis.intake.source_table import SourceTable, cell_text, table_from_rows

TEXTS: Final = frozenset({".csv", ".tsv", ".txt", ".tab"})
BOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
STATISTICAL: Final = frozenset({".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt"})
COLUMNAR: Final = frozenset({".parquet"})
KNOWN: Final = TEXTS | BOOKS | STATISTICAL | COLUMNAR
#: Workbooks that are ZIP files; encrypted they are an OLE file, as old workbooks are.
ZIPPED: Final = frozenset({".xlsx", ".xlsm", ".xlsb"})
_LOCKED: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DELIMITERS: Final = (",", ";", "\t", "|")
_LONGEST_CELL: Final = 10_000_000


def files_of(source: str | Path) -> tuple[Path, list[Path]]:
    """Return the folder of a source and its files that can be read, in the order of their names."""
    path = Path(source)
    if path.is_file():
        if path.suffix.lower() not in KNOWN:
            raise IntakeError(f"Found a file that ends in {path.suffix or 'nothing'}; expected one of {_endings()}.")
        return path.parent, [path]
    if not path.is_dir():
        raise IntakeError(f"Found nothing at {path}; expected a file or a folder with the export.")
    found = sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() in KNOWN and p.name[0] not in ".~")
    if not found:
        raise IntakeError(f"Found no file in {path.name} that can be read; expected files that end in {_endings()}.")
    return path, found


def open_file(path: Path, name: str, settings: Sequence[Mapping[str, Any]] = ()) -> list[SourceTable]:
    """Open one file; return its tables: one, or one per sheet.

    Parameters
    ----------
    path, name
        The file, and the name by which maps and messages call it.
    settings : sequence of mappings
        What a map says of reading: ``sheet``, ``header_row``, ``encoding``, ``delimiter``.

    Raises
    ------
    IntakeError
        If the file is empty, locked with a password, cut off, or changes while it is read.
    """
    before = _state(path)
    if before[0] == 0:
        raise IntakeError(f"Found an empty file, {name}; expected a table.")
    if path.suffix.lower() in ZIPPED and _starts(path, _LOCKED):
        raise IntakeError(
            f"Found {name}, which is locked with a password, or an old workbook under a new name. Open it, and save it "
            "as a workbook without a password."
        )
    try:
        tables = _reader(path.suffix.lower())(path, name, settings)
    except IntakeError:
        raise
    except Exception as error:  # each reader has errors of its own; none may quote the file
        raise IntakeError(
            f"Found {name}, which cannot be read as {path.suffix.lower()} ({type(error).__name__}); expected a whole "
            "file without a password. Export it again, or save it as CSV in UTF-8."
        ) from None
    if _state(path) != before:
        raise IntakeError(f"{name} changed while it was read; close the program that writes it and try again.")
    return tables


def _state(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError as error:
        raise IntakeError(f"{path.name} cannot be opened ({error.strerror}).") from None
    return state.st_size, state.st_mtime_ns


def _starts(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _reader(ending: str) -> Callable[[Path, str, Sequence[Mapping[str, Any]]], list[SourceTable]]:
    if ending in TEXTS:
        return _read_text
    if ending in BOOKS:
        return _read_book
    return _read_statistical if ending in STATISTICAL else _read_parquet


def _endings() -> str:
    return ", ".join(sorted(KNOWN))


def _read_text(path: Path, name: str, settings: Sequence[Mapping[str, Any]]) -> list[SourceTable]:
    said = settings[0] if settings else {}
    text, encoding = decode(path.read_bytes(), said.get("encoding"))
    delimiter = said.get("delimiter") or _delimiter(text)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    plain = _PlainTexts()
    rows, lines, line = [], [], 1
    for row in reader:
        rows.append(tuple([plain[cell] for cell in row]))  # the collector of garbage passes over tuples of texts
        lines.append(line)
        line = reader.line_num + 1
    if lines and text.count('"') % 2 and _is_never_closed(text, lines[-1], delimiter):
        raise IntakeError(
            f"Found a quotation mark in line {lines[-1]:,} that nothing closes; expected a whole file: was it cut off?"
        )
    reading = {"encoding": encoding, "delimiter": delimiter}
    header, ends_open = said.get("header_row"), text[-1:] not in ("\n", "\r")
    return [table_from_rows(rows, lines, file=name, header_row=header, reading=reading, ends_open=ends_open)]


def _is_never_closed(text: str, line: int, delimiter: str) -> bool:
    """Whether the last row of a text, which begins in a line, opens a quotation that nothing closes."""
    last = "\n".join(re.split(r"\r\n|\n|\r", text)[line - 1 :])
    try:
        list(csv.reader(io.StringIO(last, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


class _PlainTexts(dict[str, str]):
    """Text -> the same without spaces around it and doubled ones; each is made, and kept in memory, once."""

    def __missing__(self, text: str) -> str:
        plain = self[text] = " ".join(text.split())
        return plain


def decode(content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file and its encoding: UTF-16 where the bytes say so, else the one given, or UTF-8, or
    Windows-1252.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content[:2000].count(b"\x00") > len(content[:2000]) // 4:
        encoding = "utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"
    try:
        plain = (encoding or "utf-8").lower() in ("utf-8", "utf8")
        text, used = content.decode("utf-8-sig" if plain else str(encoding)), encoding or "utf-8"
    except LookupError:
        raise IntakeError(f"Found the encoding {encoding!r}; expected utf-8, utf-16 or windows-1252.") from None
    except UnicodeDecodeError:
        text, used = content.decode("cp1252", errors="replace"), "windows-1252"
    if "\x00" in text:
        raise IntakeError("Found bytes that are no text; expected a file of text in UTF-8, UTF-16 or Windows-1252.")
    return text, used


def _delimiter(text: str) -> str:
    """Return the delimiter that gives the first lines the same, largest number of cells."""
    head = text[:200_000].splitlines()[:50]
    best, most = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(head, delimiter=delimiter) if len(row) > 1)
        if widths:
            width, times = widths.most_common(1)[0]
            score = times * (1 + min(width, 50) / 100)
            if score > most:
                best, most = delimiter, score
    return best


def _read_book(path: Path, name: str, settings: Sequence[Mapping[str, Any]]) -> list[SourceTable]:
    from python_calamine import CalamineWorkbook

    said = {entry.get("sheet", ""): entry for entry in settings}
    with CalamineWorkbook.from_path(str(path)) as book:
        tables = []
        for sheet in book.sheet_names:
            if settings and sheet not in said:
                continue
            opened = book.get_sheet_by_name(sheet)
            rows = [[cell_text(cell) for cell in row] for row in opened.to_python(skip_empty_area=False)]
            if any(any(row) for row in rows):
                header = said.get(sheet, {}).get("header_row")
                lines, merged = list(range(1, len(rows) + 1)), opened.merged_cell_ranges or ()
                tables.append(table_from_rows(rows, lines, file=name, sheet=sheet, header_row=header, merged=merged))
    return tables


def _read_statistical(path: Path, name: str, settings: Sequence[Mapping[str, Any]]) -> list[SourceTable]:
    from pyreadstat import read_dta, read_por, read_sas7bdat, read_sav, read_xport

    ending = path.suffix.lower()
    if ending in (".sav", ".zsav"):
        frame, about = read_sav(str(path), user_missing=True)
    elif ending == ".dta":
        frame, about = read_dta(str(path), user_missing=True)
    else:
        readers: dict[str, Any] = {".por": read_por, ".sas7bdat": read_sas7bdat, ".xpt": read_xport}
        frame, about = readers[ending](str(path))
    labels = {
        column: {cell_text(code): str(label) for code, label in coded.items()}
        for column, coded in about.variable_value_labels.items()
    }
    coded = {c: [{"lo": code, "hi": code} for code in codes] for c, codes in about.missing_user_values.items()}
    return [_from_frame(frame, name, labels, about.column_names_to_labels, {**about.missing_ranges, **coded})]


def _read_parquet(path: Path, name: str, settings: Sequence[Mapping[str, Any]]) -> list[SourceTable]:
    return [_from_frame(pq.ParquetFile(path).read().to_pandas(), name, {}, {}, {})]


def _from_frame(
    frame: pd.DataFrame, name: str, labels: Mapping[str, Any], headings: Mapping[str, Any], missing: Mapping[str, Any]
) -> SourceTable:
    cells = {}
    for column in frame:
        codes, values = pd.factorize(frame[column], use_na_sentinel=True)
        texts = np.array([*[cell_text(value) for value in values], ""], dtype=object)
        for code in range(len(values)):
            if any(_within(texts[code], span) for span in missing.get(str(column), ())):
                texts[code] = ""  # declared as user-missing by the file itself
        cells[str(column)] = texts[codes]
    return SourceTable(
        file=name,
        sheet="",
        cells=cells,
        lines=np.arange(1, len(frame) + 1),
        headings={column: str(label) for column, label in headings.items() if label},
        labels=labels,
    )


def _within(text: str, span: Mapping[str, Any]) -> bool:
    try:
        return float(span["lo"]) <= float(text) <= float(span["hi"])
    except (ValueError, TypeError):
        return text == str(span["lo"])
