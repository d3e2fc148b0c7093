"""Formulas from a command line: admitted only when their syntax tree holds nothing but columns, numbers and arithmetic.

formulaic evaluates parts of a formula as Python, so that a formula can write files or start programs even with an empty
context. `mixedlm` trusts its formula, as it trusts the program that calls it; a formula that somebody else typed goes
through `check_formula` first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from kap_analysis.mixed.bars import STRUCTURES
from kap_analysis.mixed.errors import MixedModelError, nearest

FUNCTIONS = (
    "C",
    "I",
    "center",
    "scale",
    "standardize",
    "poly",
    "bs",
    "cr",
    "cc",
    "log",
    "log2",
    "log10",
    "exp",
    "exp2",
)
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.BitXor, ast.BitOr, ast.USub, ast.UAdd)
FORBIDDEN = re.compile(r"[{}\[\]\\#;@%$!?=<>&]|\.\.|__|\n|''|\"\"")
PLAIN_TEXT = re.compile(r"[\w .+-]+")
_ALLOWED = "columns, numbers, strings, + - * / : ^ ** |, and the functions " + ", ".join(FUNCTIONS)


def check_formula(formula: str, columns: Collection[str]) -> None:
    """Raise unless the formula is made of columns, numbers, strings, arithmetic and the listed functions.

    Parameters
    ----------
    formula : str
        ``response ~ fixed part + (columns | grouping) + us(visit | patient)``.
    columns : collection of str
        The columns of the data.

    Raises
    ------
    MixedModelError
        Naming the first thing that is not admitted. Nothing of the formula has been evaluated then.
    """
    text = " ".join(formula.split(" "))
    bad = FORBIDDEN.search(_without_keywords(text))
    if bad:
        raise _refused(f"{bad.group()!r} at character {bad.start() + 1}", formula)
    text, quoted = _name_backticks(text, columns)
    for side in text.split("~"):
        if side.strip():
            _check_side(side, quoted, columns, formula)


def _without_keywords(text: str) -> str:
    """The formula with the sign of ``df=3`` blanked, which is the one use of = that is admitted."""
    return re.sub(r"(?<=[(,\s]df)\s*=(?!=)|(?<=[(,\s]degree)\s*=(?!=)", " ", text)


def _name_backticks(text: str, columns: Collection[str]) -> tuple[str, dict[str, str]]:
    """Backticked columns under names that Python can read."""
    quoted: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in columns:
            raise MixedModelError(f"There is no column {name!r} in the data. {nearest(name, columns)}")
        quoted[f"quoted_{len(quoted)}"] = name
        return f"quoted_{len(quoted) - 1}"

    return re.sub(r"`([^`]*)`", rename, text), quoted


def _check_side(side: str, quoted: dict[str, str], columns: Collection[str], formula: str) -> None:
    """One side of the tilde: parsed as Python with ``||`` and ``:`` written as operators, and walked."""
    try:
        tree = ast.parse(side.replace("||", "|").replace(":", "*").strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        raise _refused("a part that is no sum of terms", formula) from None
    _check_node(tree.body, quoted, columns, formula)


def _check_node(node: ast.AST, quoted: dict[str, str], columns: Collection[str], formula: str) -> None:
    """The node is one of the admitted kinds, and so are all below it."""
    if isinstance(node, ast.Name):
        if node.id not in quoted and node.id not in columns:
            raise MixedModelError(f"There is no column {node.id!r} in the data. {nearest(node.id, columns)}")
    elif isinstance(node, ast.Constant):
        _check_constant(node.value, formula)
    elif isinstance(node, ast.BinOp | ast.UnaryOp):
        if not isinstance(node.op, OPERATORS):
            raise _refused(f"the operator {type(node.op).__name__}", formula)
        if isinstance(node.op, ast.Pow | ast.BitXor) and isinstance(node, ast.BinOp):
            _check_power(node, formula)
        below = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.operand,)
        for child in below:
            _check_node(child, quoted, columns, formula)
    elif isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS + STRUCTURES:
            raise _refused(f"the call {ast.unparse(node.func)}(...)", formula)
        for child in (*node.args, *(keyword.value for keyword in node.keywords)):
            _check_node(child, quoted, columns, formula)
    else:
        raise _refused(f"{ast.unparse(node)!r}", formula)


def _check_power(node: ast.BinOp, formula: str) -> None:
    """A column to a small power: 9**9**9 alone would keep a machine busy for ever."""
    small = (
        isinstance(node.right, ast.Constant) and isinstance(node.right.value, int | float) and node.right.value <= 10
    )
    if not small or not any(isinstance(child, ast.Name) for child in ast.walk(node.left)):
        raise _refused(f"the power {ast.unparse(node)!r} (a column to a power up to 10 is)", formula)


def _check_constant(value: object, formula: str) -> None:
    """Finite numbers, and strings without any sign that could end them early."""
    if isinstance(value, str) and PLAIN_TEXT.fullmatch(value):
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        return
    raise _refused(f"{value!r}", formula)


def _refused(what: str, formula: str) -> MixedModelError:
    return MixedModelError(f"The formula {formula!r} holds {what}, which is not admitted here. It may hold {_ALLOWED}.")
