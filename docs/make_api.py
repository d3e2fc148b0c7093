"""The API reference as one page, made from the docstrings: run this file to renew ``api.md`` beside it.

Names, signatures and docstrings are read from the source, so the page is the same on every Python.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kap_analysis as kap

FILE = Path(__file__).with_name("api.md")
OPENING = """# API reference

Made from the docstrings by `make api`; a test holds it current. `import kap_analysis as kap` is the whole face: the
verbs of a study and its analysis, [`kap.figures`](#kapfigures) and [`kap.tables`](#kaptables). What a result holds is
listed under its call.
"""
SECTION = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+)\n-{3,}\n", re.M)
LISTED = ("Parameters", "Attributes", "Returns", "Raises", "Yields")


def api_page() -> str:
    """The page as Markdown: a contents list per module, then each public name with its docstring."""
    lines = [OPENING]
    listed_classes = [value for module in (kap, kap.figures, kap.tables) for _, value in inspect.getmembers(module)]
    for prefix, module in (("kap", kap), ("kap.figures", kap.figures), ("kap.tables", kap.tables)):
        named = [(name, getattr(module, name)) for name in sorted(dir(module)) if not name.startswith("_")]
        public = [(name, value) for name, value in named if inspect.isclass(value) or inspect.isfunction(value)]
        lines.append(f"## {prefix}\n")
        lines += [f"- [`{name}`](#{anchor(prefix, name)}): {first_line(value)}" for name, value in public]
        lines.append("")
        for name, value in public:
            lines += describe(f"{prefix}.{name}", value)
            result = result_class(value)
            if result is not None and result not in listed_classes:
                lines += describe_result(result)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def anchor(prefix: str, name: str) -> str:
    """The anchor that a code host gives the heading."""
    return f"{prefix}{name}".lower().replace(".", "")


def first_line(value: Any) -> str:
    return inspect.cleandoc(value.__doc__).split("\n\n")[0].replace("\n", " ")


def result_class(value: Any) -> type | None:
    """The class of the same room that a function returns, if it is not listed as a public name itself."""
    if not inspect.isfunction(value):
        return None
    returns = inspect.getmodule(value).__dict__.get(str(value.__annotations__.get("return", "")))  # type: ignore[union-attr]
    found = returns if returns is not None else value.__annotations__.get("return")
    room = ".".join(value.__module__.split(".")[:2]) + "."
    is_ours = inspect.isclass(found) and found.__module__.startswith(room)
    return found if is_ours else None


def describe(name: str, value: Any) -> Iterator[str]:
    """Heading, signature and docstring; the public methods of a class after them."""
    yield f"### {name}\n"
    node = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    if isinstance(node, ast.FunctionDef):
        yield f"```text\n{signature(name, node)}\n```\n"
    yield markdown(value.__doc__)
    if isinstance(node, ast.ClassDef):
        for kind in reversed([kind for kind in value.__mro__ if kind.__module__.startswith("kap_analysis")]):
            yield from methods(value.__name__, kind)


def describe_result(found: type) -> Iterator[str]:
    yield f"#### {found.__name__}\n"
    yield markdown(found.__doc__ or "")


def methods(name: str, kind: type) -> Iterator[str]:
    """The public methods that a class defines, under the name of the class that offers them."""
    node = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(node, ast.ClassDef)
    for item in node.body:
        if not isinstance(item, ast.FunctionDef) or item.name.startswith("_"):
            continue
        is_property = any(ast.unparse(one).endswith("property") for one in item.decorator_list)
        yield f"#### {name}.{item.name}\n"
        if not is_property:
            yield f"```text\n{signature(item.name, item)}\n```\n"
        yield markdown(ast.get_docstring(item) or "")


def signature(name: str, node: ast.FunctionDef) -> str:
    """The signature, one argument a line where it is long."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    whole = f"{name}({ast.unparse(node.args)}){returns}"
    if len(whole) <= 100:
        return whole
    parts = []
    given = node.args
    late = len(given.args) - len(given.defaults)
    for at, one in enumerate(given.args):
        parts.append(f"{ast.unparse(one)}{default_of(given.defaults[at - late] if at >= late else None)}")
    if given.vararg or given.kwonlyargs:
        parts.append(f"*{ast.unparse(given.vararg) if given.vararg else ''}")
    parts += [
        f"{ast.unparse(one)}{default_of(value)}" for one, value in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    parts += [f"**{ast.unparse(given.kwarg)}"] if given.kwarg else []
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def default_of(value: ast.expr | None) -> str:
    return "" if value is None else f" = {ast.unparse(value)}"


def markdown(docstring: str) -> str:
    """A numpydoc docstring as Markdown: sections as bold words, their entries as lists."""
    text = inspect.cleandoc(docstring)
    starts = [*SECTION.finditer(text)]
    if not starts:
        return f"{prose(text)}\n"
    ends = [*[start.start() for start in starts[1:]], len(text)]
    parts = [prose(text[: starts[0].start()])]
    for start, end in zip(starts, ends, strict=True):
        body = text[start.end() : end].strip("\n")
        entries = listed(body) if start["name"] in LISTED else prose(body)
        parts.append(f"**{start['name']}**\n\n{entries}")
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def listed(body: str) -> str:
    """Entries at the margin, each with its indented description, as bullets."""
    bullets: list[str] = []
    for line in body.split("\n"):
        if line and not line.startswith(" "):
            name, colon, kind = line.partition(" : ")
            bullets.append(f"- `{name}` : {literal(kind)}" if colon else f"- {literal(name)}")
        elif line.strip():
            bullets[-1] += f"\n  {literal(line.strip())}"
    return "\n".join(bullets)


def prose(text: str) -> str:
    """Paragraphs as they are; examples and indented blocks fenced."""
    blocks = []
    for block in re.split(r"\n{2,}", textwrap.dedent(text).strip("\n")):
        is_code = block.startswith((">>>", "    ")) or all(line.startswith("  ") for line in block.split("\n"))
        kind = "pycon" if block.startswith(">>>") else "text"
        blocks.append(f"```{kind}\n{textwrap.dedent(block)}\n```" if is_code and block else literal(block))
    return "\n\n".join(blocks)


def literal(text: str) -> str:
    """Double backticks of reStructuredText as single ones; what Markdown would swallow kept."""
    kept = re.sub(r"``([^`]+)``", r"`\1`", text)
    outside = re.split(r"(`[^`]*`)", kept)
    return "".join(part if part.startswith("`") else re.sub(r"([*_|<])", r"\\\1", part) for part in outside)


if __name__ == "__main__":
    FILE.write_text(api_page(), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{FILE.name} is renewed\n")
