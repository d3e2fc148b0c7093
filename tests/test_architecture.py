"""The rooms, the order inside each, what each may import, and the fences: as `ARCHITECTURE.md` says.

A test that fails says which rule is broken and where. `pytest -rP` shows what was found where all is well.
"""

import ast
import re
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "kap_analysis"
BELOW = {
    "columns": set(),
    "writing": {"columns"},
    "result_frames": {"errors", "writing"},
    "errors": set(),
    "version": set(),
    "suggestions": set(),
    "whole_folder": {"errors"},
    "run_memory": {"errors", "version", "whole_folder"},
    "instruments": {"columns", "errors", "suggestions"},
    "study": {"columns", "errors", "suggestions", "whole_folder", "run_memory", "instruments"},
    "intake": {"columns", "errors", "suggestions", "whole_folder", "instruments", "study"},
    "simulation": {"columns", "errors", "whole_folder", "instruments", "study"},
    "mixed": {"errors"},
    "disclosure": {"columns", "errors"},
    "analysis": {
        "columns", "errors", "suggestions", "version", "run_memory", "instruments", "study", "mixed", "disclosure",
        "writing",
    },
    "figures": {"columns", "errors", "instruments", "writing", "result_frames"},
    "tables": {"columns", "errors", "instruments", "writing", "result_frames"},
    "planning": {"columns", "errors", "suggestions", "study", "mixed", "analysis", "writing"},
    "pooling": {
        "columns", "errors", "version", "whole_folder", "study", "mixed", "disclosure", "analysis", "writing",
    },
    "review": {
        "columns", "errors", "whole_folder", "suggestions", "version", "writing", "instruments", "study", "mixed",
        "disclosure", "analysis", "figures",
    },
    "report": {
        "columns", "errors", "version", "whole_folder", "run_memory", "writing", "instruments", "study", "simulation",
        "mixed",
        "disclosure", "analysis", "figures", "tables",
    },
}  # fmt: skip
BELOW["cli"] = set(BELOW) | {"cli"}
BELOW["__main__"] = {"cli"}
QUESTIONS = ["patients", "change", "clinical_change", "comparison", "model_check", "missing", "sensitivity", "safety"]
#: The floors of a room. A place may import the floors above its own and itself; the places of one floor not each other.
ORDER = {
    "mixed": [
        ["errors"], ["covariance"], ["formula"], ["design"], ["fitted_covariance", "likelihood"], ["estimation"],
        ["coefficients"], ["many"], ["fitted_model", "summed_fit"],
        ["means", "inference", "random_effects", "diagnostics", "output"],
        ["results", "parts"], ["model"], ["loaded_fit"],
    ],
    "study": [
        ["contract"], ["reading", "timing"], ["checking", "outcome_frames"], ["answerable"], ["study"], ["consent"],
        ["first_argument", "load"],
    ],
    "intake": [
        ["source_table", "values", "cloud_folders"], ["identification", "patient_keys", "renamed_columns"],
        ["source", "redcap", "recognition", "mapping", "crosswalk"], ["map_text", "placement"],
        ["draft", "opened_source", "assembly"], ["ledger", "changes", "study_folder"],
        ["study_import", "deidentification"],
    ],
    "analysis": [
        ["result", "visits", "formats", "proportion"], ["model"], ["patients", "missing"],
        ["change", "comparison", "clinical_change", "sensitivity", "safety"], ["model_check"],
    ],
    "planning": [
        ["plan_values", "unit_sums", "workers"], ["score_covariance"], ["next_study"], ["drawn_study", "grid"],
        ["decision", "shared_design"],
        ["expected_information", "draws", "planned_study", "fitted_scores"],
        ["precision", "study_file"],
    ],
    "pooling": [
        ["messages", "masks", "two_stage"], ["pooling_plan", "filled_covariates", "given_before"],
        ["practice_secret", "agreed_model", "counts"],
        ["choice", "pooled_comparison"], ["message_checks"], ["answering", "coordination"],
        ["practices", "exchange_folder"],
    ],
    "review": [
        ["part_of_study", "other_practices", "svg_marks", "glossary",
         "practice_review_result", "patient_counts", "recorded_deaths", "reliable_worsening"],
        ["page_template", "practice_counts", "clinician_hours", "chart_review_list", "short_answers",
         "practice_charts", "patient_chart"],
        ["practice_review", "patient_review"], ["practice_page"], ["patient_page"],
    ],
    "figures": [["page"], ["marks"], [*QUESTIONS, "planning"]],
    "tables": [["page"], [*QUESTIONS, "study", "planning", "pooling"]],
}  # fmt: skip
#: What opens a table of patient rows.
OPENS_ROWS = re.compile(r".*\.(read_(csv|table|parquet|excel|feather|json|pickle)|ParquetFile|DictReader)|csv\.reader")
DRAWING = {"matplotlib", "seaborn"}
#: Costs up to as much as pandas to import, and only rare calls need it (the schemas: pandera, for tables with faults).
HEAVY_AND_RARE = {
    "scipy.stats", "scipy.optimize", "kap_analysis.study.reading.schemas", "altair", "vl_convert", "python_calamine",
    "pyreadstat", "presidio_analyzer", "presidio_analyzer.nlp_engine", "dask", "dask.distributed", "joblib",
}  # fmt: skip
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = [path for path in FILES if path != PACKAGE / "__init__.py"]


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """The syntax tree of a file as a list of its nodes, the module first: parsed once, asked by every test."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports(path: Path) -> list[tuple[str, ast.stmt]]:
    """Absolute module names that a file imports, with the node that does it; ``from x import y`` gives ``x.y``."""
    package = ["kap_analysis", *path.relative_to(PACKAGE).parts[:-1]]
    found: list[tuple[str, ast.stmt]] = []
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            found += [(f"{start}.{alias.name}", node) for alias in node.names]
    return found


def where(path: Path, node: ast.AST) -> str:
    return f"kap_analysis/{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"


def assert_none(wrong: list[str], rule: str) -> None:
    """Fail with the rule that is broken, how often, and every place that breaks it."""
    times = "once" if len(wrong) == 1 else f"{len(wrong)} times"
    assert not wrong, f"{rule} This is broken {times}:\n  " + "\n  ".join(wrong)


def test_every_room_is_in_the_table():
    rooms = {room_of(path) for path in MODULES}
    assert_none(sorted(rooms - set(BELOW)), "Every room says in BELOW what it may import.")


def test_a_room_imports_only_the_rooms_that_its_table_allows():
    wrong = []
    for path in MODULES:
        room = room_of(path)
        for name, node in imports(path):
            parts = name.split(".")
            if parts[0] == "kap_analysis" and (len(parts) < 2 or parts[1] not in BELOW[room] | {room}):
                allowed = ", ".join(sorted(BELOW[room])) or "no other room"
                wrong.append(f"{where(path, node)} imports {name}; {room} may import {allowed}")
    assert_none(wrong, "A room imports only the rooms that BELOW allows, and never the package root.")


def place_of(module: str) -> tuple[str, str] | None:
    """Room and place inside it (a folder, or a file of the room) of a module of the package, by its dotted name."""
    parts = module.split(".")
    return (parts[1], parts[2]) if parts[0] == "kap_analysis" and len(parts) > 2 and parts[1] in ORDER else None


@pytest.mark.parametrize("room", ORDER)
def test_inside_a_room_imports_point_up_its_order(room):
    floor = {place: number for number, line in enumerate(ORDER[room], 1) for place in line}
    wrong = []
    for path in (PACKAGE / room).rglob("*.py"):
        if path.parent == PACKAGE / room and path.stem == "__init__":
            continue
        here = path.relative_to(PACKAGE / room).parts[0].removesuffix(".py")
        assert here in floor, f"{room}/{here} is new: say in ORDER, and in ARCHITECTURE.md, on which floor it stands."
        for name, node in imports(path):
            there = place_of(name)
            if there and there[0] == room and there[1] != here and floor[there[1]] >= floor[here]:
                floors = f"{here} is on floor {floor[here]} and {there[1]} on floor {floor[there[1]]}"
                wrong.append(f"{where(path, node)} imports {name}, but {floors}")
    assert_none(wrong, f"Inside {room}/ a place imports only the floors above its own.")


def modules_used() -> dict[str, set[str]]:
    """The modules of the package that each of its modules imports."""
    names = {".".join(["kap_analysis", *path.relative_to(PACKAGE).with_suffix("").parts]): path for path in MODULES}
    found: dict[str, set[str]] = {}
    for module, path in names.items():
        said = {name for name, _ in imports(path)}
        found[module] = {n for s in said for n in (s, s.rpartition(".")[0]) if n in names} - {module}
    return found


def circle_in(used: dict[str, set[str]]) -> list[str]:
    """The modules of a circle of imports, the first of them once more at the end; empty where there is none."""
    try:
        TopologicalSorter(used).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_two_files_import_each_other_directly_or_through_others():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}}), "a circle of three is found"
    used = modules_used()
    circle = circle_in(used)
    assert not circle, "Files import each other in a circle: " + ", which is imported by ".join(circle) + "."
    n_imports = sum(map(len, used.values()))
    assert n_imports > len(used), "the imports of the package are found"
    sys.stdout.write(
        f"{len(used)} modules of {len(set(map(room_of, MODULES)))} rooms import each other {n_imports} times; no chain "
        f"comes back to itself, and the longest has {longest_chain(used)} modules.\n"
    )


def longest_chain(used: dict[str, set[str]]) -> int:
    """Of how many modules the longest chain of imports consists."""
    length: dict[str, int] = {}
    for module in TopologicalSorter(used).static_order():
        length[module] = 1 + max((length[other] for other in used[module]), default=0)
    return max(length.values())


def test_no_import_is_for_types_alone():
    """An import that the order forbids is forbidden to type checkers too."""
    wrong = [
        where(path, node)
        for path in FILES
        for node in nodes_of(path)
        if "TYPE_CHECKING" in (getattr(node, "id", ""), getattr(node, "attr", ""))
    ]
    assert_none(wrong, "No import stands under TYPE_CHECKING.")


def test_no_import_stands_inside_a_function_except_in_the_command_line():
    wrong = [
        f"{where(path, node)} imports {name}"
        for path in FILES
        for name, node in imports(path)
        if node not in at_the_top(path) and room_of(path) != "cli" and getattr(node, "module", "") not in HEAVY_AND_RARE
    ]
    assert_none(wrong, "Imports stand at the top of a file, but in cli/ and for what is heavy and rare.")


@cache
def at_the_top(path: Path) -> set[ast.AST]:
    """The nodes of a file outside functions and classes: what runs when it is imported."""
    statements = nodes_of(path)[0].body
    return {n for s in statements if not isinstance(s, ast.FunctionDef | ast.ClassDef) for n in ast.walk(s)}


def test_the_face_of_a_room_imports_nothing_but_its_lazy_names():
    allowed = {"kap_analysis", "figures", "tables"}
    wrong = []
    for path in PACKAGE.rglob("__init__.py"):
        names = {name for name, _ in imports(path)}
        if names - ({"lazy_loader"} if path.parent.name in allowed else set()):
            wrong.append(str(path.relative_to(PACKAGE)))
    assert_none(wrong, "An __init__ imports nothing; those of the package, figures and tables attach names lazily.")


def test_patient_rows_are_opened_in_the_study_the_intake_and_part_by_part_only():
    found = {
        f"{where(path, node)} {called}": room_of(path)
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and OPENS_ROWS.fullmatch(called := f"{owner_of(node)}.{node.attr}")
    }
    assert "study" in found.values(), "the calls that open a table are found"
    in_parts = "kap_analysis/mixed/parts/parts_of_data.py:"
    wrong = [one for one, room in found.items() if room not in ("study", "intake") and not one.startswith(in_parts)]
    assert_none(wrong, "Patient rows are opened in study/, of foreign files in intake/, part by part in mixed/parts/.")


def owner_of(node: ast.Attribute) -> str:
    """The name before the last dot: ``csv`` of ``csv.reader``; empty for what is no name."""
    return getattr(node.value, "id", getattr(node.value, "attr", ""))


def test_only_figures_draw_and_none_uses_pyplot():
    wrong = [
        f"{where(path, node)} imports {name}"
        for path in FILES
        for name, node in imports(path)
        if (name.split(".")[0] in DRAWING and room_of(path) != "figures") or "pyplot" in name
    ]
    assert_none(wrong, "Only figures/ draws, and without pyplot.")


def test_statsmodels_is_imported_only_where_a_model_is_fitted():
    wrong = [
        f"{where(path, node)} imports {name}"
        for path in FILES
        for name, node in imports(path)
        if name.split(".")[0] == "statsmodels" and room_of(path) != "analysis"
    ]
    assert_none(wrong, "statsmodels is imported in analysis/ only.")


#: In analysis/ the public name of a question that its folder has too.
NAMED_ALIKE = {"analysis": {"clinical_change"}}


@pytest.mark.parametrize("room", sorted(set(BELOW) - {"cli"}))
def test_no_public_function_shares_the_name_of_a_module(room):
    """A function that shadows its module, or a sub-room, hides it; in cli/ each verb has its file, by design."""
    files = [path for path in MODULES if room_of(path) == room]
    inside = {part for path in files for part in path.relative_to(PACKAGE).with_suffix("").parts}
    modules = inside | set(BELOW)
    shared = [
        f"{where(path, node)} {node.name}"
        for path in files
        for node in nodes_of(path)[0].body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and node.name in modules - NAMED_ALIKE.get(room, set())
    ]
    assert_none(shared, "A public function or class has another name than the modules and folders of its room.")


def test_every_module_of_the_mixed_models_has_a_test_of_its_name():
    tests = Path(__file__).parent
    modules = [path.relative_to(PACKAGE) for path in MODULES if room_of(path) == "mixed" and path.stem != "__init__"]
    wrong = [str(path) for path in modules if not (tests / path.parent / f"test_{path.stem}.py").is_file()]
    assert_none(wrong, "A module of mixed/ has its tests in a file of its name.")
