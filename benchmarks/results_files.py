"""What every benchmark writes: JSON for programs, Markdown for people, and the tables in README.md."""

import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE / "README.md"
#: Where a table stands too, if the page has its mark.
PAGES = [HERE.parent / "docs" / name for name in ("correctness.md", "scale.md")]
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def versions() -> dict[str, str]:
    """What this ran on, without the name of the machine."""
    packages = {name: version(name) for name in ("numpy", "scipy", "pandas", "formulaic", "statsmodels")}
    return {"date": date.today().isoformat(), "python": platform.python_version(), **packages}


def r_versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions of R and of those of the packages that are installed; nothing where there is no R."""
    program = (
        "cat('R', paste(R.version$major, R.version$minor, sep = '.'), '\\n');"
        f"for (p in c({', '.join(map(repr, packages))})) if (requireNamespace(p, quietly = TRUE))"
        " cat(p, as.character(packageVersion(p)), '\\n')"
    )
    try:
        done = subprocess.run(["Rscript", "-e", program], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def write(name: str, content: dict[str, Any], markdown: str) -> None:
    """Write results/<name>.json and .md; put the Markdown between the marks <!-- name --> of README.md and `PAGES`."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (RESULTS / f"{name}.md").write_text(markdown + "\n", encoding="utf-8")
    put(README, name, markdown)
    for page in PAGES:
        if f"<!-- {name}: " in page.read_text(encoding="utf-8"):
            put(page, name, markdown)
    say(f"Written: results/{name}.json, results/{name}.md, README.md")


def put(page: Path, name: str, markdown: str) -> None:
    """Put the Markdown between the marks <!-- name --> of a page."""
    start, end = f"<!-- {name}: written by the script -->", f"<!-- end of {name} -->"
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(start)
    if not found:
        raise SystemExit(f"{page.name} has no mark {start}.")
    page.write_text(f"{before}{start}\n{markdown}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
