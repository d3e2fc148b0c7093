"""One table of a foreign file, every cell as text, with the line that each row stands on and how the file was read."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final

import numpy as np

LINES_SEARCHED: Final = 25
NUMBER: Final = re.compile(r"[-+]?\d+([.,]\d+)?")
_LIKE_A_DATE: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")

#: The first and the last cell of a merged range, each as row and column from 0.
_Merged = tuple[tuple[int, int], tuple[int, int]]
_IMPORT_ID: Final = re.compile(r'\{"ImportId":')
_OF_SURVEY: Final = "three rows of headers, as Qualtrics writes them: names, questions, keys; none is a response"


@dataclass(frozen=True)
class SourceTable:
    """A sheet or a file as it came.

    Attributes
    ----------
    file, sheet : str
        Name of the file (below the source) and of the sheet; no sheet: an empty text.
    cells : dict of str to numpy.ndarray
        Column -> texts, stripped; an empty cell is an empty text.
    lines : numpy.ndarray
        The physical line (or row of the sheet, or record) of each row.
    reading : dict
        How it was read: ``encoding``, ``delimiter``, ``header_row``; what a map can set.
    headings : dict of str to str
        What stands above the header of a column, where the header has two rows.
    labels : dict of str to dict
        Column -> code -> label, of files that carry them.
    names : dict of str to str
        Column -> the name of its field, where the header is a label (REDCap with its dictionary).
    note : str
        What a map says of how the table was read, where it has more than one row of headers.
    n_blank : int
        Rows below the header without any value, such as ``,,,``; they are not among the rows.
    broken : tuple of (line, found, expected)
        Lines of a file of text that are no whole rows: with more values than the header has names, where most lines
        have not (a comma in a number, without quotation marks, moves what follows); or the last one, cut off.
    """

    file: str
    sheet: str
    cells: Mapping[str, np.ndarray]
    lines: np.ndarray
    reading: Mapping[str, Any] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    n_blank: int = 0
    broken: tuple[tuple[int, str, str], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the file's order."""
        return tuple(self.cells)

    @property
    def place(self) -> str:
        """The file, and the sheet where there is one: ``tracker.xlsx [Sessions]``."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file

    def label_of(self, column: str, text: str) -> str:
        """Return the label of a code, or the text itself where it has none."""
        return self.labels.get(column, {}).get(text, text)


def cell_text(value: Any) -> str:
    """Return a cell as text: dates as ISO writes them, 1000.0 as 1000, nothing as an empty text."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    if isinstance(value, datetime):
        whole_day = value.time() == time() and value.tzinfo is None
        return value.date().isoformat() if whole_day else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return " ".join(str(value).replace("\ufeff", "").split())


def table_from_rows(
    rows: Sequence[Sequence[str]],
    lines: Sequence[int],
    *,
    file: str,
    sheet: str = "",
    header_row: int | None = None,
    reading: Mapping[str, Any] | None = None,
    ends_open: bool = False,
    merged: Sequence[_Merged] = (),
) -> SourceTable:
    """Make a table of rows of text; the header is the row that a map names, or is found.

    Title lines above the header are not data. Blank rows are left out and counted. A second header row above (merged
    cells) gives the ``headings``, and makes names that occur twice distinct. Of the three rows that a survey platform
    writes (names, questions, keys of its own) the second gives the headings and the third says nothing. A column
    without a name is called by its number (column 5). ``ends_open`` says that nothing ends the last line of a file of
    text. What is merged downwards below the header (an id beside all rows of a patient) holds for each of its rows.
    """
    at = _header_at(rows, lines, header_row)
    rows = _unmerged(rows, merged, at)
    names = list(rows[at]) if rows else []
    while names and not names[-1]:
        names.pop()
    named = len(names)
    first = at + (3 if (is_survey := _has_import_ids(rows, at)) else 1)
    kept = [(line, row) for line, row in zip(lines[first:], rows[first:], strict=True) if any(row)]
    longer = [line for line, row in kept if len(row) > named and any(row[named:])]
    is_shifted = "delimiter" in (reading or {}) and 2 * len(longer) < len(kept)
    if longer and not is_shifted:
        names += [""] * (max(len(row) for _, row in kept) - named)
    above = _filled(rows[at - 1], len(names)) if at > 0 and _spans(rows[at - 1]) else [""] * len(names)
    questions = [*rows[at + 1], *[""] * len(names)][: len(names)] if is_survey else above
    columns = _distinct(names, above)
    width = len(columns)
    full = [tuple(row[:width]) if len(row) >= width else (*row, *[""] * (width - len(row))) for _, row in kept]
    cells = zip(columns, _as_columns(full, width), strict=True)
    return SourceTable(
        file=file,
        sheet=sheet,
        cells={name: texts for n, (name, texts) in enumerate(cells) if n < named or (texts != "").any()},
        lines=np.array([line for line, _ in kept], dtype=np.int64),
        reading={**(reading or {}), "header_row": lines[at] if rows else 1},
        headings={name: text for name, text in zip(columns, questions, strict=True) if text},
        note=_OF_SURVEY if is_survey else "",
        n_blank=sum(len(row) > 1 and not any(row) for row in rows[first:]),
        broken=(*((line, *_too_long(named)) for line in longer if is_shifted), *_cut_off(kept, named, ends_open)),
    )


