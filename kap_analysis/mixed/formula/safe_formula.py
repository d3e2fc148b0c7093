"""Formulas from a command line: admitted only when their syntax tree holds nothing but columns, numbers and arithmetic.

formulaic evaluates parts of a formula as Python, so that a formula can write files or start programs even with an empty
context. `mixedlm` trusts its formula, as it trusts the program that calls it; a formula that somebody else typed goes
through `check_formula` first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from kap_analysis.mixed.covariance.structures import STRUCTURES
from kap_analysis.mixed.errors import MixedModelError, nearest
from kap_analysis.mixed.formula.parser import sides_of
from kap_analysis.mixed.formula.spans import Span, whole_span

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
_ALLOWED = "columns, numbers, strings, + - * / : ^ ** |, and the functions " + ", ".join((*FUNCTIONS, *STRUCTURES))


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
        Naming the first thing that is not admitted, or pointing at the character that does not parse. Nothing of the
        formula has been evaluated then, and formulaic has not seen it.
    """
    text = formula.strip()
    if not text:
        return  # said by whoever reads it
    bad = FORBIDDEN.search(_without_keywords(text))
    if bad:
        raise _refused(f"{bad.group()!r} at character {bad.start() + 1}", text)
    renamed, quoted = _name_backticks(text, columns)
    for side in sides_of(whole_span(text)):
        _check_side(side, renamed[side.start : side.stop], quoted, columns)


def _without_keywords(text: str) -> str:
    """The formula with the sign of ``df=3`` blanked, which is the one use of = that is admitted."""
    return re.sub(r"(?<=[(,\s]df)\s*=(?!=)|(?<=[(,\s]degree)\s*=(?!=)", " ", text)


def _name_backticks(text: str, columns: Collection[str]) -> tuple[str, dict[str, str]]:
    """Backticked columns under names that Python can read, as long as they were: characters keep their places."""
    quoted: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in columns:
            raise MixedModelError(f"There is no column {name!r} in the data. {nearest(name, columns)}")
        short = chr(ord("\N{CJK UNIFIED IDEOGRAPH-4E00}") + len(quoted)) * len(match.group())
        quoted[short] = name
        return short

    return re.sub(r"`([^`]*)`", rename, text), quoted


def _check_side(side: Span, renamed: str, quoted: dict[str, str], columns: Collection[str]) -> None:
    """One side of the tilde: parsed as Python with ``||`` and ``:`` written as operators, and walked."""
    if not renamed:
        return  # said by whoever reads it
    try:
        tree = ast.parse(renamed.replace("||", "| ").replace(":", "*"), mode="eval")
    except SyntaxError as error:
        at = side.start + max((error.offset or 1) - 1, 0)
        raise side.fail("an operator or a term is missing here.", min(at, side.stop - 1)) from None
    except (ValueError, RecursionError, MemoryError):
        raise _refused("a part that cannot be read", side.formula) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.BinOp):  # (1 | a) (1 | b): no sign between them
            before = renamed.encode()[: node.func.end_col_offset].decode()
            raise side.fail("an operator is missing here.", side.start + renamed.index("(", len(before)))
    _check_node(tree.body, quoted, columns, side.formula)


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
        if not isinstance(node.func, ast.Name) or node.func.id not in (*FUNCTIONS, *STRUCTURES):
            raise _refused(f"the call {_written(node.func, quoted)}(...)", formula)
        for child in (*node.args, *(keyword.value for keyword in node.keywords)):
            _check_node(child, quoted, columns, formula)
    else:
        raise _refused(f"{_written(node, quoted)!r}", formula)


def _written(node: ast.AST, quoted: dict[str, str]) -> str:
    """A part of the formula as text, columns in backticks again."""
    text = ast.unparse(node)
    for short, name in quoted.items():
        text = text.replace(short, f"`{name}`")
    return text


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
