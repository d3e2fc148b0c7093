"""The notebooks on the simulated study: whole, the same bytes twice, and without the network."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kap_analysis.figures.page.alternative_text import SHORT, short_text
from kap_analysis.report.first_look import UNKNOWN
from kap_analysis.report.pipeline import reproduce
from kap_analysis.report.results_folder import read_contents
from kap_analysis.report.shipped import shipped_study
from kap_analysis.writing.numbers import interval, number
from tests.browser import faults_of, opened_browser, printed_pages, violations_of

#: The stops, minutes each, run by `make matrix`; the rest by `make check`.


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reproduce(out=tmp_path_factory.mktemp("shipped") / "results").folder


def outputs(folder: Path) -> dict[str, str]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {entry["file"]: entry["sha256"] for entry in manifest["outputs"]}


@pytest.mark.slow
def test_every_question_has_an_answer_and_every_tile_a_number(results):
    pages = {p.name: p.read_text(encoding="utf-8") for p in (results / "notebooks").glob("*.html")}
    assert [name for name, text in pages.items() if "This study does not answer this" in text] == []
    index = (results / "index.html").read_text(encoding="utf-8")
    assert UNKNOWN not in index
    assert "<strong>SIMULATED</strong>" in index


@pytest.mark.slow
def test_a_second_run_gives_the_same_bytes(results, tmp_path):
    second = reproduce(out=tmp_path / "again").folder
    assert outputs(second) == outputs(results)


@pytest.mark.slow
def test_nothing_tells_where_it_was_made(results):
    study = str(shipped_study()).encode()
    files = [p for p in results.rglob("*") if p.is_file()]
    assert [
        p.name for p in files if study in p.read_bytes() or str(Path.home()).encode() + b"/" in p.read_bytes()
    ] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kernels speak TCP on Windows")
def test_the_whole_job_runs_without_a_network(no_network: dict[str, str], tmp_path):
    command = [sys.executable, "-m", "kap_analysis", "reproduce", "--out", str(tmp_path / "results")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **no_network}, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "index.html").is_file()


@pytest.mark.slow
def test_the_primary_estimate_is_one_number_wherever_it_stands(results):
    contents = read_contents(results)
    found = contents["facts"]["group minus individual"]
    told = f"{number(found['estimate'])} ({interval(found['ci_low'], found['ci_high'])})"
    limits = interval(found["ci_low"], found["ci_high"])
    for name in ("sensitivity", "adjusted_means"):
        assert limits in (results / "tables" / f"{name}.md").read_text(encoding="utf-8"), name
    drawn = ("overview", "format_differences", "sensitivity", "tipping_point", "figure_05", "figure_12", "figure_14")
    for name in drawn:
        assert limits in contents["figures"][name]["alternative_text"], name
    for name in ("00_quickstart", "03_group_versus_individual", "07_sensitivity"):
        page = (results / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
        assert f"95% interval {limits}" in page.replace("\N{NO-BREAK SPACE}", " "), name
    index = (results / "index.html").read_text(encoding="utf-8")
    assert f">{told}</span>" in index and f"(95% interval {limits}; df" in index


@pytest.mark.slow
def test_pictures_that_differ_have_alternative_texts_that_differ(results):
    pictures: dict[str, dict[bytes, str]] = {}
    for name, entry in read_contents(results)["figures"].items():
        said = short_text(entry["alternative_text"])
        assert 60 <= len(said) <= SHORT, name
        png = (results / "figures" / f"{name}.png").read_bytes()
        pictures.setdefault(said, {})[png] = name
    assert [sorted(names.values()) for names in pictures.values() if len(names) > 1] == []


@pytest.fixture(scope="module")
def browser():
    with opened_browser() as opened:
        yield opened


def pages_of(results: Path) -> list[Path]:
    return sorted([results / "index.html", results / "patients.html", *(results / "notebooks").glob("*.html")])


@pytest.mark.slow
def test_no_page_asks_for_anything_says_an_error_or_is_wider_than_a_telephone(results, browser):
    assert [fault for page in pages_of(results) for fault in faults_of(browser, page)] == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(results, browser, scheme):
    assert [fault for page in pages_of(results) for fault in violations_of(browser, page, scheme)] == []


@pytest.mark.slow
def test_the_index_prints_on_two_pages_and_its_appendix_and_shows_no_figure_twice(results, browser):
    margin = dict.fromkeys(("top", "bottom", "left", "right"), "12mm")
    before = ".appendix, .appendix ~ * { display: none !important; }"
    for paper in ("A4", "Letter"):
        how = {"margin": margin, "format": paper}
        assert printed_pages(browser, results / "index.html", **how) <= 4
        assert printed_pages(browser, results / "index.html", style=before, **how) <= 2
    tab = browser.new_page()
    tab.goto((results / "index.html").as_uri())
    shown = tab.eval_on_selector_all("figure img", "all => all.map(one => one.getAttribute('src'))")
    assert len(shown) == len(set(shown)) >= 8
    tab.close()


@pytest.mark.matrix
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_ends_in_one_sentence_and_leaves_nothing(number, tmp_path):
    command = [sys.executable, "-m", "kap_analysis", "reproduce", "--out", str(tmp_path / "results")]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stderr is not None
    first = run.stderr.readline()
    assert first.startswith("Running the notebooks")
    time.sleep(3)
    run.send_signal(number)
    said = run.stderr.read()
    assert run.wait(60) == 130
    assert [line for line in said.splitlines() if not line.startswith("Running")] == [
        f"kap: stopped; {tmp_path / 'results'} is as it was."
    ]
    assert list(tmp_path.iterdir()) == []
