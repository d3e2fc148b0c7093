"""One place per fact: what is written twice is held to be the same."""

import ast
import importlib
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.util import find_spec

import nbformat
import pytest

import kap_analysis as kap
from tests.places import ROOT
from tests.sentence_conditions import sentences
from tests.test_architecture import BELOW, ORDER, QUESTIONS

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="not in a checkout")
CONDA = ("python", "jupyterlab", "pandas", "statsmodels", "matplotlib", "seaborn")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))["project"]


def requirements(project: dict) -> dict[str, str]:
    """Name to bounds of every requirement in pyproject.toml."""
    listed = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    listed.append("python" + project["requires-python"])
    return {match[1].lower(): match[2] for r in listed if (match := re.match(r"([A-Za-z0-9._-]+)(.*)", r))}


def test_the_conda_environment_has_the_bounds_of_pyproject(project):
    text = read("environment.yml")
    named = dict(re.findall(r"^  - ([a-z_-]+)((?:[<>=!~]=?[^\s,]+,?)*)$", text, flags=re.MULTILINE))
    bounds = requirements(project)
    assert {name: named[name] for name in CONDA} == {name: bounds[name] for name in CONDA}
    extras = re.search(r"- -e \.\[(.+)\]$", text, flags=re.MULTILINE)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(project["optional-dependencies"])


def test_the_recipe_for_conda_has_the_version_and_the_bounds_of_pyproject(project):
    text = read(".ci/conda/recipe.yaml")
    assert f'version: "{kap.__version__}"' in text
    run = text.split("  run:\n", 1)[1].split("\n\n", 1)[0]
    found = [line.strip().removeprefix("- ").replace(" ", "") for line in run.splitlines()]
    assert found == ["python" + project["requires-python"], *project["dependencies"]]
    (command,) = project["scripts"].items()
    assert " = ".join(command) in text


def test_an_address_that_leads_nowhere_is_called_a_placeholder(project):
    assert all(url.startswith("https://example.org/") for url in project["urls"].values())
    assert "\n# Placeholders: there is no public host yet.\n[project.urls]" in read("pyproject.toml")
    assert "example.org" not in read("README.md")


def test_the_version_stands_in_one_place(project):
    assert project["dynamic"] == ["version"]
    assert "version" not in project
    assert f"\nversion: {kap.__version__}\n" in read("CITATION.cff")
    assert f"## {kap.__version__}" in read("CHANGELOG.md")
    assert f"Version {kap.__version__}, " in read("README.md")


