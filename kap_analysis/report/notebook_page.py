"""An executed notebook as a self-contained HTML page."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets.config import Config

#: A full stop ends a sentence if a capital follows.
SENTENCE_END: Final = re.compile(r"(?<=\.)\s+(?=[A-Z])")
#: The spaces in "n = 12" and "p < 0.001", at which a line must not break.
KEPT_TOGETHER: Final = re.compile(r"(?<=\b[np]) (?=[=<>]\s)|(?<=\b[np] =) (?=\d)|(?<=\bdf) (?=\d)")
MARKUP: Final = re.compile(r"\*\*|`")
#: The most characters of a short answer.
SHORT: Final = 330
TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page of the results."""

    file: str
    title: str


@dataclass(frozen=True, slots=True)
class PageHead:
    """The head of a notebook page: title, links, and the data it was run on."""

    title: str
    links: tuple[Link, ...] = ()
    banner: str = ""
    data: str = ""


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
                return _in_short(MARKUP.sub("", text).strip())
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
    """The page of a notebook, with its pictures inside it and its source shown.

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
    page = {**asdict(head), "style": read_style()}
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return "\n".join(line.rstrip() for line in html.splitlines()) + "\n"


def markdown_to_html(text: str) -> str:
    """Markdown as HTML; any HTML in it (for example from a study title) is escaped."""
    kept = KEPT_TOGETHER.sub("\N{NO-BREAK SPACE}", text)
    return str(MarkdownWithMath(renderer=IPythonRenderer(escape=True, exclude_anchor_links=True)).render(kept))


def read_style() -> str:
    """The stylesheet that all pages share."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")
