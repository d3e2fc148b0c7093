"""The main job on two tiny notebooks: files, manifest, the same bytes twice, nothing from a remote address."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from kap_analysis.errors import ReportError
from kap_analysis.report.pipeline import reproduce

LOADING = {
    "script",
    "link",
    "img",
    "iframe",
    "source",
    "video",
    "audio",
    "embed",
    "object",
    "track",
    "input",
    "use",
    "image",
}


class Loads(HTMLParser):
    """Collects what a page loads by itself: src, href of what is not a plain link, srcset, poster, data."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = {"src", "srcset", "poster", "data", "href", "xlink:href"} if tag in LOADING else {"background"}
        self.found += [value or "" for name, value in attrs if name in names]


def loaded_from_elsewhere(text: str) -> list[str]:
    """Remote addresses that a page, stylesheet, picture or script would load."""
    parser = Loads()
    parser.feed(text)
    remote = [value for value in parser.found if re.match(r"\s*(https?:)?//", value)]
    remote += re.findall(r"""(?:@import|url\()\s*['"]?\s*((?:https?:)?//[^'")\s]+)""", text)
    return remote + re.findall(
        r"""(?<!@)\b(?:import|fetch|require)\b\s*\(?[^;\n]{0,80}?['"]((?:https?:)?//[^'"]+)""", text
    )


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://a.b/require.js"></script>',
        "<link rel=stylesheet href=//a.b/c.css>",
        "<style>@import url('https://a.b/c.css');</style>",
        "<style>p{background:url(http://a.b/c.png)}</style>",
        "<script>import m from 'https://a.b/mermaid.mjs';</script>",
        '<img src="http://a.b/c.png">',
    ],
)
def test_the_search_finds_each_way_to_load_from_elsewhere(text):
    assert len(loaded_from_elsewhere(text)) == 1


def test_the_search_leaves_links_and_inner_pictures_alone():
    assert loaded_from_elsewhere('<a href="https://doi.org/10">x</a><img src="data:image/png;base64,AA">') == []


def test_a_run_writes_what_it_says_and_twice_the_same(ran_twice):
    first, second = ran_twice.first, ran_twice.second
    assert ran_twice.told[0] == (0, 6, "00_first")
    assert ran_twice.told[-1][:2] == (6, 6)
    assert {name for _, _, name in ran_twice.told} == {"00_first", "01_second"}
    assert [entry["file"] for entry in first.manifest["outputs"]] == [
        "contents.json",
        "figures/line.pdf",
        "figures/line.png",
        "figures/line.svg",
        "index.html",
        "notebooks/00_first.html",
        "notebooks/00_first.ipynb",
        "notebooks/01_second.html",
        "notebooks/01_second.ipynb",
        "plan.toml",
    ]
    assert first.manifest["outputs"] == second.manifest["outputs"]
    assert {k for k in first.manifest if first.manifest[k] != second.manifest[k]} <= {"seconds"}
    assert json.loads((first.folder / "manifest.json").read_text(encoding="utf-8")) == first.manifest


