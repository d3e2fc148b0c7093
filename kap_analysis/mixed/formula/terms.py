"""Parts of a formula, read by formulaic: `visit*format + age` written out as terms.

formulaic sees words and operators only. Each expression is read beforehand and stands in the text as one word.
"""

from __future__ import annotations

import re
from typing import Any

from formulaic import Formula

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.bounds import check_terms, terms_of
from kap_analysis.mixed.formula.expressions import free_letters, read_expression
from kap_analysis.mixed.formula.formula import NAME, Factor, Part, column_factor
from kap_analysis.mixed.formula.spans import Span

_MARKED = re.compile(r"⧛(?:\x1b\[[0-9;]*m)?")
_EXPRESSION = re.compile(rf"{NAME}\(|\{{|`[^`]*`")


def read_part(span: Span, text: str | None = None) -> Part:
    """The terms of a stretch of the formula; `text` is the stretch with its bar terms blanked.

    Raises
    ------
    MixedModelError
        Pointing at the first character that does not parse.
    """
    written = str(span) if text is None else text
    words, expressions = _without_expressions(span, written)
    if "%in%" in words:
        raise span.error("%in% is not read here: write b:a for b %in% a.", span.start + words.index("%in%"))
    check_terms(terms_of(words), written)
    try:
        formula = Formula(words)
    except Exception as error:  # formulaic raises several unrelated kinds here
        raise _failure(span, written, expressions, str(error) or type(error).__name__) from None
    terms = tuple(
        tuple(_factor(found, expressions) for found in term.factors if not _is_one(found)) for term in formula
    )
    return Part(" ".join(written.split()), terms)


def _without_expressions(span: Span, text: str) -> tuple[str, dict[str, Factor]]:
    """The text with each expression as one letter and blanks, so that other characters keep their places.

    So do columns in backticks: formulaic would take a column `1` for the constant.
    """
    words, at, letters = list(text), 0, free_letters(text)
    known: dict[str, str] = {}
    found: dict[str, Factor] = {}
    while match := _EXPRESSION.search(text, at):
        at = match.end() if match.group()[0] == "`" else _closing(span, match.end() - 1) + 1
        inside = match.group() == "{"
        factor = read_expression(span.cut(span.start + match.start() + inside, span.start + at - inside))
        if factor.kind == "column" and re.fullmatch(NAME, factor.text):
            letter = factor.text
        else:
            letter = known.get(factor.code or factor.text) or next(letters)
            known[factor.code or factor.text], found[letter] = letter, factor
            check_terms(len(found), text)
        words[match.start() : at] = letter.ljust(at - match.start())
    for position, char in enumerate(words):
        if char in "[]" and span.depths[span.start + position] >= 0:
            raise span.error(f"{char!r} stands in no function and means nothing here.", span.start + position)
    return "".join(words), found


def _closing(span: Span, opened: int) -> int:
    """Where the bracket that opens at a character is closed, both counted in the stretch."""
    depth = span.depths[span.start + opened]
    return next(i for i in range(opened + 1, span.stop - span.start) if span.depths[span.start + i] == depth)


def _is_one(factor: Any) -> bool:
    return bool(factor.eval_method.name == "LITERAL" and factor.expr == "1")


def _factor(found: Any, expressions: dict[str, Factor]) -> Factor:
    if found.eval_method.name == "LITERAL":
        return Factor(str(found.expr), "number")
    return expressions.get(found.expr) or column_factor(found.expr)


def _failure(span: Span, text: str, expressions: dict[str, Factor], message: str) -> MixedModelError:
    """formulaic's complaint in one line, its mark as a position."""
    problem = message.strip().splitlines()[0].replace("insuffient", "insufficient").replace("`", "'")
    problem = re.sub(r" \(tip: (.*)\)$", r" \1.", problem)
    for letter, factor in expressions.items():
        problem = problem.replace(letter, factor.text)
    mark = _MARKED.search(message)
    position = mark.start() - message.rfind("\n", 0, mark.start()) - 1 if mark else 0
    if re.search(r"Unknown operator '[<>=!&]", problem):
        problem = "a comparison stands in brackets: I(month > 1)."
    if "'.' operator" in problem:
        dot = re.search(r"(?<![\w.])\.(?![\w.])", text)
        problem, position = "'.' stands for no column here: name the columns.", dot.start() if dot else 0
    problem = problem if problem.endswith(".") else problem + "."
    return span.error(problem, span.start + min(position, len(text) - 1))
