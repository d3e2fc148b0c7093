"""Cells without an answer: the page shows the reason instead, and the notebook goes on.

Notebooks hold no logic, so they do not check first whether a study has two formats, or any PHQ-9. If a cell ends in an
error of the package that says that the data cannot answer it, the page shows that sentence. Later cells that fail only
because they use a name from that cell show nothing. Text below such a cell, up to the next heading, describes a result
that does not exist, and is removed. Any other error is a fault of the program: it stops a run that checks the
notebooks, and in a run on a study it is told in the cell and at the end, so that one cell does not cost the others.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from kap_analysis.errors import AnalysisError, FigureError, InstrumentError, NothingToShowError, StudyError, TableError
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.report.notebook_libraries import NotebookNode, new_output
from kap_analysis.writing.escapes import markdown_text

#: Errors about the data; a ReportError or a SimulationError is about the notebook.
ABOUT_THE_DATA: Final = (AnalysisError, StudyError, InstrumentError, FigureError, TableError, MixedModelError)
MISSING_NAME: Final = re.compile(r"name '(\w+)' is not defined")
NOTHING_TO_SHOW: Final = "There is nothing to show here: the data it needs were not recorded, or are withheld."
NOT_TOLD: Final = "The reason is not told, because it may count patients."
HEADING: Final = re.compile(r"^#{1,6} ", re.MULTILINE)
SAME_REASON: Final = "The reason is given above."
#: Shown under a heading if every cell below it needs an answer that is missing.
NEEDS_WHAT_IS_MISSING: Final = "Not answered: it needs the answer that is missing above."
#: Tag of cells that show a reason instead of an answer.
UNANSWERED: Final = "unanswered"
NO_ANSWER: Final = "**This study does not answer this.**"
FAILED: Final = "**This cell failed. That is a fault of the program, not of the data; please report it.**"


@dataclass(slots=True)
class Unanswered:
    """The cells of one run that have no answer, and the names that they would have defined.

    Of a public study of real patients no reason is told: it may count patients.
    """

    tells_reasons: bool = True
    reasons: dict[int, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    faults: set[int] = field(default_factory=set)

    def accept(self, place: int, source: str, error: Mapping[str, Any]) -> bool:
        """Record a failed cell if the data could not answer it; return whether that was so.

        Parameters
        ----------
        place : int
            Index of the cell in the notebook.
        source : str
        error : mapping
            With ``ename`` and ``evalue``, as the kernel replied.
        """
        reason = self.reason_for(error["ename"], error["evalue"])
        if reason is None:
            return False
        self.reasons[place] = reason
        self.names |= names_made(source)
        return True

    def reason_for(self, name: str, message: str) -> str | None:
        """What is told of an error: a reason, nothing (it follows from one above), or None where it is a fault."""
        missing = MISSING_NAME.search(message) if name == "NameError" else None
        if name in _names_of((NothingToShowError,)):
            return NOTHING_TO_SHOW
        if name in _names_of(ABOUT_THE_DATA):
            return message if self.tells_reasons else NOT_TOLD
        return "" if missing and missing[1] in self.names else None

    def accept_fault(self, place: int, source: str, what: str) -> None:
        """Record a cell that failed for a reason that is not in the data."""
        self.reasons[place] = what
        self.faults.add(place)
        self.names |= names_made(source)

    def put_into(self, notebook: NotebookNode) -> None:
        """Replace the errors by the reasons."""
        said: set[str] = set()
        for place, reason in self.reasons.items():
            cell = notebook.cells[place]
            head = FAILED if place in self.faults else NO_ANSWER
            text = f"{head} {markdown_text(SAME_REASON if reason in said else reason)}"
            said.add(reason)
            data = {"text/markdown": text, "text/plain": text}
            cell.outputs = [new_output("display_data", data=data)] if reason else []
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), UNANSWERED]
            _remove_text_about(notebook, place)
        _close_empty_sections(notebook, {place for place, reason in self.reasons.items() if not reason})


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


def _names_of(classes: Iterable[type[Exception]]) -> set[str]:
    """The names of error classes and of those derived from them: a kernel reports an error by its name."""
    return {name for cls in classes for name in (cls.__name__, *_names_of(cls.__subclasses__()))}


def names_made(source: str) -> set[str]:
    """The names that a cell gives a value."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