def test_the_lock_names_every_requirement_with_hashes_and_no_address(project):
    lock = read("requirements.lock")
    locked = set(re.findall(r"^([a-z0-9._-]+)==", lock, flags=re.MULTILINE))
    wanted = {name.replace("_", "-").replace(".", "-") for name in requirements(project)} - {"python"}
    assert wanted - locked == set()
    assert re.findall(r"https?:|file:|^\s*--(?!hash=)", lock, flags=re.MULTILINE) == []
    pins = re.split(r"\n(?=[a-z0-9])", lock.strip())
    assert [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_public_names_and_signatures_are_those_committed():
    found = runpy.run_path(str(ROOT / "tests" / "public_api.py"))["public_api"]()
    assert found == read("tests/public_api.txt"), "renew it by `make public-api`, and tell CHANGELOG.md"


def test_every_sentence_of_a_result_is_listed_with_its_conditions():
    found = sentences()
    assert len(found) > 150
    assert found == read("tests/sentence_conditions.txt").splitlines(), "renew: `python tests/sentence_conditions.py`"


def test_the_table_of_rooms_is_that_of_the_architecture_test():
    table = read("ARCHITECTURE.md").split("## Rooms", 1)[1].split("##", 1)[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| `")]
    written = {
        room.removesuffix("/").removesuffix(".py"): set(filter(None, re.split(r",\s*", cells[-1].strip())))
        for cells in rows
        for room in re.findall(r"`([\w./]+)`", cells[0])
    }
    below = {room: allowed for room, allowed in BELOW.items() if room not in ("cli", "__main__")}
    assert written.pop("cli") == {"everything"}
    assert written == below


def test_the_floors_of_a_room_are_those_of_the_architecture_test():
    text = read("ARCHITECTURE.md")
    asked = text.split("### The questions", 1)[1].split("###", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", asked, flags=re.MULTILINE) == QUESTIONS
    written = {}
    for room, section in re.findall(r"^### `(\w+)/`.*\n((?:(?!#).*\n)+)", text, flags=re.MULTILINE):
        floors: dict[int, set[str]] = {}
        for number, place in re.findall(
            r"^    (\d+) +(the eight questions|\w+(?:/|\.py))", section, flags=re.MULTILINE
        ):
            names = QUESTIONS if place.startswith("the ") else [re.sub(r"/$|\.py$", "", place)]
            floors.setdefault(int(number), set()).update(names)
        assert list(floors) == list(range(1, len(floors) + 1)), f"the floors of {room} are counted from 1"
        written[room] = list(floors.values())
    assert written == {room: [set(line) for line in lines] for room, lines in ORDER.items()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout by git")
def test_every_folder_of_the_checkout_is_described():
    described = set(re.findall(r"^\| `([\w.]+)/`", read("ARCHITECTURE.md"), flags=re.MULTILINE))
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    top = {name.split("/")[0] for name in listed if "/" in name}
    rooms = {name.split("/")[1] for name in listed if re.match(r"kap_analysis/\w+/", name)}
    assert (top - {"kap_analysis"}) | rooms <= described
    text = read("ARCHITECTURE.md") + read("CONTRIBUTING.md")
    named = set(re.findall(r"`((?:\w+/)+[\w.]+\.\w+)`", text))
    assert named >= {"tests/public_api.txt", "figures/page/style.py"}
    assert [name for name in named if not any((ROOT / below / name).exists() for below in ("", "kap_analysis"))] == []


def test_make_help_lists_what_is_promised():
    listed = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), flags=re.MULTILINE))
    promised = {"reproduce", "test", "lint", "check", "notebooks", "lab", "lock", "test-all", "test-lowest"}
    assert promised - listed == set()
    assert set(re.findall(r"`make ([a-z-]+)", read("CONTRIBUTING.md"))) - listed == set()


def test_import_loads_no_room():
    program = (
        "import sys, kap_analysis; print(sorted(m for m in sys.modules if m.split('.')[0] in ('pandas', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_thin_and_comes_from_one_fresh_run(path):
    notebook = nbformat.read(path, as_version=4)
    first, code = notebook.cells[0], [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert re.match(r"# .*\?$", first.source.splitlines()[0]), "the H1 is the question"
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    sources = [cell.source for cell in code]
    assert [
        s for s in sources if len(re.findall(r"\S.*", s)) > 5 or re.search(r"^\s*(def|class|for|while) ", s, re.M)
    ] == []
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
    assert "list_versions" in sources[-1]
    assert re.match(r"(?s).*kap\.prose\(.*\)$", sources[2]), "the first answer is made from variables"


def seen_of(output):
    """What a reader sees of an output: words, cells of tables without their layout, alternative texts."""
    data = output.get("data", {})
    pictures = [about.get("alt", "") for about in output.get("metadata", {}).values() if isinstance(about, dict)]
    html = re.sub(r"<style.*?</style>|<[^>]+>", " ", data.get("text/html", ""), flags=re.S)
    return " ".join([data.get("text/markdown", ""), html, *pictures])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_notebook_shows_a_raw_frame_or_a_number_that_is_none(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [output for output in outputs if 'class="dataframe"' in output.get("data", {}).get("text/html", "")] == []
    unfilled = r"\b(nan|NaN|NaT|inf|not available|does not answer)\b|\(\)"
    assert [
        found for output in outputs for found in re.findall(rf".{{0,40}}(?:{unfilled}).{{0,40}}", seen_of(output))
    ] == []
    assert {"format_rule", "n_patients", "ci_low"} & set(re.findall(r"\w+", " ".join(map(seen_of, outputs)))) == set()


def test_benchmarks_import_what_there_is():
    """They run by hand only, so a name that moved would be found late."""
    lost = []
    for path in sorted((ROOT / "benchmarks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("kap_analysis", "tests"):
                module = importlib.import_module(str(node.module))
                lost += [
                    f"{path.name}: {node.module}.{alias.name}"
                    for alias in node.names
                    if not hasattr(module, alias.name) and not find_spec(f"{node.module}.{alias.name}")
                ]
    assert lost == []


def test_every_benchmark_has_a_place_for_its_table():
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    scripts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "benchmarks").glob("*.py"))]
    written = {name for script in scripts for name in re.findall(r'^\s+write\("(\w+)"', script, re.MULTILINE)}
    assert written == set(re.findall(r"<!-- (\w+): written by the script -->", page))
