"""Fitting the rows of a forest to the width of a page: labels in lines, numbers under them where there is no room."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kap_analysis.figures.marks.forest import COLUMN_GAP_PT, INDENT_PT, ForestRow, column_width
from kap_analysis.figures.page.label_fit import lines_within
from kap_analysis.figures.page.style import POINTS_PER_MM, SMALL_PT
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.writing.numbers import DASH

_NARROW_MM: Final = 120.0
"""Pages narrower than this have the numbers under the label, not in columns of their own."""
_PANEL_SHARE: Final = 0.3
"""The least share of a page's width that is left to the marks."""


def fitted_rows(
    rows: Sequence[ForestRow], headers: Sequence[str], width_mm: float
) -> tuple[list[ForestRow], tuple[str, ...]]:
    """Rows and headers that fit a page of this width: long labels in lines, on a narrow page the numbers below them.

    Parameters
    ----------
    rows : sequence of ForestRow
        With labels of any length.
    headers : sequence of str
        Over the columns of numbers.
    width_mm : float
        Width of the page.

    Returns
    -------
    rows, headers
        The headers are none where the numbers stand under the labels.
    """
    whole = width_mm * POINTS_PER_MM * (1 - _PANEL_SHARE) - 14
    if width_mm < _NARROW_MM:
        rows = [_with_numbers_below(row, headers, whole - INDENT_PT) for row in rows]
        headers = ()
    columns = sum(column_width(rows, place, header) + COLUMN_GAP_PT for place, header in enumerate(headers))
    return [_wrapped(row, whole - columns) for row in rows], tuple(headers)


def _with_numbers_below(row: ForestRow, headers: Sequence[str], room: float) -> ForestRow:
    if set(row.columns) == {DASH}:
        return replace(row, columns=(), small=(DASH, *row.small))
    pairs = zip(headers, row.columns, strict=False)
    said = [
        cell if place == 0 else _named(header, cell)
        for place, (header, cell) in enumerate(pairs)
        if cell and (place == 0 or cell != DASH)
    ]
    return replace(row, columns=(), small=(*_packed(said, room), *row.small))


def _packed(numbers: Sequence[str], room: float) -> list[str]:
    """Numbers in lines of at most ``room`` points, none of them broken: an estimate stays beside its interval."""
    lines: list[str] = []
    for one in numbers:
        longer = f"{lines[-1]}, {one}" if lines else one
        if lines and text_width(longer, size=SMALL_PT) <= room:
            lines[-1] = longer
        else:
            lines.append(one)
    return lines


def _named(header: str, cell: str) -> str:
    """A number with the name of its column: ``n = 149``, ``p < 0.001``, ``interaction p = 0.21``."""
    if cell.startswith(("p ", "<", ">")):
        return f"{header[:1].lower()}{header[1:]} {cell}"
    return f"{header} = {cell}"


def _wrapped(row: ForestRow, room: float) -> ForestRow:
    inner = room - (INDENT_PT if row.indent else 0)
    label = lines_within(row.label, inner, size=SMALL_PT, bold=row.is_heading or row.is_primary)
    small = tuple(one for text in row.small for one in lines_within(text, inner, size=SMALL_PT))
    return replace(row, label="\n".join(label), small=small)
