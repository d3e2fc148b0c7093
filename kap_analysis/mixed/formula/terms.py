"""Parts of a formula as formulaic reads them: their terms, and the columns that they need."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import Any

from formulaic import Formula

from kap_analysis.mixed.errors import MixedModelError

#: Names in an expression that formulaic brings along.
_MODULES = ("np", "contr")
_MARKED = re.compile(r"⧛(?:\x1b\[[0-9;]*m)?")


class PartError(MixedModelError):
    """A part of a formula that does not parse, and where."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.position = position


@lru_cache(maxsize=256)
def parse_part(text: str) -> Any:
    """formulaic's formula of a part without bars, read once.

    Raises
    ------
    PartError
        With the position of the first character that does not parse.
    """
    try:
        formula = Formula(text)
    except Exception as error:  # formulaic raises several unrelated kinds here
        raise _part_error(text, str(error) or type(error).__name__) from error
    if hasattr(formula, "lhs"):
        raise PartError("one '~' is expected.", text.index("~"))
    return formula


def _part_error(text: str, message: str) -> PartError:
    """formulaic's complaint in one line, its mark as a position."""
    problem = message.strip().splitlines()[0].replace("insuffient", "insufficient").replace("`", "'")
    problem = re.sub(r" \(tip: (.*)\)$", r" \1.", problem)
    mark = _MARKED.search(message)
    if "`.` operator" in message:
        return PartError("'.' stands for no column here: name the columns.", _dot(text))
    position = mark.start() - message.rfind("\n", 0, mark.start()) - 1 if mark else 0
    return PartError(problem if problem.endswith(".") else problem + ".", min(position, len(text) - 1))


def _dot(text: str) -> int:
    found = re.search(r"(?<![\w.])\.(?![\w.])", text)
    return found.start() if found else 0


@lru_cache(maxsize=256)
def factors_of(text: str) -> tuple[tuple[Any, ...], ...]:
    """The terms of a part, each as formulaic's factors; the intercept has none."""
    return tuple(tuple(factor for factor in term.factors if not _is_one(factor)) for term in parse_part(text))


def _is_one(factor: Any) -> bool:
    return bool(factor.eval_method.name == "LITERAL" and factor.expr == "1")


@lru_cache(maxsize=256)
def required_columns(text: str) -> tuple[str, ...]:
    """The columns that a part needs, in the order in which they stand there."""
    names: dict[str, None] = {}
    for term in parse_part(text):
        for factor in term.factors:
            names.update(dict.fromkeys(columns_of(factor)))
    return tuple(names)


def columns_of(factor: Any) -> tuple[str, ...]:
    """The columns of one factor of a term: itself, or the names in its expression that are no functions."""
    kind = factor.eval_method.name
    if kind == "LITERAL":
        return ()
    if kind == "LOOKUP":
        return (factor.expr,)
    return _names_in(factor.expr)


def first_argument(factor: Any) -> str | None:
    """The column of `C(column, ...)`; None for any other factor."""
    if factor.eval_method.name != "PYTHON" or not factor.expr.startswith("C("):
        return None
    code, quoted = _without_backticks(factor.expr)
    call = ast.parse(code, mode="eval").body
    if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Name):
        return quoted.get(call.args[0].id, call.args[0].id)
    return None


def _names_in(expression: str) -> tuple[str, ...]:
    """Names that an expression reads; what is called, and what attributes are taken of, is no column."""
    code, quoted = _without_backticks(expression)
    tree = ast.parse(code, mode="eval")
    functions: set[int] = set()
    names: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            functions.add(id(node.func))
            if isinstance(node.func, ast.Name) and node.func.id == "Q" and isinstance(node.args[0], ast.Constant):
                names[str(node.args[0].value)] = None
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _MODULES:
            functions.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in functions:
            names[quoted.get(node.id, node.id)] = None
    return tuple(names)


def _without_backticks(expression: str) -> tuple[str, dict[str, str]]:
    """Backticked columns under names that Python can read."""
    quoted: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        quoted[f"quoted_{len(quoted)}"] = match.group(1)
        return f"quoted_{len(quoted) - 1}"

    return re.sub(r"`([^`]*)`", rename, expression), quoted
