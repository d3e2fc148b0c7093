"""Rows that a spreadsheet leaves in a table and that are no rows of it: empty ones, sums, and notes below.

An empty row is left out, with a note of where it was. A sum or a note below is a problem of one line: it may hold what
belongs into the table, so that a person deletes it.
"""

import re
from typing import Final

import numpy as np

from kap_analysis.study.contract.dictionary import TableSpec
from kap_analysis.study.contract.identifiers import Place, identifier_kinds, is_free_text, mask
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.reading.cells import MISSING
from kap_analysis.study.reading.text_file import TextTable

#: What the first filled cell of a row of sums, means or counts says, in the languages of common spreadsheets.
SUMMARY: Final = re.compile(
    r"(?i)((grand |sub-?|column )?(totals?|sums?|means?|averages?|avg\.?|medians?|counts?|summen?|gesamt(summe)?"
    r"|insgesamt|mittelwerte?|durchschnitt|anzahl|mediane?|std\.? ?(dev\.?)?|sd|s\.d\.|standard deviation"
    r"|standardabweichung|min(imum)?|max(imum)?|total(e|es|is)|somme|moyenne|suma|promedio|media|somma)"
    r"( ?\([^()]{1,20}\))?|n(?= ?[=:]))( ?[=:] ?-?[0-9.,]*)?"
)
_RUNS_NAMED: Final = 10


def leave_out_spreadsheet_rows(
    table: TextTable, spec: TableSpec, file: str, problems: Problems
) -> tuple[TextTable, list[str]]:
    """Return the rows of a table without those of a spreadsheet, and a note on the empty ones.

    Sums and notes below the table go to ``problems``, one line each, and are told nowhere else.
    """
    n_filled, leading, texts = _filled(table)
    blank = n_filled == 0
    sums = np.isin(leading, [at for at, text in enumerate(texts) if SUMMARY.fullmatch(text)])
    in_first_column = leading < len(table.columns[0].texts)
    lonely = (n_filled == 1) & ~sums & in_first_column
    needed = [name for name, column in spec.columns.items() if name in table.header and not column.empty]
    if len(needed) < 2:  # A row with nothing but a code is one; a code has no spaces.
        lonely &= table.uneven | np.isin(leading, [at for at, text in enumerate(texts) if " " in text])
    problems.add_rows(
        file,
        table.lines[sums],
        "",
        [f"a row of sums, means or counts, which begins with {_shown(texts[at], 'label')}" for at in leading[sums]],
        f"one row per {spec.row}; delete this one",
    )
    problems.add_rows(
        file,
        table.lines[lonely],
        "",
        [f"a row with nothing but {_shown(texts[at], 'person')}" for at in leading[lonely]],
        f"one row per {spec.row}; what stands below a table belongs elsewhere",
    )
    notes = [_note(file, table.lines, np.flatnonzero(blank))] if blank.any() else []
    return table.only(~(blank | sums | lonely)), notes


def without_last_blank_rows(table: TextTable) -> TextTable:
    """Return a table without the empty rows at its end."""
    filled = np.flatnonzero(_filled(table)[0])
    last = filled[-1] if len(filled) else -1
    return table.only(np.arange(len(table.lines)) <= last)


def _filled(table: TextTable) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """For each row how many cells are filled, and the code of the first of them (-1: none); the texts of the codes."""
    n_filled = np.zeros(len(table.lines), dtype=np.int64)
    leading = np.full(len(table.lines), -1)
    texts: list[str] = []
    for cells in table.columns:
        stripped = [text.strip() for text in cells.texts]
        says_something = np.array([text not in ("", MISSING) for text in stripped], dtype=bool)
        here = says_something[cells.codes] if len(cells.codes) else np.zeros(0, dtype=bool)
        first = here & (leading < 0)
        leading[first] = cells.codes[first] + len(texts)
        n_filled += here
        texts += stripped
    return n_filled, leading, texts


def _shown(text: str, place: Place) -> str:
    """Quote a cell, or its mask where it may tell of a person."""
    return mask(text) if identifier_kinds([text], place)[0] or is_free_text(text) else repr(text)


def _note(file: str, lines: np.ndarray, blank: np.ndarray) -> str:
    runs = np.split(lines[blank], np.flatnonzero(np.diff(blank) > 1) + 1)
    named = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:_RUNS_NAMED]]
    more = sum(len(run) for run in runs[_RUNS_NAMED:])
    where = ", ".join(named) + (f" and {more:,} more" if more else "")
    rows = (
        "1 row without any value is left out: row"
        if len(blank) == 1
        else (f"{len(blank):,} rows without any value are left out: rows")
    )
    return f"{file}: {rows} {where}."
