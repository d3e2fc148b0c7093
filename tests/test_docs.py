"""Every page of docs/ does what it says: its Python runs, prints what stands below it, and its links lead somewhere."""

import json
import re
from pathlib import Path

import pytest

from tests.docs_pages import PAGES, ROOT, lay_out, run_page

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@by_page
def test_the_python_of_a_page_runs_and_prints_what_it_shows(page: Path, tmp_path, monkeypatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = run_page(page)
    shown = {block["code"]: block["text"] for block, _ in done if block["text"] is not None}
    printed = {block["code"]: text for block, text in done if block["text"] is not None}
    assert printed == shown, "renew them by `python tests/docs_pages.py`"
    assert len(done) == len(re.findall(r"^```python$", page.read_text(encoding="utf-8"), re.M))


@by_page
def test_every_file_and_heading_that_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S))
    lost = []
    for link in links:
        if re.match(r"https?:|mailto:", link):
            continue
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        known = target.exists() and ROOT in target.parents
        if not known or (heading and heading not in headings(target)):
            lost.append(link)
    assert lost == []


def headings(page: Path) -> set[str]:
    """Anchors as a code host makes them of headings."""
    found = re.findall(r"^#+ +(.+)$", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"](docs/{page.name})" not in readme] == []


def test_the_tables_of_a_page_are_those_that_the_scripts_wrote() -> None:
    """What stands between the marks of a page is the file in benchmarks/results/."""
    pages = [*PAGES, ROOT / "benchmarks" / "README.md"]
    mark = re.compile(r"<!-- (\w+): written by the script -->\n(.*?)<!-- end of \1 -->", re.S)
    found = [
        (page.name, *match.groups()) for page in pages for match in mark.finditer(page.read_text(encoding="utf-8"))
    ]
    results = ROOT / "benchmarks" / "results"
    assert [
        (page, name)
        for page, name, text in found
        if (results / f"{name}.md").exists() and (results / f"{name}.md").read_text(encoding="utf-8") != text
    ] == []
    assert ("correctness.md", "agreement") in {(page, name) for page, name, _ in found}


def test_every_measured_difference_is_within_its_tolerance() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "agreement.json").read_text(encoding="utf-8"))["worst"]
    assert len(found) > 50
    assert [one for one in found if one["size"] > one["tolerance"]] == []
    assert {one["test"] for one in found} - {path.name for path in (ROOT / "tests" / "mixed").glob("*.py")} == set()
