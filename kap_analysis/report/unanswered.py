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
from typing import Any, Final

from kap_analysis.errors import AnalysisError, FigureError, InstrumentError, NothingToShowError, StudyError, TableError
from kap_analysis.mixed.errors import MixedModelError

#: Errors about the data; a ReportError or a SimulationError is about the notebook.
ABOUT_THE_DATA: Final = (AnalysisError, StudyError, InstrumentError, FigureError, TableError, MixedModelError)
MISSING_NAME: Final = re.compile(r"name '(\w+)' is not defined")
NOTHING_TO_SHOW: Final = "There is nothing to show here: the data it needs were not recorded, or are withheld."
NOT_TOLD: Final = "The reason is not told, because it may count patients."
NO_ANSWER: Final = "**This study does not answer this.**"


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
