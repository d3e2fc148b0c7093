"""Every page of docs/ does what it says: its Python runs, prints what is shown below it, its links lead somewhere."""

import json
import re
import runpy
from pathlib import Path

import pytest
from matplotlib.mathtext import MathTextParser

import kap_analysis as kap
from tests.docs_pages import PAGES, ROOT, lay_out, run_page, shown_in

#: What each section on a figure says.
HOW_TO_READ = ("Shows", "Does not show", "Misleads")
#: Pages whose Python runs in the slow suite: their examples fit many models.
LONG = ("models", "tutorial_paper", "tutorial_practice", "without_pooling")
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@pytest.mark.parametrize(
    "page", [pytest.param(p, marks=pytest.mark.slow if p.stem in LONG else (), id=p.stem) for p in PAGES]
)
def test_the_python_of_a_page_runs_and_prints_what_it_shows(page: Path, tmp_path, monkeypatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = run_page(page)
    shown = {block[0]: block[shown_in(block)] for block, _ in done if shown_in(block)}
    printed = {block[0]: text for block, text in done if shown_in(block)}
    assert printed == shown, "renew them by `python tests/docs_pages.py`"
    assert len(done) == len(re.findall(r"^```(?:python|console)$", page.read_text(encoding="utf-8"), re.M))


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
    """The text between the marks of a page is the file in benchmarks/results/."""
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


def test_the_page_says_what_the_rule_chose() -> None:
    results = ROOT / "benchmarks" / "results" / "primary_analysis_choice.md"
    chosen = re.search(r"^Chosen: (.+) \(part (\d) of the rule\)\.$", results.read_text(encoding="utf-8"), re.M)
    page = (ROOT / "docs" / "correctness.md").read_text(encoding="utf-8")
    assert chosen
    assert f"The rule chose the {chosen[1]}, by its part {chosen[2]}:" in page


def test_every_measured_difference_is_within_its_tolerance() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "agreement.json").read_text(encoding="utf-8"))["worst"]
    assert len(found) > 50
    assert [one for one in found if one["size"] > one["tolerance"]] == []
    assert {one["test"] for one in found} - {path.name for path in (ROOT / "tests" / "mixed").rglob("*.py")} == set()


def test_a_tolerance_on_a_page_is_the_one_of_the_test_beside_it() -> None:
    text = (ROOT / "docs" / "correctness.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.search(r"`[A-Z_]+` = ", line)]
    wrong = []
    for row in rows:
        tests = (ROOT / "docs" / re.findall(r"\]\((\S+?\.py)\)", row)[-1]).read_text(encoding="utf-8")
        for name, value in re.findall(r"`([A-Z_]+)` = ([\d.e-]+)", row):
            held = re.search(rf"^{name} = ([\d.e-]+)", tests, re.M)
            if held is None or float(held[1]) != float(value):
                wrong.append(f"{name} = {value}")
    assert len(rows) >= 5
    assert wrong == []


def test_every_formula_of_a_page_can_be_set() -> None:
    """By matplotlib, whose part of TeX is smaller than that of a code host."""
    formulas = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        formulas += re.findall(r"^```math\n(.*?)^```$", text, re.M | re.S) + re.findall(r"\$`(.+?)`\$", text)
        assert "$$" not in text, f"{page.name}: write a formula as a block of ```math"
    assert len(formulas) > 20
    parser = MathTextParser("path")
    for formula in formulas:
        assert parser.parse(f"${formula.strip()}$").width > 0


def test_every_picture_of_a_page_says_what_it_shows() -> None:
    pages = [*PAGES, ROOT / "README.md"]
    pictures = [one for page in pages for one in re.findall(r"!\[(.*?)\]\(", page.read_text(encoding="utf-8"))]
    assert len(pictures) >= 20
    assert [one for one in pictures if len(one.split()) < 2] == []


def test_every_figure_table_and_notebook_is_told() -> None:
    reading = (ROOT / "docs" / "reading_figures.md").read_text(encoding="utf-8")
    figures = {name for name in dir(kap.figures) if name.startswith("plot_")}
    tables = {name for name in dir(kap.tables) if name.startswith("table_")}
    assert figures - set(re.findall(r"`kap\.figures\.(plot_\w+)`", reading)) == set()
    assert tables - set(re.findall(r"`(table_\w+)`", reading)) == set()
    sections = re.split(r"^## ", reading, flags=re.M)[1:-1]
    assert [one.splitlines()[0] for one in sections if not all(f"- **{word}" in one for word in HOW_TO_READ)] == []
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        question = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]).splitlines()[0]
        assert f"| [{path.stem}](../notebooks/{path.name}) | {question.removeprefix('# ')} |" in index


def test_every_page_is_in_the_menu_of_the_site() -> None:
    site = runpy.run_path(str(ROOT / "docs" / "make_site.py"))
    listed = site["listed"](site["MENU"])
    assert sorted(name for name in listed if name.startswith("docs/")) == [f"docs/{page.name}" for page in PAGES]
    assert [name for name in listed if not (ROOT / name).is_file()] == []


@pytest.mark.slow
def test_the_site_has_no_lost_link_and_loads_nothing_from_elsewhere(tmp_path) -> None:
    index = runpy.run_path(str(ROOT / "docs" / "make_site.py"))["make_site"](tmp_path)
    pages = sorted(index.parent.rglob("*.html"))
    assert len(pages) > len(PAGES)
    loads = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^\s>]*")
    assert {page.name: found for page in pages if (found := loads.findall(page.read_text(encoding="utf-8")))} == {}
    assert "<math" in (index.parent / "docs" / "models.html").read_text(encoding="utf-8")
    assert (index.parent / "search" / "search_index.js").is_file()
