"""The public names with their signatures as one text: run this file to renew ``public_api.txt`` beside it.

Signatures are read from the source, not from the running objects, so they are the same on every Python.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import kap_analysis as kap

FILE = Path(__file__).with_name("public_api.txt")


def public_api() -> str:
    """One line per public name, sorted; the public attributes and methods of a class are indented below it."""
    lines: list[str] = []
    for prefix, module in (("kap", kap), ("kap.figures", kap.figures), ("kap.tables", kap.tables)):
        for name in sorted(n for n in dir(module) if not n.startswith("_")):
            value = getattr(module, name)
            if not isinstance(value, ModuleType):
                lines += describe(f"{prefix}.{name}", value)
    return "\n".join(lines) + "\n"


def describe(name: str, value: Any) -> Iterator[str]:
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        yield f"{name}: {type(value).__name__}"
        return
    node = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    if isinstance(node, ast.FunctionDef):
        yield f"{name}{signature(node)}"
        return
    yield f"class {name}"
    for kind in reversed([kind for kind in value.__mro__ if kind.__module__.startswith("kap_analysis")]):
        yield from members(kind)


def members(kind: type) -> Iterator[str]:
    node = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(node, ast.ClassDef)
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id[0] != "_":
            yield f"    {item.target.id}: {ast.unparse(item.annotation)}"
        elif isinstance(item, ast.FunctionDef) and item.name[0] != "_":
            is_property = any(ast.unparse(d).endswith("property") for d in item.decorator_list)
            returns = ast.unparse(item.returns) if item.returns else "Any"
            yield f"    {item.name}: {returns}" if is_property else f"    {item.name}{signature(item)}"


def signature(node: ast.FunctionDef) -> str:
    return f"({ast.unparse(node.args)})" + (f" -> {ast.unparse(node.returns)}" if node.returns else "")


if __name__ == "__main__":
    FILE.write_text(public_api(), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{FILE.name} is renewed\n")
