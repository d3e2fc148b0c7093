"""Small notebooks and a small study for the machinery, which must not depend on what the real notebooks ask."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kap_analysis.errors import StudyError
from kap_analysis.report import pipeline
from kap_analysis.study.study import Study

PARAMETERS = "study_folder = '../data'\nresults_folder = None\nseed = 7"
FIGURE = """\
from matplotlib.figure import Figure
figure = Figure(figsize=(4, 3))
line = figure.subplots().plot([0, 1, 3], [24.0, 15.5, 12.9])
results.figure("line", figure, caption="Mean score <by> month & visit")"""
FACTS = """\
results.fact("recorded", 240)
results.fact("started", 235)
results.fact("assessed", {"n": 142, "when": "month 3"})"""


NO_NETWORK = """\
import socket


def refuse(*args, **kwargs):
    raise OSError("the network was asked for: " + repr(args[1:2] or args[:1]))


class Closed(socket.socket):
    def __init__(self, family=-1, *args, **kwargs):
        if family in (-1, socket.AF_INET, socket.AF_INET6) and "fileno" not in kwargs and len(args) < 3:
            refuse(self, family)
        super().__init__(family, *args, **kwargs)


socket.socket = Closed
socket.getaddrinfo = socket.create_connection = refuse
"""


@pytest.fixture
def no_network(tmp_path: Path) -> dict[str, str]:
    """Environment of a Python, and of the Pythons that it starts, in which no Internet socket opens."""
    folder = tmp_path / "blocked"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="session")
def make_notebook() -> Callable[..., nbformat.NotebookNode]:
    """Make a notebook from code cells, behind a heading and the cell of parameters."""

    def make(*sources: str, title: str = "Does it run?") -> nbformat.NotebookNode:
        cells = [new_markdown_cell(f"# {title}\n\nA *word* before.", id="h")]
        cells.append(new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, id="p"))
        cells += [new_code_cell(source, id=f"c{place}") for place, source in enumerate(sources)]
        return new_notebook(cells=cells)

    return make


def write_notebooks(folder: Path, make: Callable[..., nbformat.NotebookNode]) -> Path:
    folder.mkdir(parents=True)
    opened = "import kap_analysis as kap\nresults = kap.open_results(results_folder)"
    nbformat.write(make(opened, FIGURE, FACTS), folder / "00_first.ipynb")
    nbformat.write(make("sum(range(10))", title="And the second?"), folder / "01_second.ipynb")
    return folder


def write_study(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text('title = "A study"\n', encoding="utf-8")
    (folder / "patients.csv").write_text("patient_id\n007\n", encoding="utf-8")
    return folder


class PretendedStudy(SimpleNamespace):
    """What the machinery reads of a study; it passes for one."""

    __class__ = Study  # type: ignore[assignment]


def pretend_to_load(path: Path) -> SimpleNamespace:
    settings = SimpleNamespace(
        title="A study", visibility="private", provenance="simulated", data_cut="2026-Q3",
        primary_instrument="BDI-II", primary_visit="month 3", margin=None,
    )  # fmt: skip
    patients = pd.DataFrame({"patient_id": [f"P{i:03}" for i in range(235)]})
    nothing = pd.DataFrame()
    sessions = pd.DataFrame({"kind": pd.Series(dtype="object")})
    tables = {"patients": patients, "sessions": sessions, "assessments": nothing, "diagnoses": nothing}
    return PretendedStudy(
        settings=settings,
        is_simulated=True,
        visibility="private",
        path=None,
        files={"patients": "patients.csv"},
        outcomes=no_outcomes,
        **tables,
    )


def no_outcomes(**_: object) -> None:
    raise StudyError("There are no scores.")


@pytest.fixture
def notebooks(tmp_path: Path, make_notebook: Callable[..., nbformat.NotebookNode]) -> Path:
    """A folder of two notebooks that hand over a figure and facts."""
    return write_notebooks(tmp_path / "notebooks", make_notebook)


@pytest.fixture
def study_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the pipeline takes for a loaded simulated study of 235 patients."""
    monkeypatch.setattr(pipeline, "load_study", pretend_to_load)
    return write_study(tmp_path / "a_study")


@pytest.fixture(scope="session")
def ran_twice(
    tmp_path_factory: pytest.TempPathFactory, make_notebook: Callable[..., nbformat.NotebookNode]
) -> SimpleNamespace:
    """The main job, twice, into two folders: ``first``, ``second``, what was told of progress, and ``root``."""
    root = tmp_path_factory.mktemp("ran")
    notebooks = write_notebooks(root / "notebooks", make_notebook)
    study = write_study(root / "a_study")
    told: list[tuple[int, int, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "load_study", pretend_to_load)
        first = pipeline.reproduce(study, root / "one", notebooks=notebooks, progress=lambda *what: told.append(what))
        second = pipeline.reproduce(study, root / "two" / "deeper", notebooks=notebooks)
    return SimpleNamespace(first=first, second=second, told=told, root=root)
