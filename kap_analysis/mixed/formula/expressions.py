"""Expressions of a formula, such as `log(age + 1)` or `I(month^2)`: which columns they read and what is evaluated.

formulaic evaluates expressions as Python. What reaches it is written anew from the syntax tree, which may hold columns,
numbers, texts, arithmetic, comparisons and the functions listed here, and nothing else. So no formula can run code,
whether it was typed in a shell or read from a saved fit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from kap_analysis.mixed.errors import nearest
from kap_analysis.mixed.formula.bounds import MOST_TERMS, too_large
from kap_analysis.mixed.formula.formula import NAME, Factor, column_factor, placeholder, quoted
from kap_analysis.mixed.formula.functions import CONTRASTS, FUNCTIONS, IN_R, KEYWORDS, OPERATORS_IN_R, TRANSFORMS
from kap_analysis.mixed.formula.spans import Span

HOLDS = "columns, numbers, texts in quotes, + - * / // % ** ^, comparisons and functions"
_OPERATORS = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.USub, ast.UAdd,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
_TOKEN = re.compile(
    r"Q\(\s*(['\"])(?P<q>[^'\"`]+)\1\s*\)|`(?P<quoted>[^`]*)`|'[^']*'|\"[^\"]*\"|\d[\w.]*(?:(?<=[eE])[+-]\d+)?"
    rf"|(?P<name>{NAME})|(?P<power>\^)|(?P<of_r>%in%|%/%|%%|&&|!(?!=))|(?P<strange>[#;$?\\])"
)
#: formulaic keeps the state of a transform under the text of its call, inside double quotes.
_PLAIN_TEXT = re.compile(r"[^'\"\\`{}\x00-\x1f]*")
_WORDS_OF_PYTHON = ("True", "False", "None", "and", "or", "not", "in", "is")


def read_expression(span: Span) -> Factor:
    """One column, or one expression.

    Raises
    ------
    MixedModelError
        Pointing at the first character that is no part of an expression.
    """
    text = str(span)
    columns: dict[str, str] = {}
    letters = free_letters(text)
    code = _TOKEN.sub(lambda match: _as_python(match, span, columns, letters), text)
    if code.strip() in columns:
        return column_factor(columns[code.strip()])
    try:
        tree = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = (getattr(error, "offset", None) or 1) - 1
        raise span.error("an operator or a term is missing here.", span.start + _place(code, text, at)) from None
    if problem := too_large(tree):
        raise span.error(f"{problem}.", span.start)
    reader = _Reader(span, code, columns)
    reader.admit(tree)
    shown = ast.unparse(tree)
    for short, column in columns.items():
        shown = shown.replace(short, quoted(column))
    inner = _column_of_levels(tree, columns)
    listed = _listed_levels(tree) if inner else ()
    is_logical = _is_logical(tree)
    code = ast.unparse(_Coder(columns).visit(tree))
    return Factor(shown, "expression", tuple(dict.fromkeys(reader.found)), code, inner, listed, is_logical)


def free_letters(text: str) -> Iterator[str]:
    """Letters that do not stand in a text, to stand in it for something else."""
    return (letter for letter in map(chr, range(0xA000, 0xA48D)) if letter not in text)


def _as_python(match: re.Match[str], span: Span, columns: dict[str, str], letters: Iterator[str]) -> str:
    """One token as Python can read it: a column becomes a letter and blanks, so that the rest keeps its place."""
    column = match["q"] or match["quoted"]
    if match["strange"]:
        raise span.error(f"{match.group()!r} means nothing in a formula.", span.start + match.start())
    if match["of_r"]:
        remedy = OPERATORS_IN_R[match.group()]
        raise span.error(f"{match.group()} is not read here: {remedy}.", span.start + match.start())
    if match["power"]:
        return "**"
    if match["name"]:
        after = match.string[match.end() :].lstrip()
        if after.startswith("(") and match["name"] not in _WORDS_OF_PYTHON:
            _check_function(match["name"], span, span.start + match.start())
            return match.group()
        is_keyword = after.startswith("=") and not after.startswith("==")
        if not (is_keyword or match["name"].startswith("contr.") or match["name"] in _WORDS_OF_PYTHON):
            column = match["name"]
    if not column:
        return match.group()
    known = {name: letter for letter, name in columns.items()}
    if len(columns) > MOST_TERMS:
        raise span.error(f"more than {MOST_TERMS:,} columns stand in one expression.", span.start + match.start())
    letter = known.get(column) or next(letters)
    columns[letter] = column
    return letter.ljust(len(match.group()))


def _check_function(name: str, span: Span, at: int) -> None:
    if name == "offset":
        raise span.error("there is no offset() here: take it from the response, as in score - x ~ month.", at)
    plain, known = name.removeprefix("np."), (*FUNCTIONS, *TRANSFORMS, *(f"contr.{kind}" for kind in CONTRASTS))
    if plain not in known or (plain != name and plain not in FUNCTIONS):
        hint = f"Here it is {IN_R[name]}." if name in IN_R else nearest(plain, known)
        raise span.error(f"there is no function {name!r}. {hint}", at)


def _place(code: str, text: str, at: int) -> int:
    """Where a character of the code stands in the text: a power is two characters there and may be one here."""
    return min(max(at - (code[:at].count("**") - text[:at].count("**")), 0), len(text) - 1)


class _Reader:
    """Walks the tree of an expression, admits what is listed, and notes the columns in their order."""

    def __init__(self, span: Span, code: str, columns: dict[str, str]) -> None:
        self.span, self.code, self.columns = span, code, columns
        self.found: list[str] = []

    def admit(self, node: ast.expr, *, may_be_words: bool = False) -> None:
        words = _gives_words(node)
        if words and isinstance(node, ast.Call) and not _is_of_words_alone(node):
            raise self._error(node, f"{self._written(node)} gives words in some rows and numbers in others.")
        if words and not may_be_words:
            remedy = f"write C({self._written(node)})" if isinstance(node, ast.Call) else "numbers are needed here"
            raise self._error(node, f"{self._written(node)} gives words: {remedy}.")
        if isinstance(node, ast.Name) and node.id in self.columns:
            self.found.append(self.columns[node.id])
        elif isinstance(node, ast.Constant):
            self._admit_constant(node)
        elif isinstance(node, ast.BinOp | ast.UnaryOp) and isinstance(node.op, _OPERATORS):
            self._admit_power(node)
            for child in (node.left, node.right) if isinstance(node, ast.BinOp) else (node.operand,):
                self.admit(child)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], _OPERATORS):
            for side in (node.left, node.comparators[0]):
                self._admit_side(side)
        elif isinstance(node, ast.Call):
            self._admit_call(node)
        elif isinstance(node, ast.List | ast.Tuple):
            for child in node.elts:
                self.admit(child, may_be_words=True)
        elif not _is_contrast(node):
            raise self._error(node, f"{self._written(node)!r} cannot stand in a formula, which holds {HOLDS}.")

    def _admit_call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func).removeprefix("np.")
        if not (isinstance(node.func, ast.Name) or _is_contrast(node.func) or name in FUNCTIONS):
            raise self._error(node, f"{self._written(node.func)!r} is no function.")
        if name in FUNCTIONS and (node.keywords or len(node.args) != FUNCTIONS[name][1]):
            number = FUNCTIONS[name][1]
            raise self._error(node, f"{name}() takes {number} argument{'s' if number > 1 else ''}.")
        for word in node.keywords:
            if word.arg not in KEYWORDS:
                raise self._error(node, f"{name}() takes no argument {word.arg!r}.")
        self._admit_arguments(node, name)

    def _admit_arguments(self, node: ast.Call, name: str) -> None:
        """Functions work on numbers; levels, contrasts and the results of `where` may be words."""
        of_numbers = name == "I" or name in FUNCTIONS
        for place, child in enumerate((*node.args, *(word.value for word in node.keywords))):
            self.admit(child, may_be_words=not of_numbers or (name == "where" and place > 0))

    def _admit_side(self, node: ast.expr) -> None:
        """A side of a comparison. Python would read `a & b > 1` as `(a & b) > 1`, R as `a & (b > 1)`."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
            raise self._error(node, "& beside a comparison needs parentheses: (a > 1) & (b > 1).")
        self.admit(node, may_be_words=True)

    def _admit_power(self, node: ast.BinOp | ast.UnaryOp) -> None:
        """Numbers alone to a power up to 10: 9**9**9 would keep a machine busy for ever, with columns it is floats."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Pow) or self._has_column(node):
            return
        base, power = node.left, node.right
        if not (_is_small(base, 1e6) and _is_small(power, 10)):
            raise self._error(node, f"the power {self._written(node)!r} of numbers is too large.")

    def _has_column(self, node: ast.BinOp) -> bool:
        return any(isinstance(child, ast.Name) and child.id in self.columns for child in ast.walk(node))

    def _admit_constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and not _PLAIN_TEXT.fullmatch(node.value):
            raise self._error(node, f"the text {node.value!r} holds a sign that a formula cannot take.")
        if not (node.value is None or isinstance(node.value, str | bool | int | float)):
            raise self._error(node, f"{self._written(node)!r} cannot stand in a formula, which holds {HOLDS}.")

    def _written(self, node: ast.AST) -> str:
        text = ast.unparse(node)
        for short, column in self.columns.items():
            text = text.replace(short, quoted(column))
        return text

    def _error(self, node: ast.expr, problem: str) -> Exception:
        at = len(self.code.encode()[: node.col_offset].decode())
        return self.span.error(problem, self.span.start + _place(self.code, str(self.span), at))


def _gives_words(node: ast.expr) -> bool:
    """Whether an expression is a text, or a `where` with a text among its results."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("np.") == "where":
        return any(_gives_words(child) for child in node.args[1:])
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_of_words_alone(where: ast.Call) -> bool:
    """Whether every result of a `where` is words, or a column, which may hold them."""
    return all(_gives_words(child) or isinstance(child, ast.Name) for child in where.args[1:])


