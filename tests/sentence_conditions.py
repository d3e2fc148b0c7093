"""Every sentence that a result can say, with the conditions under which its code writes it.

`python tests/sentence_conditions.py` renews `tests/sentence_conditions.txt`. Read what changed there: a sentence about
a thing stands only where the thing is in the data or in the model, and what is unknown is not told as zero.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LISTED = ROOT / "tests" / "sentence_conditions.txt"
ROOMS = ("analysis", "planning", "pooling", "review")
#: At least three words, from a capital or a value to a full stop.
SENTENCE = re.compile(r"^[A-Z{].*\S \S+ .*[.:]$", re.DOTALL)


def sentences() -> list[str]:
    """Lines ``file: function: sentence [if condition; if condition]``."""
    lines = []
    for room in ROOMS:
        for path in sorted((ROOT / "kap_analysis" / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            place = path.relative_to(ROOT / "kap_analysis").as_posix()
            lines += [f"{place}: {line}" for line in _said(tree, "", ())]
    return lines


def _said(node: ast.AST, function: str, conditions: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef):
        function, conditions = node.name, ()
    if isinstance(node, ast.Raise | ast.Assert):
        return
    text = _text(node)
    if text and SENTENCE.match(text.strip()):
        yield f"{function}: {text.strip()}" + (f" [{'; '.join(conditions)}]" if conditions else "")
        return
    for child, told in _children(node):
        yield from _said(child, function, conditions + told)


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, tuple[str, ...]]]:
    """The parts of a node with the condition under which each is reached; what follows an early return too."""
    if isinstance(node, ast.IfExp):
        yield node.body, (f"if {ast.unparse(node.test)}",)
        yield node.orelse, (_unless(node.test),)
        return
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        told: tuple[str, ...] = ()
        if isinstance(node, ast.If) and name in ("body", "orelse"):
            told = (f"if {ast.unparse(node.test)}" if name == "body" else _unless(node.test),)
        for part in parts:
            if isinstance(part, ast.AST) and not _is_docstring(part):
                yield part, told
            if isinstance(part, ast.If) and not part.orelse and isinstance(part.body[-1], ast.Return | ast.Continue):
                told = (*told, _unless(part.test))


def _unless(test: ast.expr) -> str:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return f"if {ast.unparse(test.operand)}"
    return f"if {ast.unparse(ast.UnaryOp(ast.Not(), test))}"


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _text(node: ast.AST) -> str:
    """What a constant or an f-string says, its values in braces."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part).strip('{}')}}}"
        for part in node.values
    ).replace("\n", " ")


if __name__ == "__main__":
    LISTED.write_text("\n".join(sentences()) + "\n", encoding="utf-8", newline="\n")
    print(f"{LISTED.name} is renewed")  # noqa: T201
