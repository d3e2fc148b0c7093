"""Reasons in the place of answers: in the cells of a notebook that was run, and under its headings."""

import re
from itertools import pairwise
from typing import Final

from kap_analysis.report.notebook_libraries import NotebookNode, new_output
from kap_analysis.report.unanswered import NO_ANSWER, Unanswered
from kap_analysis.writing.escapes import markdown_text

HEADING: Final = re.compile(r"^#{1,6} ", re.MULTILINE)
SAME_REASON: Final = "The reason is given above."
#: Shown under a heading if every cell below it needs an answer that is missing.
NEEDS_WHAT_IS_MISSING: Final = "Not answered: it needs the answer that is missing above."
#: Tag of cells that show a reason instead of an answer.
UNANSWERED: Final = "unanswered"
FAILED: Final = "**This cell failed. That is a fault of the program, not of the data; please report it.**"


def put_reasons(unanswered: Unanswered, notebook: NotebookNode) -> None:
    """Replace the errors of a notebook by the reasons, and remove the text about what is not there."""
    said: set[str] = set()
    for place, reason in unanswered.reasons.items():
        cell = notebook.cells[place]
        head = FAILED if place in unanswered.faults else NO_ANSWER
        text = f"{head} {markdown_text(SAME_REASON if reason in said else reason)}"
        said.add(reason)
        data = {"text/markdown": text, "text/plain": text}
        cell.outputs = [new_output("display_data", data=data)] if reason else []
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), UNANSWERED]
        _remove_text_about(notebook, place)
    _close_empty_sections(notebook, {place for place, reason in unanswered.reasons.items() if not reason})


def _remove_text_about(notebook: NotebookNode, place: int) -> None:
    below = notebook.cells[place + 1 : place + 2]
    if below and below[0].cell_type == "markdown":
        heading = HEADING.search(below[0].source)
        below[0].source = below[0].source[heading.start() :] if heading else ""


def _close_empty_sections(notebook: NotebookNode, silent: set[int]) -> None:
    """Say under a heading that nothing below it could be answered, and remove the text about it."""
    cells = notebook.cells
    found = {p: HEADING.search(c.source) for p, c in enumerate(cells) if c.cell_type == "markdown"}
    headings = {place: match for place, match in found.items() if match}
    for start, end in pairwise([*headings, len(cells)]):
        inside = range(start + 1, end)
        code = {place for place in inside if cells[place].cell_type == "code"}
        if not code or not code <= silent:
            continue
        for place in set(inside) - code:
            cells[place].source = ""
        source, at = cells[start].source, headings[start].start()
        cells[start].source = f"{source[:at]}{source[at:].splitlines()[0]}\n\n{NEEDS_WHAT_IS_MISSING}"
