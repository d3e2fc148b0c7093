"""A CSV file as text: encoding, delimiter, header, width and physical lines, before any cell is understood."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from kap_analysis.study.contract.dictionary import TableSpec
from kap_analysis.study.contract.problems import Problems

_BYTE_ORDER_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_OTHER_FILES: Final = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF file"),
    (b"\x1f\x8b", "a gzip file"),
)
_DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars", ":": "colons", " ": "spaces"}
_EXPECTED_CSV: Final = "a CSV file in UTF-8 with commas between the cells"
_LONGEST_CELL: Final = 1_000_000
_COMMA, _LINE_END = b",\n"

csv.field_size_limit(_LONGEST_CELL)


@dataclass(frozen=True, slots=True)
class CodedCells:
    """The cells of one column, each distinct text once.

    Attributes
    ----------
    codes : numpy.ndarray
        For each cell the position of its text.
    texts : list of str
        The texts that occur, in the order of their first cells.
    """

    codes: np.ndarray
    texts: list[str]


@dataclass(frozen=True, slots=True)
class TextTable:
    """The cells of a CSV file as they stand.

    Attributes
    ----------
    header : tuple of str
    columns : list of CodedCells
        One per header entry, all of the same length.
    lines : numpy.ndarray
        Physical line on which each record begins; the header is line 1.
    widths : numpy.ndarray
        How many cells each record had; cut or padded here to the width of the header.
    """

    header: tuple[str, ...]
    columns: list[CodedCells]
    lines: np.ndarray
    widths: np.ndarray

    @property
    def uneven(self) -> np.ndarray:
        """True for records that had more or fewer cells than the header."""
        return self.widths != len(self.header)

    def only(self, kept: np.ndarray) -> "TextTable":
        """Return the records that a mask keeps, each at its line."""
        if kept.all():
            return self
        columns = [_recoded(cells.codes[kept], cells.texts) for cells in self.columns]
        return TextTable(self.header, columns, self.lines[kept], self.widths[kept])

    def report_widths(self, file: str, problems: Problems) -> None:
        """Report the records that have more or fewer cells than the header."""
        width, uneven = len(self.header), self.uneven
        found = [
            f"{n} cell{'s' if n != 1 else ''}"
            + (" (a decimal comma, or a comma in a cell without quotation marks?)" if n > width else "")
            for n in self.widths[uneven].tolist()
        ]
        problems.add_rows(file, self.lines[uneven], "", found, f"{width} cells, as in the header")


def read_text_table(path: Path, spec: TableSpec, problems: Problems) -> TextTable | None:
    """Read a CSV file as text; what is wrong goes to ``problems``, None if nothing can be read.

    Accepted without a word: a UTF-8 byte-order mark, CRLF or CR line ends, quoted cells, a missing last newline and
    blank lines. Rows of empty cells are rows here, and so are rows with too many cells or too few.
    """
    text = _decode(path, problems)
    if text is None:
        return None
    if not text.strip():
        problems.add(path.name, "an empty file", "a header line and one line per row")
        return None
    if not _is_separated_by_commas(text, path.name, spec, problems):
        return None
    return _read_plain(text) or _read_any(text, path.name, problems)


def _read_plain(text: str) -> TextTable | None:
    """Read a file without quotation marks whose lines all have as many cells as the header; None for any other.

    pyarrow reads such a file as the csv module does, many times as fast: it makes no Python object of a cell.
    """
    text = text.replace("\r\n", "\n")
    if '"' in text or "\r" in text or "\n\n" in text or text.startswith("\n"):
        return None
    raw = text.rstrip("\n").encode() + b"\n"
    places = np.frombuffer(raw, dtype=np.uint8)
    ends = np.flatnonzero(places == _LINE_END)
    commas = np.diff(np.searchsorted(np.flatnonzero(places == _COMMA), ends), prepend=0)
    lengths = np.diff(ends, prepend=-1) - 1
    width = int(commas[0]) + 1
    if len(ends) == 1 or (commas != width - 1).any() or lengths.max() >= _LONGEST_CELL:
        return None
    columns = [_from_arrow(column) for column in _arrow_table(raw, width).columns]
    header = tuple(text[: text.index("\n")].split(","))
    return TextTable(header, columns, np.arange(2, len(ends) + 1), np.full(len(ends) - 1, width))


def _arrow_table(raw: bytes, width: int) -> pa.Table:
    """Every cell below the header as the text that it is: nothing is a number yet, and nothing is missing."""
    names = [str(position) for position in range(width)]
    text_once = pa.dictionary(pa.int32(), pa.string())
    return arrow_csv.read_csv(
        pa.BufferReader(raw),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, column_names=names, skip_rows=1, block_size=4 * _LONGEST_CELL
        ),
        parse_options=arrow_csv.ParseOptions(quote_char=False, double_quote=False, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, text_once), null_values=[]),
    )


def _from_arrow(column: pa.ChunkedArray) -> CodedCells:
    whole = column.unify_dictionaries().combine_chunks()
    return CodedCells(whole.indices.to_numpy().astype(np.intp), whole.dictionary.to_pylist())


def _read_any(text: str, file: str, problems: Problems) -> TextTable | None:
    records, starts = _records(text, file, problems)
    if not records:
        return None
    header, body = tuple(records[0]), records[1:]
    widths = np.fromiter(map(len, body), dtype=np.int64, count=len(body))
    uneven = widths != len(header)
    if uneven.any():
        body = [(record + [""] * len(header))[: len(header)] if bad else record
                for record, bad in zip(body, uneven, strict=True)]  # fmt: skip
    cells = zip(*body, strict=True) if body else [()] * len(header)
    return TextTable(header, [_coded(column) for column in cells], np.asarray(starts[1:], dtype=np.int64), widths)


def _coded(cells: Sequence[str]) -> CodedCells:
    codes, texts = pd.factorize(np.asarray(cells, dtype=object))
    return CodedCells(codes, [str(text) for text in texts])


def _recoded(codes: np.ndarray, texts: Sequence[str]) -> CodedCells:
    new_codes, used = pd.factorize(codes)
    return CodedCells(new_codes, [texts[code] for code in used])


def _decode(path: Path, problems: Problems) -> str | None:
    try:
        raw = path.read_bytes()
    except OSError as error:
        problems.add(path.name, f"a file that cannot be opened ({error.strerror})", _EXPECTED_CSV)
        return None
    for signature, kind in _OTHER_FILES:
        if raw.startswith(signature):
            problems.add(path.name, kind, _EXPECTED_CSV)
            return None
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            problems.add(path.name, f"the encoding {encoding}", _EXPECTED_CSV)
            return None
    if b"\x00" in raw:
        line = raw[: raw.index(b"\x00")].count(b"\n") + 1
        problems.add(path.name, "zero bytes, as in UTF-16 or in a damaged file", _EXPECTED_CSV, row=line)
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = f"the byte 0x{raw[error.start]:02X}, which is not UTF-8 (Windows-1252, Latin-1 or another encoding)"
        problems.add(path.name, found, f"{_EXPECTED_CSV} (in Excel: save as CSV UTF-8)", row=line)
        return None


def _is_separated_by_commas(text: str, file: str, spec: TableSpec, problems: Problems) -> bool:
    first = next((line for line in io.StringIO(text) if line.strip()), "").strip()
    if re.fullmatch(r"sep=.", first, re.IGNORECASE):
        problems.add(file, f"the line {first!r} in the place of the header", _EXPECTED_CSV, row=1)
        return False
    known = set(spec.columns)
    by_comma = {cell.strip(' "') for cell in first.split(",")}
    for delimiter, name in _DELIMITERS.items():
        cells = [cell.strip(' "') for cell in first.split(delimiter)]
        if len(cells) > 1 and len(known.intersection(cells)) > len(known & by_comma):
            decimal = " and decimal commas" if re.search(rf"\d,\d[^{re.escape(delimiter)},]*", text) else ""
            problems.add(file, f"cells separated by {name}{decimal}", _EXPECTED_CSV)
            return False
    return True


def _records(text: str, file: str, problems: Problems) -> tuple[list[list[str]], list[int]]:
    records: list[list[str]] = []
    ends = [0]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for record in reader:
            records.append(record)
            ends.append(reader.line_num)
    except csv.Error as error:
        start = ends[-1] + 1
        found = f"quotation marks that do not pair up ({error})"
        problems.add(file, found, "a cell in quotation marks that ends with one", row=start)
        return [], []
    starts = [end + 1 for end, _ in pairwise(ends)]
    kept = [position for position, record in enumerate(records) if record]
    return [records[position] for position in kept], [starts[position] for position in kept]
