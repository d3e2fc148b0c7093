"""An executed notebook as a self-contained HTML page."""

import copy
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from traitlets.config import Config

from kap_analysis.report.notebook_libraries import NotebookNode
from kap_analysis.report.results_folder import NUMBERED
from kap_analysis.writing.escapes import from_markdown, visible, without_links

# isort: split
from nbconvert import HTMLExporter  # imports nbformat too, so its door comes first
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

#: A full stop ends a sentence if a capital follows.
SENTENCE_END: Final = re.compile(r"(?<=\.)\s+(?=[A-Z])")
#: The spaces in "n = 12" and "p < 0.001", at which a line must not break.
KEPT_TOGETHER: Final = re.compile(r"(?<=\b[np]) (?=[=<>]\s)|(?<=\b[np] =) (?=\d)|(?<=\bdf) (?=\d)")
#: The box in which a table of Markdown scrolls, by the keyboard too.
SCROLLED: Final = '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>'
#: The title of a table of this package, in its HTML.
TABLE_TITLE: Final = re.compile(r'(<div class="kap-title">(?:<span class="kap-stamp">[^<]*</span>)?)([^<]*)(?=</div>)')
#: The most characters of a short answer.
SHORT: Final = 330
#: The id of the cell that says of what data an executed notebook is.
BANNER_CELL: Final = "banner"
TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page of the results."""

    file: str
    title: str


@dataclass(frozen=True, slots=True)
class PageHead:
    """The head of a notebook page: title, links, the data it was run on, and the number of the notebook.

    Figures and tables are counted within the page: Figure 3.1 is the first of notebook 3.
    """

    title: str
    links: tuple[Link, ...] = ()
    banner: str = ""
    data: str = ""
    number: int = 0


def with_banner(notebook: NotebookNode, banner: str, meaning: str) -> NotebookNode:
    """An executed notebook whose first cell is SIMULATED, PRIVATE or PUBLIC, and what that means."""
    cell = NotebookNode(cell_type="markdown", id=BANNER_CELL, metadata=NotebookNode(), source=f"**{banner}** {meaning}")
    return NotebookNode({**notebook, "cells": [cell, *without_banner(notebook).cells]})


def without_banner(notebook: NotebookNode) -> NotebookNode:
    """The same notebook as it ran."""
    return NotebookNode({**notebook, "cells": [cell for cell in notebook.cells if cell.get("id") != BANNER_CELL]})


def notebook_title(notebook: NotebookNode, otherwise: str) -> str:
    """The first heading of a notebook, which is its question."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return line.removeprefix("# ").strip()
    return otherwise


def first_answer(notebook: NotebookNode) -> str:
    """The first text output of a notebook, in one or a few sentences; empty if there is none."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/markdown", "")
            if text:
                return _in_short(from_markdown(text).strip())
    return ""


def _in_short(text: str) -> str:
    """The first sentence, and further ones up to the length of a short answer."""
    said = ""
    for sentence in SENTENCE_END.split(text):
        if said and len(said) + len(sentence) > SHORT:
            break
        said = f"{said} {sentence}".strip()
    return said


def notebook_to_html(notebook: NotebookNode, head: PageHead) -> str:
    """The page of a notebook, with its pictures inside it, its captions numbered, and its source folded.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    head : PageHead

    Returns
    -------
    str, the same for the same notebook.
    """
    options = Config()
    options.HTMLExporter.exclude_anchor_links = True
    options.HTMLExporter.exclude_input_prompt = True
    options.HTMLExporter.exclude_output_prompt = True
    exporter = HTMLExporter(template_name="notebook", extra_template_basedirs=[str(TEMPLATES)], config=options)
    exporter.register_filter("prose", markdown_to_html)
    exporter.register_filter("answer", answer_to_html)
    page = {**asdict(head), "style": read_style()}
    html, _ = exporter.from_notebook_node(_numbered(notebook, head.number), resources={"page": page})
    return visible("\n".join(line.rstrip() for line in html.splitlines())) + "\n"


def _numbered(notebook: NotebookNode, number: int) -> NotebookNode:
    """A copy in which each figure and table bears a number, unless it bears one of a manuscript."""
    numbered = copy.deepcopy(notebook)
    counts = Counter[str]()
    for output in (output for cell in numbered.cells for output in cell.get("outputs", [])):
        about = output.get("metadata", {}).get("image/png", {})
        if about.get("caption"):
            about["number"], about["caption"] = _split_number("Figure", about["caption"], number, counts)
        title = TABLE_TITLE.search(output.get("data", {}).get("text/html", ""))
        if title:
            bears, words = _split_number("Table", title[2], number, counts)
            shown = f"{title[1]}<b>{bears}.</b> {words}"
            output["data"]["text/html"] = output["data"]["text/html"].replace(title[0], shown, 1)
    return numbered


def _split_number(kind: str, caption: str, number: int, counts: Counter[str]) -> tuple[str, str]:
    """The number of a figure or table, and its caption without one."""
    bears = NUMBERED.match(caption)
    if bears:
        return bears[0], caption[bears.end() :].removeprefix(". ")
    counts[kind] += 1
    return f"{kind} {number}.{counts[kind]}", caption


def markdown_to_html(text: str) -> str:
    """Markdown as HTML; any HTML in it (for example from a study title) is escaped, and a table scrolls in its box."""
    kept = KEPT_TOGETHER.sub("\N{NO-BREAK SPACE}", text)
    page = str(MarkdownWithMath(renderer=IPythonRenderer(escape=True, exclude_anchor_links=True)).render(kept))
    page = page.replace("<pre>", '<pre tabindex="0">')
    return page.replace("<table>", SCROLLED).replace("</table>", "</table></div>")


def answer_to_html(text: str) -> str:
    """Markdown that a cell gave, as HTML: names from data make no link and no picture in it."""
    return markdown_to_html(without_links(text))


def read_style() -> str:
    """The stylesheet that all pages share."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")
