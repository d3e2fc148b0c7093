"""The errors of the package: what was found, what was expected, what to do."""

from typing import Any, Final

import pandas as pd

LONGEST_QUOTE: Final = 80


class KapError(Exception):
    """Base of every error that the package raises on purpose; its text is one readable sentence."""


class InstrumentError(KapError):
    """An instrument is unknown, incomplete for the question asked, or was given answers that it does not have."""


class StudyError(KapError):
    """A study folder breaks its contract.

    Attributes
    ----------
    problems : pandas.DataFrame
        One row per problem: ``file``, ``row``, ``column``, ``found``, ``expected``, ``message``.
    """

    def __init__(self, message: str, problems: pd.DataFrame | None = None) -> None:
        super().__init__(message)
        self.problems = pd.DataFrame() if problems is None else problems


class IntakeError(StudyError):
    """A foreign file or its map cannot be read, or does not give a study; ``problems`` as in a `StudyError`."""


class AnalysisError(KapError):
    """A question cannot be answered from the data that were given."""


class ReportError(KapError):
    """A results folder cannot be written, or is not ours to replace."""


class FigureError(KapError):
    """A figure was asked of frames that cannot give it."""


class TableError(KapError):
    """A table cannot be made from the frames that were given, or cannot be written as was asked."""


class NothingToShowError(FigureError, TableError):
    """A figure or a table was given frames without rows: nothing was recorded, or it is withheld."""


class PlanningError(KapError):
    """A study that is planned cannot be carried out or judged as it was described."""


class SimulationError(KapError):
    """A simulated study was asked for that cannot be made, or cannot be written where it was asked for."""


def quoted(value: Any) -> str:
    """Return a value of a file as a message quotes it: no more than 80 characters of it, however large it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no integer of more than 4,300 digits
        return "a number of thousands of digits" if isinstance(value, int) else "a value too large to be quoted"
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
