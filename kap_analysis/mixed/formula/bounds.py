"""How large a formula may be. No study needs as much; without a bound, one line of text could fill a machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from math import comb
from typing import Final

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.spans import Span

MOST_CHARACTERS: Final = 20_000
MOST_BRACKETS: Final = 20
MOST_OPERATIONS_DEEP: Final = 100
MOST_TERMS: Final = 1_000
PRODUCTS_WRITTEN_OUT: Final = 100_000
MOST_SPLINE_DF: Final = 100
MOST_COLUMNS: Final = 2_000
_SPLINES: Final = ("bs", "cr", "cc", "cs", "poly")


def check_length(formula: str) -> None:
    """Refuse a text that is no formula by its length alone."""
    if len(formula) > MOST_CHARACTERS:
        raise MixedModelError(
            f"The formula has {len(formula):,} characters; at most {MOST_CHARACTERS:,} are read. "
            "Make columns of the data for its longest expressions."
        )


def check_brackets(span: Span) -> None:
    """Refuse brackets within brackets without end."""
    deep = next((at for at, depth in enumerate(span.depths) if depth > MOST_BRACKETS), None)
    if deep is not None:
        raise span.error(f"brackets stand in more than {MOST_BRACKETS} others here. Take the outer ones away.", deep)


def terms_of(words: str) -> int:
    """How many terms a part asks for at most, before they are written out; 0 where its signs are not Python's."""
    try:
        tree = ast.parse(words.replace("^", "**").replace(":", "@").strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0  # what is wrong with it is said by who reads it
    waiting: list[ast.AST] = [tree]
    order: list[ast.AST] = []
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    count: dict[ast.AST, int] = {}
    for node in reversed(order):
        count[node] = _terms_of_node(node, count)
    return count[tree]


def _terms_of_node(node: ast.AST, count: dict[ast.AST, int]) -> int:
    if not isinstance(node, ast.BinOp):
        return 1
    left, right = min(count[node.left], 10**9), min(count[node.right], 10**9)
    match node.op:
        case ast.Pow():
            power = node.right.value if isinstance(node.right, ast.Constant) else None
            return _terms_of_power(left, power) if isinstance(power, int) else left
        case ast.Mult():
            return left + right + left * right
        case ast.Div():
            return left + left * right
        case ast.MatMult():
            return left * right
    return left + right


def _terms_of_power(n: int, power: int) -> int:
    if power > MOST_TERMS or n**power > PRODUCTS_WRITTEN_OUT:  # formulaic writes out all of them
        return min(n ** min(power, 20), 10**9) if n > 1 else power
    return sum(comb(n, size) for size in range(1, power + 1))


def check_terms(n_terms: int, text: str) -> None:
    """Refuse more terms than a model can have, as soon as they are counted."""
    if n_terms > MOST_TERMS:
        raise MixedModelError(
            f"{text.strip()[:60]!r} asks for more than {MOST_TERMS:,} terms, which is the most that are fitted. "
            "Write the interactions that are meant."
        )


def check_columns(n_columns: int, text: str) -> None:
    """Refuse a design matrix wider than a fixed part can be, before it is made."""
    if n_columns > MOST_COLUMNS:
        raise MixedModelError(
            f"{text.strip()[:60]!r} asks for {n_columns:,} columns of a design matrix; at most "
            f"{MOST_COLUMNS:,} are fitted. "
            "A factor with so many levels is a grouping: write (1 | column)."
        )


def too_large(tree: ast.expr) -> str | None:
    """What is too large in an expression, in words; None where nothing is."""
    if _depth_exceeds(tree, MOST_OPERATIONS_DEEP):
        return f"more than {MOST_OPERATIONS_DEEP} operations stand in one another. Make a column of the data for it"
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and any(_is_repeatable(side) for side in (node.left, node.right)):
            return "a text or a list cannot be calculated with"
        if isinstance(node, ast.Call) and any(size > MOST_SPLINE_DF for size in _sizes(node)):
            return f"{ast.unparse(node.func)}() takes at most {MOST_SPLINE_DF} degrees of freedom"
    return None


def _is_repeatable(node: ast.expr) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text or isinstance(node, ast.List | ast.Tuple)


def _sizes(call: ast.Call) -> Iterator[float]:
    """The numbers of a call that say how many columns it makes."""
    named = [word.value for word in call.keywords if word.arg in ("df", "degree")]
    by_place = call.args[1:] if ast.unparse(call.func) in _SPLINES else []
    for node in (*named, *by_place):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            yield node.value
        elif isinstance(node, ast.BinOp):  # a size is a number, not a calculation
            yield float("inf")


def _depth_exceeds(tree: ast.AST, most: int) -> bool:
    """Whether nodes stand deeper than this, without a recursion that could itself be too deep."""
    level: list[ast.AST] = [tree]
    for _ in range(most):
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if not level:
            return False
    return True
