"""Cells that a study cannot answer: the reason stands where the answer would, and the notebook goes on.

Notebooks hold no logic, so they do not ask first whether a study has two formats, or any PHQ-9. When a cell ends in an
error by which the package says that these data cannot answer it, the page shows that sentence; later cells that fail
only because they use a name that the cell would have made show nothing. What is said below such a cell, up to the
next heading, speaks of a result that is not there, and goes with it. Any other error stops the run.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nbformat import NotebookNode
from nbformat.v4 import new_output

#: Errors that say something of the data; a ReportError or a SimulationError says something of the notebook.
SAID_OF_THE_DATA: Final = frozenset(
    {"AnalysisError", "StudyError", "InstrumentError", "FigureError", "TableError", "MixedModelError"}
)
MISSING_NAME: Final = re.compile(r"name '(\w+)' is not defined")
#: What a figure or a table says when its frame is empty, and what a reader of the page is told instead.
WITHOUT_ROWS: Final = re.compile(
    r"^(table|plot)_\w+ (has nothing to show: \w+= has no rows|found the column .+ in none)"
)
NOTHING_TO_SHOW: Final = "There is nothing to show here: what it needs was not recorded, or is withheld."
HEADING: Final = re.compile(r"^#{1,6} ", re.MULTILINE)
SAME_REASON: Final = "The reason is one that stands above."
#: Stands under a heading below which every cell needs an answer that is missing.
NEEDS_WHAT_IS_MISSING: Final = "Not answered: it needs the answer that is missing above."
#: Cells that carry this tag hold a reason in place of an answer.
UNANSWERED: Final = "unanswered"


@dataclass(slots=True)
class Unanswered:
    """The cells of one run that have no answer, and the names that were therefore never made."""

    reasons: dict[int, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def accept(self, place: int, source: str, error: Mapping[str, Any]) -> bool:
        """Note a failed cell if it failed for want of data; say whether it did.

        Parameters
        ----------
        place : int
            Index of the cell in the notebook.
        source : str
        error : mapping
            With ``ename`` and ``evalue``, as the kernel replied.
        """
        missing = MISSING_NAME.search(error["evalue"]) if error["ename"] == "NameError" else None
        if error["ename"] in SAID_OF_THE_DATA:
            self.reasons[place] = NOTHING_TO_SHOW if WITHOUT_ROWS.search(error["evalue"]) else error["evalue"]
        elif missing and missing[1] in self.names:
            self.reasons[place] = ""
        else:
            return False
        self.names |= _names_made(source)
        return True

    def put_into(self, notebook: NotebookNode) -> None:
        """Put the reasons in the place of the errors."""
        said: set[str] = set()
        for place, reason in self.reasons.items():
            cell = notebook.cells[place]
            text = f"**This study does not answer this.** {SAME_REASON if reason in said else reason}"
            said.add(reason)
            data = {"text/markdown": text, "text/plain": text}
            cell.outputs = [new_output("display_data", data=data)] if reason else []
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), UNANSWERED]
            _take_out_what_is_said_of_it(notebook, place)
        _close_empty_sections(notebook, {place for place, reason in self.reasons.items() if not reason})


def _take_out_what_is_said_of_it(notebook: NotebookNode, place: int) -> None:
    below = notebook.cells[place + 1 : place + 2]
    if below and below[0].cell_type == "markdown":
        heading = HEADING.search(below[0].source)
        below[0].source = below[0].source[heading.start() :] if heading else ""


def _close_empty_sections(notebook: NotebookNode, silent: set[int]) -> None:
    """Say under a heading that nothing below it could be made, and take out the words that speak of it."""
    cells = notebook.cells
    found = {p: HEADING.search(c.source) for p, c in enumerate(cells) if c.cell_type == "markdown"}
    headings = {place: match for place, match in found.items() if match}
    for start, end in zip(headings, [*list(headings)[1:], len(cells)], strict=True):
        inside = range(start + 1, end)
        code = {place for place in inside if cells[place].cell_type == "code"}
        if not code or not code <= silent:
            continue
        for place in set(inside) - code:
            cells[place].source = ""
        source, at = cells[start].source, headings[start].start()
        cells[start].source = f"{source[:at]}{source[at:].splitlines()[0]}\n\n{NEEDS_WHAT_IS_MISSING}"


def _names_made(source: str) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
