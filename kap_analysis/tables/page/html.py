"""Tables as HTML: great-tables makes the markup, one small stylesheet makes the look.

The stylesheet of great-tables is left out. It names fixed colours, which cannot be read in a dark notebook, and its
first rules reach every other table of the page. Ours takes text colour and ground from the page around it.
"""

import html
import re
from typing import Final

import pandas as pd
from great_tables import GT

from kap_analysis.tables.page.content import TableContent
from kap_analysis.writing.escapes import visible

GREAT_TABLES_STYLE: Final = re.compile(r"<style>.*?</style>", re.DOTALL)
#: The alignment that a class of great-tables stands for. It is written out: JupyterLab takes the stylesheet out of a
#: notebook that is not trusted, and aligns all cells right.
ALIGNED: Final = re.compile(r'class="([^"]*\bgt_(left|right|center)\b[^"]*)"')
#: A heading without words, above the names of the rows: no heading, for who listens to a table.
EMPTY_HEADING: Final = re.compile(r'<th (class="gt_col_heading[^>]*?) scope="col"([^>]*)></th>')
GROUP_HEADING: Final = re.compile(r'class="(gt_group_heading)"')
OUTER_DIV: Final = re.compile(r'<div id="([^"]+)" style="[^"]*">')

STYLE: Final = """\
.kap-table{max-width:100%;margin:1em 0;font-family:system-ui,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;\
font-size:14px;line-height:1.4;color:inherit;text-align:left}
.kap-table .kap-title{font-weight:600;font-size:15px;margin:0 0 .5em;text-align:left}
.kap-table .kap-stamp{display:inline-block;font-size:11px;font-weight:700;letter-spacing:.08em;border:1px solid;\
border-radius:3px;padding:0 .45em;margin-right:.6em;vertical-align:.1em}
.kap-table .kap-scroll{overflow-x:auto;width:fit-content;max-width:100%}
.kap-table table.gt_table{border-collapse:collapse;width:auto;margin:0;font-size:inherit;color:inherit;\
background:transparent;font-variant-numeric:tabular-nums;border:0;border-top:2px solid;border-bottom:2px solid}
.kap-table table.gt_table tr,.kap-table table.gt_table tbody tr:hover{background:transparent;border:0}
.kap-table table.gt_table th,.kap-table table.gt_table td{border:0;padding:4px 10px;background:transparent;\
color:inherit;font-size:inherit;vertical-align:top;white-space:nowrap;max-width:none}
.kap-table table.gt_table thead :is(th,td){font-weight:600;vertical-align:bottom;border-bottom:1px solid;\
white-space:normal}
.kap-table table.gt_table thead tr.gt_spanner_row :is(th,td){border-bottom:0;padding-bottom:0}
.kap-table table.gt_table thead tr.gt_spanner_row [rowspan="2"]{border-bottom:1px solid;padding-bottom:4px}
.kap-table .gt_column_spanner{display:block;border-bottom:1px solid;padding-bottom:2px}
.kap-table table.gt_table tbody th{font-weight:400;white-space:normal;min-width:9em;max-width:26em}
.kap-table table.gt_table tbody th.gt_group_heading{font-weight:600;padding-top:10px;border-top:1px solid;\
border-color:rgba(128,128,128,.45);max-width:none;text-align:left}
.kap-table table.gt_table th.gt_empty_group_heading{padding:0}
.kap-table table.gt_table .gt_left{text-align:left}
.kap-table table.gt_table .gt_right{text-align:right}
.kap-table table.gt_table .gt_center{text-align:center}
.kap-table table.gt_table td.kap-prose,.kap-table .kap-prose{white-space:normal;min-width:9em;max-width:34em;\
overflow-wrap:anywhere}
.kap-table .kap-notes{margin:.5em 0 0;font-size:12.5px;max-width:62em;opacity:.85}
.kap-table .kap-notes p{margin:.15em 0}
@media (max-width:600px){.kap-table{font-size:13px}.kap-table table.gt_table th,.kap-table table.gt_table td\
{padding:4px 6px}.kap-table table.gt_table tbody th{min-width:7em;max-width:11em}}
@media print{.kap-table .kap-scroll{overflow:visible}.kap-table tr{break-inside:avoid}\
.kap-table .kap-notes{opacity:1}}
"""

PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body{{margin:1.2em}}</style>
</head>
<body>
{table}
</body>
</html>
"""


def render_html(table: TableContent) -> str:
    """Write a table as an HTML fragment: title, stamp, the table in a box that scrolls, notes."""
    stamp = f'<span class="kap-stamp">{html.escape(table.stamp)}</span> ' if table.stamp else ""
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in table.notes)
    return visible(
        f'<div class="kap-table" role="group" aria-label="{html.escape(table.heading)}">\n<style>\n{STYLE}</style>\n'
        f'<div class="kap-title">{stamp}{html.escape(table.heading)}</div>\n'
        f'<div class="kap-scroll" tabindex="0">\n{_markup(table)}\n</div>\n'
        + (f'<div class="kap-notes">{notes}</div>\n' if notes else "")
        + "</div>"
    )


def render_page(table: TableContent) -> str:
    """Write a table as a whole page that follows the reader's light or dark setting."""
    return PAGE.format(title=html.escape(table.heading), table=render_html(table))


def _markup(table: TableContent) -> str:
    """The bare table element, its cells escaped once."""
    layout = table.layout
    keys = list(layout.keys)
    cells = table.cells[[*([layout.groups] if layout.groups else []), *keys]].reset_index(drop=True)
    # Object cells, so that great-tables neither guesses types nor formats what is text already.
    laid_out = GT(
        pd.DataFrame(cells.astype(object)),
        rowname_col=keys[0],
        groupname_col=layout.groups or None,
        auto_align=False,
        id=f"kap-{table.name}",
    ).cols_label({column.key: column.heading for column in layout.columns[1:]})
    if layout.columns[0].heading:
        laid_out = laid_out.tab_stubhead(label=layout.columns[0].heading)
    for spanner in layout.spanners:
        laid_out = laid_out.tab_spanner(label=spanner.heading, columns=list(spanner.keys), id="-".join(spanner.keys))
    for column in layout.columns[1:]:
        laid_out = laid_out.cols_align(column.align, columns=column.key)
    laid_out = laid_out.fmt(html.escape, columns=keys)
    markup = GREAT_TABLES_STYLE.sub("", laid_out.as_raw_html())
    markup = OUTER_DIV.sub(r'<div id="\1">', markup)
    markup = EMPTY_HEADING.sub(r"<td \1\2></td>", _mark_prose(markup, table))
    markup = GROUP_HEADING.sub(r'class="\1" style="text-align:left"', markup)
    return ALIGNED.sub(r'class="\1" style="text-align:\2"', markup)


def _mark_prose(markup: str, table: TableContent) -> str:
    """Let the columns that hold sentences break over lines."""
    for column in table.layout.columns[1:]:
        if column.prose:
            cell = re.compile(rf'(<td headers="[^"]*kap-{re.escape(table.name)}-{re.escape(column.key)}" class=")')
            markup = cell.sub(r"\1kap-prose ", markup)
    return markup
