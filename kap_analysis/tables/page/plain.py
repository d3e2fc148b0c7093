"""Tables as plain text: Markdown for a page, CSV for a machine."""

import csv
import io
from typing import Any, Final

import pandas as pd
from tabulate import tabulate

from kap_analysis.tables.page.content import TableContent
from kap_analysis.tables.page.layout import INDENT
from kap_analysis.writing.escapes import markdown_text
from kap_analysis.writing.numbers import is_missing

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), also in full-width letters."""


def render_markdown(table: TableContent) -> str:
    """Write a table as a Markdown pipe table; spanners become part of the headings, row groups bold rows."""
    layout = table.layout
    headings = []
    for column in layout.columns:
        spanner = layout.spanner_over(column.key)
        headings.append(_markdown(f"{spanner.heading}: {column.heading}" if spanner else column.heading))
    rows: list[list[str]] = []
    for group, lines in table.row_groups():
        if group:
            rows.append([f"**{_markdown(group)}**", *[""] * (len(headings) - 1)])
        rows.extend([_markdown(cell) for cell in line] for line in lines)
    body = tabulate(
        rows,
        headers=headings,
        tablefmt="pipe",
        colalign=[column.align for column in layout.columns],
        disable_numparse=True,
    )
    stamp = f"**{_markdown(table.stamp)}** " if table.stamp else ""
    notes = "\n\n".join(_markdown(note) for note in table.notes)
    return f"{stamp}**{_markdown(table.heading)}**\n\n{body}\n" + (f"\n{notes}\n" if notes else "")


def _markdown(text: str) -> str:
    return markdown_text(text).replace(INDENT, "&emsp;")


def render_csv(raw: pd.DataFrame) -> str:
    """Write a frame as CSV, numbers unrounded, missing values empty, text that begins like a formula behind a ``'``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_harmless(str(name)) for name in raw.columns])
    columns = [raw.iloc[:, position].astype(object) for position in range(raw.shape[1])]
    writer.writerows([_harmless(cell) for cell in row] for row in zip(*columns, strict=True))
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA_SIGNS) else cell
    return "" if is_missing(cell) else cell
