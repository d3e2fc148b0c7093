"""The notebooks on the simulated study: whole, the same bytes twice, and without the network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kap_analysis.report.pipeline import reproduce
from kap_analysis.report.shipped import shipped_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reproduce(out=tmp_path_factory.mktemp("shipped") / "results").folder


def outputs(folder: Path) -> dict[str, str]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {entry["file"]: entry["sha256"] for entry in manifest["outputs"]}


def test_every_question_has_an_answer_and_every_tile_a_number(results):
    pages = {p.name: p.read_text(encoding="utf-8") for p in (results / "notebooks").glob("*.html")}
    assert [name for name, text in pages.items() if "This study does not answer this" in text] == []
    index = (results / "index.html").read_text(encoding="utf-8")
    assert "not in this run" not in index
    assert "<strong>SIMULATED</strong>" in index


def test_a_second_run_gives_the_same_bytes(results, tmp_path):
    second = reproduce(out=tmp_path / "again").folder
    assert outputs(second) == outputs(results)


def test_nothing_tells_where_it_was_made(results):
    study = str(shipped_study()).encode()
    files = [p for p in results.rglob("*") if p.is_file()]
    assert [
        p.name for p in files if study in p.read_bytes() or str(Path.home()).encode() + b"/" in p.read_bytes()
    ] == []


@pytest.mark.skipif(sys.platform == "win32", reason="kernels speak TCP on Windows")
def test_the_whole_job_runs_without_a_network(no_network: dict[str, str], tmp_path):
    command = [sys.executable, "-m", "kap_analysis", "reproduce", "--out", str(tmp_path / "results")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **no_network}, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "index.html").is_file()