def _unmerged(rows: Sequence[Sequence[str]], merged: Sequence[_Merged], at: int) -> Sequence[Sequence[str]]:
    """Return the rows with what cells merged over several rows of one column hold; blank rows stay blank."""
    if not merged:
        return rows
    filled = [list(row) for row in rows]
    for (first, column), (last, end) in merged:
        if first > at and column == end:
            for row in range(first + 1, last + 1):
                if any(rows[row]):
                    filled[row][column] = rows[first][column]
    return filled


def _too_long(n: int) -> tuple[str, str]:
    expected = f"at most {n}; put quotation marks around a value that holds the delimiter"
    return "a line with more values than the header has names", expected


def _cut_off(kept: Sequence[tuple[int, Sequence[str]]], n: int, ends_open: bool) -> list[tuple[int, str, str]]:
    """The last line, where it alone is shorter than the header and nothing ends it."""
    if not ends_open or len(kept) < 2 or not 1 < len(kept[-1][1]) < n or any(len(row) < n for _, row in kept[:-1]):
        return []
    return [(kept[-1][0], "a last line that is shorter than all others", "a whole file: was it cut off?")]


def _as_columns(rows: list[tuple[str, ...]], width: int) -> list[np.ndarray]:
    if not rows:
        return [np.empty(0, dtype=object) for _ in range(width)]
    return list(np.array(rows, dtype=object).reshape(len(rows), width).T.copy())


def _header_at(rows: Sequence[Sequence[str]], lines: Sequence[int], header_row: int | None) -> int:
    if header_row is not None and header_row in list(lines[: 10 * LINES_SEARCHED]):
        return list(lines).index(header_row)
    head = rows[: 2 * LINES_SEARCHED]
    filled = [n for row in head if (n := sum(bool(cell) for cell in row))]
    counts = Counter([n for n in filled if n > 1] or filled)  # lines of one cell are titles, where others have more
    usual = max(counts, key=lambda n: (counts[n], n), default=0)
    for at, row in enumerate(rows[:LINES_SEARCHED]):
        names = [cell for cell in row if cell]
        enough = len(names) >= max(1, 0.6 * usual)
        if enough and not any(NUMBER.fullmatch(cell) or _LIKE_A_DATE.fullmatch(cell) for cell in names):
            return at
    return 0


def _has_import_ids(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether the second row below the header holds the keys that Qualtrics writes there."""
    cells = [cell for cell in rows[at + 2] if cell] if len(rows) > at + 2 else []
    return bool(cells) and all(_IMPORT_ID.match(cell) for cell in cells)


def _spans(row: Sequence[str]) -> bool:
    return sum(bool(cell) for cell in row) >= 2


def _filled(row: Sequence[str], width: int) -> list[str]:
    filled, last = [], ""
    for cell in [*row, *[""] * width][:width]:
        last = cell or last
        filled.append(last)
    return filled


def _distinct(names: Sequence[str], above: Sequence[str]) -> list[str]:
    """Return names without doubles: the heading before the name, or else a number behind it."""
    counts = Counter(names)
    texts = [
        f"{heading} / {name}" if counts[name] > 1 and heading else name or f"column {n}"
        for n, (name, heading) in enumerate(zip(names, above, strict=True), 1)
    ]
    seen: Counter[str] = Counter()
    for at, name in enumerate(texts):
        seen[name] += 1
        if seen[name] > 1:
            texts[at] = f"{name} ({seen[name]})"
    return texts
