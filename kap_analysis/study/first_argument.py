"""What a question is asked of: a study or outcomes, and one sentence for whoever gives a path or a frame."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import pandas as pd

from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study

P = ParamSpec("P")
R = TypeVar("R")


def asked_of(*kinds: type, words: str = "", remedy: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function whose first argument is of these kinds; any other is an AnalysisError that says what to do.

    Parameters
    ----------
    words, remedy : str, optional
        What kinds other than a study and outcomes are called, and how one comes by them.
    """

    def marked(function: Callable[P, R]) -> Callable[P, R]:
        name = next(iter(inspect.signature(function).parameters))

        @wraps(function)
        def asked(*args: P.args, **options: P.kwargs) -> R:
            given = args[0] if args else options.get(name)
            if (args or name in options) and not isinstance(given, kinds):
                raise AnalysisError(_sentence(function.__name__, kinds, given, words, remedy))
            return function(*args, **options)

        return asked

    return marked


def _sentence(name: str, kinds: tuple[type, ...], given: object, words: str, remedy: str) -> str:
    expected = words or " or ".join(("a study" if kind is Study else "outcomes") for kind in kinds)
    if isinstance(given, str | Path):
        found, usual = "a path", "Load the study first: kap.load_study(...)"
    elif isinstance(given, pd.DataFrame):
        found, usual = "a DataFrame", "Make outcomes of it first: kap.Outcomes.from_frame(...)"
    elif isinstance(given, Study):
        found, usual = "a study", "Take its outcomes: study.outcomes()"
    elif isinstance(given, Outcomes):
        found, usual = "outcomes", "Give the study that they are of"
    else:
        found, usual = type(given).__name__, "Load a study: kap.load_study(...)"
    needs_outcomes = kinds == (Outcomes,) and isinstance(given, str | Path)
    return f"{name} takes {expected}, found {found}. {remedy or usual}{'.outcomes()' if needs_outcomes else ''}."
