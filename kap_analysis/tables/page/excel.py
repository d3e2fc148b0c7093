"""Tables as Excel workbooks: what readers see on one sheet, its unrounded numbers on the next.

Equal tables are equal files.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from kap_analysis.errors import TableError
from kap_analysis.tables.page.content import AUTHOR, WRITTEN, TableContent
from kap_analysis.tables.page.layout import INDENT
from kap_analysis.tables.page.widths import fitted_columns
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.numbers import is_missing

try:
    from xlsxwriter import Workbook

    HAS_XLSXWRITER = True
except ImportError:  # the extra `excel` is not installed; write_excel says so
    HAS_XLSXWRITER = False

SAFE: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
"""Text stays text: no formula, no link, and no id that becomes a number."""
MOST_LETTERS: Final = 31
NOT_IN_A_NAME: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", "-"))
"""What Excel allows as the name of a sheet."""
NUMBERS: Final = " numbers"
BUDGET: Final = 140
"""Letters that a line of a sheet has room for before sentences are broken over lines."""


def write_excel(tables: Sequence[TableContent], path: str | Path) -> Path:
    """Write tables into one Excel workbook, and return the path.

    Each table has two sheets: one as readers see it, with its title and notes, and one with the unrounded numbers
    behind it, a column per column of `Table.raw`. Missing values are empty cells.

    Parameters
    ----------
    tables : sequence of Table
        In the order of their sheets.
    path : str or Path
        Its folder is there already.

    Raises
    ------
    TableError
        If there is no table, or XlsxWriter is not installed.
    """
    if not HAS_XLSXWRITER:
        raise TableError("Writing Excel files needs XlsxWriter: pip install 'kap-analysis[excel]'.")
    if not len(tables):
        raise TableError("write_excel has nothing to write: tables= is empty.")
    buffer = io.BytesIO()
    with Workbook(buffer, SAFE) as book:
        book.set_properties(
            {"title": tables[0].heading, "author": AUTHOR, "comments": tables[0].stamp, "created": WRITTEN}
        )
        taken: set[str] = set()
        for table in tables:
            _write_shown(book, table, _sheet_name(table.name, "", taken))
            _write_numbers(book, table, _sheet_name(table.name, NUMBERS, taken))
    target = Path(path)
    target.write_bytes(buffer.getvalue())
    return target


def _sheet_name(name: str, end: str, taken: set[str]) -> str:
    """A name that Excel allows and no other sheet has, whatever the case of its letters."""
    plain, copy = name.translate(NOT_IN_A_NAME), 1
    while True:
        mark = f" {copy}" if copy > 1 else ""
        found = plain[: MOST_LETTERS - len(end) - len(mark)] + mark + end
        if found.lower() not in taken:
            taken.add(found.lower())
            return found
        copy += 1


def _write_shown(book: Any, table: TableContent, name: str) -> None:
    """The table as readers see it: title, headings, rows of text, notes."""
    layout, sheet = table.layout, book.add_worksheet(name)
    bold, text = {"bold": True, "valign": "top"}, {"valign": "top", "text_wrap": True}
    sheet.write_string(0, 0, visible(f"{table.stamp}  {table.heading}".strip()), book.add_format({"bold": True}))
    row = 2
    if layout.spanners:
        start, across = 0, book.add_format({**bold, "align": "center", "bottom": 1})
        for heading, width in layout.spans():
            if heading and width > 1:
                sheet.merge_range(row, start, row, start + width - 1, visible(heading), across)
            elif heading:
                sheet.write_string(row, start, visible(heading), across)
            start += width
        row += 1
    for at, (column, printed) in enumerate(zip(layout.columns, fitted_columns(table, BUDGET), strict=True)):
        sheet.set_column(at, at, printed.width + 2)
        heading = book.add_format({**bold, "align": column.align, "text_wrap": True, "bottom": 1})
        sheet.write_string(row, at, visible(column.heading), heading)
    sheet.freeze_panes(row + 1, 1)
    group_format = book.add_format(bold)
    formats = [book.add_format({**text, "align": column.align}) for column in layout.columns]
    indented = book.add_format({**text, "align": "left", "indent": 1})
    for group, lines in table.row_groups():
        if group:
            row += 1
            sheet.write_string(row, 0, visible(group), group_format)
        for line in lines:
            row += 1
            for at, cell in enumerate(line):
                is_indented = at == 0 and cell.startswith(INDENT)
                sheet.write_string(row, at, visible(cell.lstrip(INDENT)), indented if is_indented else formats[at])
    for note in table.notes:
        row += 1
        sheet.write_string(row + 1, 0, visible(note))


def _write_numbers(book: Any, table: TableContent, name: str) -> None:
    """The numbers behind the table, unrounded, one column each."""
    sheet, heading = book.add_worksheet(name), book.add_format({"bold": True, "bottom": 1})
    for at, column in enumerate(table.raw.columns):
        sheet.write_string(0, at, visible(str(column)), heading)
        for row, value in enumerate(table.raw.iloc[:, at].astype(object), start=1):
            _write_value(sheet, row, at, value)
    sheet.freeze_panes(1, 0)
    if table.stamp:
        sheet.write_string(len(table.raw) + 2, 0, visible(table.stamp), book.add_format({"bold": True}))


def _write_value(sheet: Any, row: int, at: int, value: Any) -> None:
    if is_missing(value):
        return
    if isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, at, bool(value))
    elif isinstance(value, int | float | np.number) and np.isfinite(value):
        sheet.write_number(row, at, float(value))
    else:
        sheet.write_string(row, at, visible(str(value)))
