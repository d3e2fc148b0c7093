"""Tables as Word documents: real tables with repeated heading rows, the same bytes for the same table."""

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kap_analysis.errors import TableError

try:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    HAS_PYTHON_DOCX = True
except ImportError:  # the extra `word` is not installed; write_docx says so
    HAS_PYTHON_DOCX = False

if TYPE_CHECKING:
    from kap_analysis.tables.table import Table

AUTHOR: Final = "kap_analysis"
WRITTEN: Final = datetime(2000, 1, 1)
"""Dates inside the file never change, so that equal tables are equal files."""
ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
FONT: Final = "Calibri"
LANDSCAPE_FROM: Final = 95
"""Estimated width in characters from which a page is turned."""
THICK, THIN = 12, 4
"""Widths of rules in eighths of a point."""


def write_docx(table: "Table", path: Path) -> Path:
    """Write one table into a Word document and return the path.

    Raises
    ------
    TableError
        If python-docx is not installed.
    """
    if not HAS_PYTHON_DOCX:
        raise TableError("Writing Word files needs python-docx: pip install 'kap-analysis[word]'.")
    document = Document()
    _set_properties(document, table)
    if _width(table) >= LANDSCAPE_FROM:
        _turn_page(document.sections[0])
    _write_title(document, table)
    _write_grid(document, table)
    for note in table.notes:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        _write(paragraph, note, size=8)
    buffer = io.BytesIO()
    document.save(buffer)
    path.write_bytes(_without_clock(buffer.getvalue()))
    return path


def _set_properties(document: Any, table: "Table") -> None:
    properties = document.core_properties
    properties.author = properties.last_modified_by = AUTHOR
    properties.created = properties.modified = WRITTEN
    properties.title = table.heading
    properties.comments = table.stamp
    properties.language = "en"
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(9)


def _turn_page(section: Any) -> None:
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = section.page_height, section.page_width
    section.left_margin = section.right_margin = section.top_margin


def _width(table: "Table") -> int:
    """Characters that one line of the table needs, prose counted at the width it may break to."""
    width = 0
    for column in table.layout.columns:
        longest = max(len(str(cell)) for cell in table.cells[column.key])
        width += min(longest, 32) + 2
    return width


def _write_title(document: Any, table: "Table") -> None:
    paragraph = document.add_paragraph(style="Caption")
    paragraph.paragraph_format.keep_with_next = True
    if table.stamp:
        _write(paragraph, f"{table.stamp}  ", bold=True, size=9)
    _write(paragraph, table.heading, bold=True, size=10)


def _write_grid(document: Any, table: "Table") -> None:
    """One Word table: heading rows that repeat on each page, a merged row per row group, three rules."""
    layout = table.layout
    has_spans = bool(layout.spanners)
    grid = document.add_table(rows=0, cols=len(layout.columns))
    grid.alignment = WD_TABLE_ALIGNMENT.LEFT
    grid.autofit = True
    if has_spans:
        _write_spans(grid, table)
    heading_cells = grid.add_row().cells
    for cell, column in zip(heading_cells, layout.columns, strict=True):
        _fill(cell, column.heading, column.align, bold=True)
    headings = len(grid.rows)
    for group, lines in table.row_groups():
        if group:
            cells = grid.add_row().cells
            merged = cells[0].merge(cells[-1])
            _fill(merged, group, "left", bold=True)
        for line in lines:
            for cell, column, text in zip(grid.add_row().cells, layout.columns, line, strict=True):
                _fill(cell, text, column.align)
    for position, row in enumerate(grid.rows):
        _keep_whole(row, is_heading=position < headings)
    _rule(grid.rows[0], "top", THICK)
    _rule(grid.rows[headings - 1], "bottom", THIN)
    _rule(grid.rows[-1], "bottom", THICK)


def _write_spans(grid: Any, table: "Table") -> None:
    cells = grid.add_row().cells
    start = 0
    for heading, width in table.layout.spans():
        cell = cells[start].merge(cells[start + width - 1]) if width > 1 else cells[start]
        _fill(cell, heading, "center" if heading else "left", bold=True)
        if heading:
            _rule_cell(cell, "bottom", THIN)
        start += width


def _fill(cell: Any, text: str, align: str, *, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = {
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "right": WD_ALIGN_PARAGRAPH.RIGHT,
        "center": WD_ALIGN_PARAGRAPH.CENTER,
    }[align]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
    _write(paragraph, text, bold=bold, size=9)


def _write(paragraph: Any, text: str, *, size: int, bold: bool = False) -> None:
    run = paragraph.add_run(_printable(text))
    run.font.name, run.font.size, run.bold = FONT, Pt(size), bold
    run.font.color.rgb = RGBColor(0, 0, 0)


def _printable(text: str) -> str:
    """Leave out the control characters that XML forbids."""
    return "".join(letter for letter in text if letter in "\t\n" or ord(letter) >= 32)


def _keep_whole(row: Any, *, is_heading: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if is_heading:
        properties.append(OxmlElement("w:tblHeader"))


def _rule(row: Any, edge: str, width: int) -> None:
    for cell in dict.fromkeys(row.cells):
        _rule_cell(cell, edge, width)


def _rule_cell(cell: Any, edge: str, width: int) -> None:
    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        properties.append(borders)
    line = OxmlElement(f"w:{edge}")
    for name, value in (("val", "single"), ("sz", str(width)), ("space", "0"), ("color", "000000")):
        line.set(qn(f"w:{name}"), value)
    # The schema wants the top edge before the bottom edge.
    borders.insert(0 if edge == "top" else len(borders), line)


def _without_clock(document: bytes) -> bytes:
    """The same archive with fixed dates: python-docx stamps each member with the time of writing."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, ZIP_DATE), source.read(name), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
