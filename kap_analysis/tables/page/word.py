"""Tables as Word documents: real tables with repeated heading rows, the same bytes for the same table."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from kap_analysis.errors import TableError
from kap_analysis.tables.page.content import AUTHOR, WRITTEN, TableContent
from kap_analysis.tables.page.widths import Printed, fitted_columns, letters_needed

try:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    HAS_PYTHON_DOCX = True
except ImportError:  # the extra `word` is not installed; write_word says so
    HAS_PYTHON_DOCX = False

ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
FONT: Final = "Calibri"
PAGE: Final = (21.0, 29.7)
MARGIN: Final = 2.0
"""Width and height of A4, and the margin on each side, in cm."""
POINTS_PER_CM: Final = 72 / 2.54
LETTER: Final = 0.56
"""Width of a letter in parts of its size: a little more than Calibri's, for the bold ones."""
PADDING: Final = 4
"""Points left and right of the text of a cell."""
SIZES: Final = (("portrait", 9.0), ("portrait", 8.0), ("landscape", 9.0), ("landscape", 8.0), ("landscape", 7.0))
"""What is tried in turn until a line of the table fits: how the page lies, and the size of its letters in points."""
TEXT, HEADING, NOTE = "Table Text", "Table Heading", "Table Note"
"""Paragraph styles of cells, headings and notes: change one in Word and every such line follows."""
THICK, THIN = 12, 4
"""Widths of rules in eighths of a point."""


def write_word(tables: Sequence[TableContent], path: str | Path) -> Path:
    """Write several tables into one Word document, each on a page of its own, and return the path.

    Parameters
    ----------
    tables : sequence of Table
        In the order in which they stand in the document.
    path : str or Path
        Its folder is there already.

    Raises
    ------
    TableError
        If there is no table, or python-docx is not installed.
    """
    if not HAS_PYTHON_DOCX:
        raise TableError("Writing Word files needs python-docx: pip install 'kap-analysis[word]'.")
    if not len(tables):
        raise TableError("write_word has nothing to write: tables= is empty.")
    document = Document()
    looks = [_page_and_size(table) for table in tables]
    _set_properties(document, tables[0], sorted({size for _, size in looks}), looks[0][1])
    for at, (table, (page, size)) in enumerate(zip(tables, looks, strict=True)):
        _set_page(document.add_section() if at else document.sections[0], page)
        _write_title(document, table)
        budget = _letters(page, size, len(table.layout.columns))
        widths = [_points(printed, size) for printed in fitted_columns(table, budget)]
        _write_grid(document, table, widths, "" if size == looks[0][1] else f" {size:g}")
        for note in table.notes:
            document.add_paragraph(_printable(note), style=NOTE)
    buffer = io.BytesIO()
    document.save(buffer)
    target = Path(path)
    target.write_bytes(_without_clock(buffer.getvalue()))
    return target


def _page_and_size(table: TableContent) -> tuple[str, float]:
    """The first page and size at which numbers stand on one line and words keep a column to be read in."""
    needed, columns = letters_needed(table), len(table.layout.columns)
    return next(((page, size) for page, size in SIZES if needed <= _letters(page, size, columns)), SIZES[-1])


def _letters(page: str, size: float, columns: int) -> int:
    """Letters that a line of a table has room for."""
    width = (PAGE[0] if page == "portrait" else PAGE[1]) - 2 * MARGIN
    return int((width * POINTS_PER_CM - 2 * PADDING * columns) / (LETTER * size))


def _points(printed: Printed, size: float) -> float:
    return LETTER * size * printed.width + 2 * PADDING