def _is_small(node: ast.expr, most: float) -> bool:
    value = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value <= most


def _is_contrast(node: ast.AST) -> bool:
    """`contr.sum`, with or without arguments."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "contr"
        and node.attr in CONTRASTS
    )


def _column_of_levels(tree: ast.expr, columns: dict[str, str]) -> str | None:
    """The column of `C(column, ...)` or of R's `factor(column)`."""
    if not isinstance(tree, ast.Call) or not tree.args or not isinstance(tree.args[0], ast.Name):
        return None
    return columns.get(tree.args[0].id) if ast.unparse(tree.func) in ("C", "factor") else None


def _is_logical(tree: ast.expr) -> bool:
    """Whether an expression is true or false: a comparison, or comparisons that are joined or turned round."""
    if isinstance(tree, ast.Call):
        name = ast.unparse(tree.func).removeprefix("np.")
        return name.startswith("logical_") or (name == "I" and len(tree.args) == 1 and _is_logical(tree.args[0]))
    return isinstance(tree, ast.Compare) or (isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitAnd))


def _listed_levels(tree: ast.expr) -> tuple[Any, ...]:
    """The levels of `C(column, levels=[...])`."""
    given = [word.value for word in tree.keywords if word.arg == "levels"] if isinstance(tree, ast.Call) else []
    lists = [node.elts for node in given if isinstance(node, ast.List | ast.Tuple)]
    return tuple(node.value for elements in lists for node in elements if isinstance(node, ast.Constant))


class _Coder(ast.NodeTransformer):
    """The tree as it is evaluated: columns under their placeholders, functions under one name each."""

    def __init__(self, columns: dict[str, str]) -> None:
        self.columns = columns

    def visit_Call(self, node: ast.Call) -> ast.AST:
        inner = _column_of_levels(node, self.columns)
        self.generic_visit(node)
        if inner is not None:
            node.args[0] = ast.Name(placeholder(inner, as_levels=True))
        if isinstance(node.func, ast.Name) and node.func.id == "factor":
            node.func.id = "C"
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """`a & b` of columns that are true or false: as 64-bit floats they have no bits."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.BitAnd):
            return node
        return ast.Call(ast.Name("logical_and"), [node.left, node.right], [])

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(placeholder(self.columns[node.id])) if node.id in self.columns else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        is_numpy = isinstance(node.value, ast.Name) and node.value.id == "np"
        return ast.Name(node.attr) if is_numpy else node
