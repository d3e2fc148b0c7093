"""The rooms, the order inside each, what each may import, and the fences: as `ARCHITECTURE.md` says."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kap_analysis"
BELOW = {
    "columns": set(),
    "writing": {"columns"},
    "errors": set(),
    "version": set(),
    "instruments": {"columns", "errors"},
    "study": {"columns", "errors", "instruments"},
    "simulation": {"columns", "errors", "instruments", "study"},
    "mixed": set(),
    "disclosure": {"columns", "errors"},
    "analysis": {"columns", "errors", "instruments", "study", "mixed", "disclosure", "writing"},
    "figures": {"columns", "errors", "instruments", "writing"},
    "tables": {"columns", "errors", "instruments", "writing"},
    "report": {
        "columns", "errors", "version", "writing", "instruments", "study", "simulation", "mixed", "disclosure",
        "analysis", "figures", "tables",
    },
}  # fmt: skip
BELOW["cli"] = set(BELOW) | {"cli"}
BELOW["__main__"] = {"cli"}
QUESTIONS = ["patients", "change", "clinical_change", "comparison", "model_check", "missing", "sensitivity", "safety"]
#: Inside a room, each line may import the lines above it and its own place; the places of one line not each other.
ORDER = {
    "mixed": [
        ["errors"], ["covariance"], ["formula"], ["design"], ["fitted_covariance", "likelihood"], ["estimation"],
        ["coefficients"], ["fitted_model"], ["means", "inference", "random_effects", "diagnostics", "output"],
        ["results"], ["model"], ["loaded_fit"],
    ],
    "study": [
        ["contract"], ["reading", "timing"], ["checking", "outcome_frames"], ["answerable"], ["study"], ["consent"],
        ["load"],
    ],
    "analysis": [
        ["result", "visits", "proportion"], ["model"], ["patients", "missing"],
        ["change", "comparison", "clinical_change", "sensitivity", "safety"], ["model_check"],
    ],
    "figures": [["page"], ["marks"], QUESTIONS],
    "tables": [["page"], [*QUESTIONS, "study"]],
}  # fmt: skip
#: What opens a table of patient rows, and where that is allowed.
OPENS_ROWS = re.compile(r"\.(read_(csv|table|parquet|excel|feather|json|pickle)|ParquetFile|DictReader)$|^csv\.reader$")
MAY_OPEN_ROWS = {"study", "intake"}
DRAWING = {"matplotlib", "seaborn"}
#: Costs up to as much as pandas to import, and only rare calls need it (the schemas: pandera, for tables with faults).
HEAVY_AND_RARE = {"scipy.stats", "scipy.optimize", "kap_analysis.study.reading.schemas"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Absolute module names that a file imports, with the node that does it; ``from x import y`` gives ``x.y``."""
    package = ["kap_analysis", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{start}.{alias.name}", node) for alias in node.names)


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"


MODULES = [path for path in FILES if path != PACKAGE / "__init__.py"]


def test_every_room_is_in_the_table():
    assert {room_of(path) for path in MODULES} - set(BELOW) == set()


def test_imports_point_up_the_list_and_never_at_the_package_root():
    wrong = []
    for path in MODULES:
        room = room_of(path)
        for name, node in imports(path):
            parts = name.split(".")
            if parts[0] == "kap_analysis" and (len(parts) < 2 or parts[1] not in BELOW[room] | {room}):
                wrong.append(f"{where(path, node)} imports {name}")
    assert wrong == []


def place_of(module: str) -> tuple[str, str] | None:
    """Room and place inside it (a folder, or a file of the room) of a module of the package, by its dotted name."""
    parts = module.split(".")
    return (parts[1], parts[2]) if parts[0] == "kap_analysis" and len(parts) > 2 and parts[1] in ORDER else None


@pytest.mark.parametrize("room", ORDER)
def test_inside_a_room_imports_point_up_its_order(room):
    floor = {place: number for number, line in enumerate(ORDER[room]) for place in line}
    wrong = []
    for path in (PACKAGE / room).rglob("*.py"):
        if path.parent == PACKAGE / room and path.stem == "__init__":
            continue
        here = path.relative_to(PACKAGE / room).parts[0].removesuffix(".py")
        assert here in floor, f"{room}/{here} has no line in the order of its room"
        for name, node in imports(path):
            there = place_of(name)
            if there and there[0] == room and there[1] != here and floor[there[1]] >= floor[here]:
                wrong.append(f"{where(path, node)} imports {name}, but {room}/{there[1]} does not stand above {here}")
    assert wrong == []


def modules_used() -> dict[str, set[str]]:
    """The modules of the package that each of its modules imports."""
    names = {".".join(["kap_analysis", *path.relative_to(PACKAGE).with_suffix("").parts]): path for path in MODULES}
    found: dict[str, set[str]] = {}
    for module, path in names.items():
        said = {name for name, _ in imports(path)}
        found[module] = {n for s in said for n in (s, s.rpartition(".")[0]) if n in names} - {module}
    return found


def test_no_two_files_import_each_other_on_any_way_round():
    try:
        TopologicalSorter(modules_used()).prepare()
    except CycleError as error:
        pytest.fail("Files import each other: " + ", which is imported by ".join(error.args[1]))


def test_no_import_is_for_types_alone():
    """An import that the order forbids is forbidden to type checkers too."""
    assert [str(path.relative_to(PACKAGE)) for path in FILES if "TYPE_CHECKING" in path.read_text("utf-8")] == []


def test_no_import_stands_inside_a_function_except_in_the_command_line():
    wrong = []
    for path in FILES:
        functions = (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef))
        inside = [n for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)]
        if room_of(path) != "cli":
            wrong += [where(path, n) for n in inside if getattr(n, "module", None) not in HEAVY_AND_RARE]
    assert wrong == []


