"""The documentation as a site that needs no network: `make docs` writes it to build/site.

Every page stays where it is in the repository, so that links work on a code host, in an editor and here. The pages are
laid out in build/pages in the same folders, with the executed notebooks, and mkdocs makes the site of them: searchable,
strict (a lost link or a page in no menu ends the run), its formulas as MathML, nothing loaded from elsewhere.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from latex2mathml.converter import convert

ROOT = Path(__file__).parents[1]
#: The menu but for the notebooks, whose names are read.
MENU = [
    {"Overview": "README.md"},
    {
        "First steps": [
            "docs/tutorial_practice.md",
            "docs/tutorial_paper.md",
            "docs/coming_from.md",
        ]
    },
    {"Notebooks": []},
    {
        "Reading and deciding": [
            "docs/reading_figures.md",
            "docs/models.md",
            "docs/limitations.md",
            "docs/correctness.md",
        ]
    },
    {"Data": ["docs/import.md", "docs/study_folder.md", "docs/without_pooling.md", "docs/scale.md", "data/README.md"]},
    {"Engine": ["docs/mixed_models.md", "benchmarks/README.md", "tests/reference/README.md"]},
    {"Reference": ["docs/api.md", "docs/extending.md", "docs/README.md"]},
    {"Project": ["ARCHITECTURE.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", "CHANGELOG.md"]},
]
#: What the theme's offline search loads.
SHIM = "https://unpkg.com/iframe-worker/shim"
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)


def lay_out(pages: Path) -> list[str]:
    """Copy the pages, the notebooks, and every file that a page links to; return the notebooks by name."""
    shutil.rmtree(pages, ignore_errors=True)
    for page in {*(ROOT / name for name in listed(MENU)), *(ROOT / "docs").glob("*.md")}:
        text = page.read_text(encoding="utf-8")
        copy = pages / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(with_mathml(text), encoding="utf-8")
        for link in LINK.findall(FENCE.sub("", text)):
            target = (page.parent / link).resolve()
            if target.is_file() and target.suffix not in (".md", ".ipynb"):
                other = pages / target.relative_to(ROOT)
                other.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(target, other)
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    (pages / "notebooks").mkdir()
    for notebook in notebooks:
        shutil.copy(notebook, pages / "notebooks")
    return [f"notebooks/{path.name}" for path in notebooks]


def listed(menu: list) -> list[str]:
    """The pages of a menu, in order."""
    names: list[str] = []
    for entry in menu:
        if isinstance(entry, str):
            names.append(entry)
        else:
            for inner in entry.values():
                names += [inner] if isinstance(inner, str) else listed(inner)
    return names


def with_mathml(text: str) -> str:
    """A page with its formulas as MathML, which a browser sets without a script."""

    def block(found: re.Match[str]) -> str:
        return f'<div class="formula">{convert(found[1].strip(), display="block")}</div>'

    def inline(found: re.Match[str]) -> str:
        return f"<span>{convert(found[1])}</span>"

    text = re.sub(r"^```math\n(.*?)^```$", block, text, flags=re.M | re.S)
    return re.sub(r"\$`(.+?)`\$", inline, text)


def menu_with(notebooks: list[str]) -> list:
    """The menu, the notebooks in their place."""
    return [{name: notebooks} if name == "Notebooks" else {name: inner} for one in MENU for name, inner in one.items()]


def make_site(folder: Path) -> Path:
    """Lay out the pages in a folder and build the site beside them; ends with what is wrong with the pages."""
    pages, site = folder / "pages", folder / "site"
    # Paths in the file are relative to it; JSON is YAML.
    settings = {
        "INHERIT": str(Path(__file__).with_name("site.yml")),
        "docs_dir": pages.name,
        "site_dir": site.name,
        "nav": menu_with(lay_out(pages)),
    }
    file = folder / "mkdocs.yml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--clean", "--strict", "--config-file", str(file)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    # The plugin for notebooks keeps a cache where it is called.
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit("\n".join(line for line in done.stderr.splitlines() if not line.startswith("INFO")))
    search_from_disk(site)
    return site / "index.html"


def search_from_disk(site: Path) -> None:
    """Our own few lines in place of the script that the theme would load from elsewhere for pages opened as files."""
    shutil.copy(Path(__file__).with_name("site_worker.js"), site / "assets")
    for page in site.rglob("*.html"):
        up = "../" * (len(page.relative_to(site).parts) - 1)
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(SHIM, f"{up}assets/site_worker.js"), encoding="utf-8")


if __name__ == "__main__":
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    make_site(build)
