"""What a question is asked of, and with what: one sentence for a path, a frame, or words where a number belongs."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, ParamSpec, TypeVar, get_args

import pandas as pd

from kap_analysis.errors import AnalysisError, quoted
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.study import Study

P = ParamSpec("P")
R = TypeVar("R")
#: Numbers of the scientific libraries are numbers; True and False are none.
NUMBERS: Final[Mapping[type, type]] = {int: Integral, float: Real}
CALLED: Final[Mapping[type, str]] = {int: "a whole number", float: "a number", str: "text", bool: "True or False"}
PLAIN: Final = (*CALLED, NoneType)
AT_LEAST: Final[Mapping[str, int]] = {"n_imputations": 2, "n_bootstrap": 2, "seed": 0}


def asked_of(*kinds: type, words: str = "", remedy: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function whose first argument is of these kinds; any other is an AnalysisError that says what to do.

    The further arguments are held to their annotations where these are classes, and numbers to `AT_LEAST`.

    Parameters
    ----------
    words, remedy : str, optional
        What kinds other than a study and outcomes are called, and how one comes by them.
    """

    def marked(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        name, *others = signature.parameters
        told = {other: _kinds(signature.parameters[other].annotation) for other in others}

        @wraps(function)
        def asked(*args: P.args, **options: P.kwargs) -> R:
            given = args[0] if args else options.get(name)
            if (args or name in options) and not isinstance(given, kinds):
                raise AnalysisError(_sentence(function.__name__, kinds, given, words, remedy))
            for argument, value in {**dict(zip(others, args[1:], strict=False)), **options}.items():
                if argument in told:
                    _check_argument(argument, value, told[argument])
            return function(*args, **options)

        return asked

    return marked


def _kinds(annotation: Any) -> tuple[type, ...]:
    """The classes that an annotation names; none where it names others than plain values and records."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return kinds if all(kind in PLAIN or is_dataclass(kind) for kind in kinds) else ()


def _check_argument(name: str, value: object, kinds: tuple[type, ...]) -> None:
    fits = any(
        isinstance(value, NUMBERS.get(kind, kind)) and not (kind in NUMBERS and isinstance(value, bool))
        for kind in kinds
    )
    if kinds and not fits:
        expected = [CALLED.get(kind, f"a {kind.__name__}") for kind in kinds if kind is not NoneType]
        raise AnalysisError(f"{name} is {quoted(value)}; give {' or '.join(expected)}.")
    least = AT_LEAST.get(name)
    if least is not None and isinstance(value, Integral) and value < least:
        raise AnalysisError(f"{name} is {value}; give a whole number from {least}.")


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