def _set_properties(document: Any, table: TableContent, sizes: list[float], usual: float) -> None:
    """Who wrote the document, and its styles: those of another size than the usual one are named by it."""
    properties = document.core_properties
    properties.author = properties.last_modified_by = AUTHOR
    properties.created = properties.modified = WRITTEN
    properties.title = table.heading
    properties.comments = table.stamp
    properties.language = "en"
    styles = document.styles
    styles["Normal"].font.name, styles["Normal"].font.size = FONT, Pt(9)
    styles["Caption"].font.name, styles["Caption"].font.size = FONT, Pt(10)
    styles["Caption"].font.color.rgb = RGBColor(0, 0, 0)
    wanted = [(NOTE, 8.0, False, 2)]
    for size in sizes:
        named = "" if size == usual else f" {size:g}"
        wanted += [(TEXT + named, size, False, 1), (HEADING + named, size, True, 1)]
    for name, points, bold, after in wanted:
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.font.name, style.font.size, style.font.bold = FONT, Pt(points), bold
        style.paragraph_format.space_before = Pt(1 if name != NOTE else 0)
        style.paragraph_format.space_after = Pt(after)
        style.paragraph_format.line_spacing = 1.0


def _set_page(section: Any, page: str) -> None:
    section.page_width, section.page_height = Cm(PAGE[0]), Cm(PAGE[1])
    section.orientation = WD_ORIENT.PORTRAIT
    if page == "landscape":
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = section.page_height, section.page_width
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Cm(MARGIN))


def _write_title(document: Any, table: TableContent) -> None:
    paragraph = document.add_paragraph(style="Caption")
    paragraph.paragraph_format.keep_with_next = True
    if table.stamp:
        paragraph.add_run(f"{_printable(table.stamp)}  ")
    paragraph.add_run(_printable(table.heading))


def _write_grid(document: Any, table: TableContent, widths: list[float], named: str) -> None:
    """One Word table: heading rows that repeat on each page, a merged row per row group, three rules."""
    body, bold = (document.styles[style + named].style_id for style in (TEXT, HEADING))
    layout = table.layout
    grid = document.add_table(rows=0, cols=len(layout.columns))
    grid.alignment = WD_TABLE_ALIGNMENT.LEFT
    if layout.spanners:
        _write_spans(grid, table, bold)
    heading_cells = grid.add_row().cells
    for cell, column in zip(heading_cells, layout.columns, strict=True):
        _fill(cell, column.heading, column.align, style=bold)
    headings = len(grid.rows)
    for group, lines in table.row_groups():
        if group:
            cells = grid.add_row().cells
            _fill(cells[0].merge(cells[-1]), group, "left", style=bold, with_next=True)
        for line in lines:
            for cell, column, text in zip(grid.add_row().cells, layout.columns, line, strict=True):
                _fill(cell, text, column.align, style=body)
    for position, row in enumerate(grid.rows):
        _keep_whole(row, is_heading=position < headings)
    _set_widths(grid, widths)
    _rule(grid.rows[0], "top", THICK)
    _rule(grid.rows[headings - 1], "bottom", THIN)
    _rule(grid.rows[-1], "bottom", THICK)


def _write_spans(grid: Any, table: TableContent, style: str) -> None:
    cells = grid.add_row().cells
    start = 0
    for heading, width in table.layout.spans():
        cell = cells[start].merge(cells[start + width - 1]) if width > 1 else cells[start]
        _fill(cell, heading, "center" if heading else "left", style=style)
        if heading:
            _rule_cell(cell, "bottom", THIN)
        start += width


def _set_widths(grid: Any, widths: list[float]) -> None:
    """Give each column its width: left to itself, a word processor makes all alike and breaks numbers and words."""
    grid.autofit = False
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(20 * PADDING))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    # The schema wants the margins between the layout and the look of the table.
    grid._tbl.tblPr.find(qn("w:tblLayout")).addnext(margins)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Pt(width)
    for row in grid.rows:
        start = 0
        for cell in row._tr.tc_lst:
            cell.width = Pt(sum(widths[start : start + cell.grid_span]))
            start += cell.grid_span


def _fill(cell: Any, text: str, align: str, *, style: str, with_next: bool = False) -> None:
    """Write a cell in the style of an id: a name is sought in all styles of the document, for each cell anew."""
    paragraph = cell.paragraphs[0]
    paragraph._p.style = style
    paragraph.alignment = {
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "right": WD_ALIGN_PARAGRAPH.RIGHT,
        "center": WD_ALIGN_PARAGRAPH.CENTER,
    }[align]
    if with_next:
        paragraph.paragraph_format.keep_with_next = True
    paragraph.add_run(_printable(text))


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
