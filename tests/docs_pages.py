"""The pages of docs/ as programs, block by block in order.

A ```python block runs, and a ```text block below it is what it prints. A ```console block begins with "$ " and a call
of `kap`; the lines below it, if there are any, are what it prints. `python tests/docs_pages.py` writes what the blocks
print now into the pages.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from kap_analysis.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
#: A block of Python with the text that follows it, or a call of the shell with its output.
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n?^```text\n(?P<text>.*?)^```\n)?"
    r"|^```console\n\$ kap (?P<call>.*?)\n(?P<output>.*?)^```\n",
    re.M | re.S,
)


def lay_out(folder: Path) -> None:
    """The data of the repository, as a page finds them: `data/` and the tables of `tests/reference/`."""
    shutil.copytree(ROOT / "data", folder / "data")
    (folder / "tests" / "reference").mkdir(parents=True)
    for table in (ROOT / "tests" / "reference").glob("*.csv"):
        shutil.copy(table, folder / "tests" / "reference")


def run_page(page: Path) -> list[tuple[re.Match[str], str]]:
    """Each block of a page with what it printed; all in one namespace, in the folder that is current.

    An error carries the name of the page and the line in it.
    """
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": page.stem}
    done = []
    for block in BLOCK.finditer(text):
        if block["call"] is not None:
            done.append((block, _plain(CliRunner().invoke(app, shlex.split(block["call"])).output)))
            continue
        line = text.count("\n", 0, block.start("code"))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + block["code"], str(page), "exec"), names)
        done.append((block, _plain(printed.getvalue())))
    return done


def shown_in(block: re.Match[str]) -> str:
    """The part of a block that shows what was printed; empty where the page shows nothing of it."""
    return "text" if block["text"] is not None else "output" if block["output"] else ""


def _plain(text: str) -> str:
    """Text without blanks at the ends of lines, which editors take away."""
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").split("\n"))


def renew(page: Path) -> None:
    """The page with what its blocks print now."""
    text, at, parts = page.read_text(encoding="utf-8"), 0, []
    for block, printed in run_page(page):
        place = shown_in(block)
        if place:
            parts += [text[at : block.start(place)], printed]
            at = block.end(place)
    page.write_text("".join(parts) + text[at:], encoding="utf-8")


if __name__ == "__main__":
    wanted = [Path(name).resolve() for name in sys.argv[1:]] or PAGES
    with tempfile.TemporaryDirectory() as name:
        lay_out(Path(name))
        os.chdir(name)
        for page in wanted:
            renew(page)