def test_an_executed_notebook_says_first_of_what_data_it_is(ran_twice):
    for file in sorted((ran_twice.first.folder / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
        assert notebook.cells[0].source.startswith("**SIMULATED** These numbers do not come")


def test_the_manifest_names_the_inputs_and_nothing_of_the_machine(ran_twice):
    manifest = ran_twice.first.manifest
    assert [entry["file"] for entry in manifest["inputs"]] == [
        "study/patients.csv",
        "study/study.toml",
        "notebooks/00_first.ipynb",
        "notebooks/01_second.ipynb",
    ]
    assert (manifest["seed"], manifest["study"]["n_patients"]) == (7, 235)
    files = [path for path in ran_twice.first.folder.rglob("*") if path.is_file()]
    assert [path for path in files if str(ran_twice.root).encode() in path.read_bytes()] == []


def test_no_page_loads_anything_from_elsewhere(ran_twice):
    pages = [p for p in ran_twice.first.folder.rglob("*") if p.suffix in {".html", ".svg", ".css", ".js"}]
    assert len(pages) == 4
    assert {p.name: found for p in pages if (found := loaded_from_elsewhere(p.read_text(encoding="utf-8")))} == {}


def test_the_index_tells_the_study_the_tiles_and_the_limits(ran_twice):
    text = ran_twice.first.index.read_text(encoding="utf-8")
    assert "<strong>SIMULATED</strong>" in text
    assert 'font: 16px/1.55 "Segoe UI"' in text
    assert "Data as of 2026-Q3; n = 235 patients." in text
    assert "60% of 235 started" in text
    assert f"of 235 who started, {235 - 142} lack a score at baseline or at month 3." in text
    assert "Mean score &lt;by&gt; month &amp; visit" in text
    assert "And the second?" in text


def test_a_cell_that_fails_does_not_cost_the_run(notebooks, study_folder, tmp_path, make_notebook):
    nbformat.write(make_notebook("raise ValueError('no')", "6 * 7"), notebooks / "02_third.ipynb")
    done = reproduce(study_folder, tmp_path / "out", notebooks=notebooks)
    assert done.faults == ("02_third, code cell 2 of 3: ValueError: no",)
    assert [line for lines in done.manifest["faults"].values() for line in lines] == list(done.faults)
    page = (tmp_path / "out" / "notebooks" / "02_third.html").read_text(encoding="utf-8")
    assert "fault of the program, not of the data" in page and "ValueError: no" in page and "42" in page


def test_a_kernel_that_ends_leaves_the_earlier_results(notebooks, study_folder, tmp_path, make_notebook):
    reproduce(study_folder, tmp_path / "out", notebooks=notebooks)
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    nbformat.write(make_notebook("import os\nos._exit(1)"), notebooks / "02_third.ipynb")
    with pytest.raises(ReportError, match=r"02_third: the kernel ended in code cell 2 of 2"):
        reproduce(study_folder, tmp_path / "out", notebooks=notebooks)
    assert {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == before


def test_a_folder_that_is_not_ours_is_refused_before_anything_runs(notebooks, study_folder, tmp_path):
    seen: list[str] = []
    with pytest.raises(ReportError, match="was not written by kap reproduce"):
        reproduce(study_folder, notebooks, notebooks=notebooks, progress=lambda *_: seen.append("ran"))
    assert seen == []


@pytest.mark.skipif(sys.platform == "win32", reason="kernels speak TCP on Windows")
def test_a_run_needs_no_network(notebooks, no_network):
    program = (
        "import socket\n"
        "try:\n    socket.socket()\nexcept OSError:\n    pass\nelse:\n    raise SystemExit('sockets are not blocked')\n"
        "from pathlib import Path\n"
        "from kap_analysis.report.execution import read_notebook, run_notebook\n"
        f"ran = run_notebook(read_notebook(Path({str(notebooks / '01_second.ipynb')!r})), name='x')\n"
        "print(ran.cells[-1].outputs[0]['data']['text/plain'])\n"
    )
    environment = {**os.environ, **no_network}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout.strip(), done.returncode) == ("45", 0), done.stderr


def contents_of(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.fixture
def changed(notebooks, study_folder, tmp_path, make_notebook) -> Path:
    """Results of two notebooks, of which the second was changed afterwards."""
    reproduce(study_folder, tmp_path / "out", notebooks=notebooks)
    nbformat.write(make_notebook("sum(range(11))", title="And now?"), notebooks / "01_second.ipynb")
    return tmp_path / "out"


def test_one_notebook_run_again_gives_what_a_whole_run_gives(changed, notebooks, study_folder, tmp_path):
    told: list[str] = []
    reproduce(study_folder, changed, notebooks=notebooks, only=["01"], progress=lambda *what: told.append(what[2]))
    whole = reproduce(study_folder, tmp_path / "whole", notebooks=notebooks).folder
    assert set(told) == {"01_second"}
    assert contents_of(changed) == contents_of(whole)
    assert "55" in (changed / "notebooks" / "01_second.html").read_text(encoding="utf-8")


def test_results_stay_only_where_what_they_rest_on_is_as_it_was(changed, notebooks, study_folder, tmp_path):
    with pytest.raises(ReportError, match=r"notebooks/01_second\.ipynb changed, so its other results cannot stay"):
        reproduce(study_folder, changed, notebooks=notebooks, only=["00"])
    with pytest.raises(ReportError, match=r"There is no notebook 07; there are 00 and 01\."):
        reproduce(study_folder, changed, notebooks=notebooks, only=["07"])
    with pytest.raises(ReportError, match="holds no earlier run whose results could stay; run all notebooks"):
        reproduce(study_folder, tmp_path / "nothing", notebooks=notebooks, only=["01"])
    (study_folder / "patients.csv").write_text("patient_id\n008\n", encoding="utf-8")
    with pytest.raises(ReportError, match=r"study/patients\.csv changed"):
        reproduce(study_folder, changed, notebooks=notebooks, only=["01"])


def test_a_file_that_is_not_read_is_not_named(notebooks, study_folder, tmp_path):
    (study_folder / "letter_to_john_smith.csv").write_text("x\n", encoding="utf-8")
    done = reproduce(study_folder, tmp_path / "out", notebooks=notebooks)
    studied = [entry["file"] for entry in done.manifest["inputs"] if entry["file"].startswith("study/")]
    assert studied == ["study/patients.csv", "study/study.toml"]
    assert all(b"john_smith" not in p.read_bytes() for p in done.folder.rglob("*") if p.is_file())