def test_the_face_of_a_room_imports_nothing_but_its_lazy_names():
    allowed = {"kap_analysis", "figures", "tables"}
    wrong = []
    for path in PACKAGE.rglob("__init__.py"):
        names = {name for name, _ in imports(path)}
        if names - ({"lazy_loader"} if path.parent.name in allowed else set()):
            wrong.append(str(path.relative_to(PACKAGE)))
    assert wrong == []


def test_patient_rows_are_opened_in_the_study_only():
    wrong = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            opens = isinstance(node, ast.Attribute) and OPENS_ROWS.search(ast.unparse(node))
            if opens and room_of(path) not in MAY_OPEN_ROWS:
                wrong.append(f"{where(path, node)} {ast.unparse(node)}")
    assert wrong == []


def test_only_figures_draw_and_none_uses_pyplot():
    drawing = [
        f"{where(path, node)} {name}"
        for path in FILES
        for name, node in imports(path)
        if (name.split(".")[0] in DRAWING and room_of(path) != "figures") or "pyplot" in name
    ]
    assert drawing == []


def test_statsmodels_is_imported_only_where_a_model_is_fitted():
    rooms = {room_of(path) for path in FILES for name, _ in imports(path) if name.split(".")[0] == "statsmodels"}
    assert rooms <= {"analysis"}


#: Modules that hold the one function they are named after, to be given nouns of their own; in analysis/ the public
#: name of a question that its folder has too.
NAMED_ALIKE = {"study": {"instrument_scores", "settings_text"}, "analysis": {"clinical_change"}}


@pytest.mark.parametrize("room", sorted(set(BELOW) - {"cli"}))
def test_no_public_function_shares_the_name_of_a_module(room):
    """A function that shadows its module, or a sub-room, hides it; in cli/ each verb has its file, by design."""
    files = [path for path in MODULES if room_of(path) == room]
    inside = {part for path in files for part in path.relative_to(PACKAGE).with_suffix("").parts}
    modules = inside | set(BELOW)
    shared = {
        node.name
        for path in files
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and node.name in modules
    }
    assert shared - NAMED_ALIKE.get(room, set()) == set()
