"""The checklist of STROBE and RECORD: all items, and pointers to what exists."""

import json
import re

import pytest

from kap_analysis import tables
from kap_analysis.errors import TableError
from tests.places import ROOT
from tests.tables.shown import rows

#: Beginnings of pointers to what a study folder or a run holds.
OTHER_PLACES = (
    "study.toml",
    "visit windows in study.toml",
    "plan.toml",
    "manifest.json",
    "kap validate",
    "names of the",
    "places and",
)


def test_checklist_has_all_items_and_takes_pointers():
    table = tables.table_checklist(where={"13": "Table 1"})
    shown = rows(table)
    assert {str(number) for number in range(1, 23)} <= set(shown)
    assert shown["13"][1] == "Table 1"
    assert shown["22"][1] == "To be written by the authors"
    with pytest.raises(TableError, match="Neither checklist has the item 23;"):
        tables.table_checklist(where={"23": "nowhere"})


def test_checklist_points_to_what_exists():
    """Notebooks, the tables and figures that they hand over, files of the study and of the run, pages of docs/."""
    sources = {path.stem: _source(path) for path in (ROOT / "notebooks").glob("*.ipynb")}
    places = [place for where in tables.table_checklist().raw["where"] for place in where.split("; ") if where]
    pointed = [re.match(r"(\d\d_\w+)(?:, (table|figure|methods) (\w+))?", place) for place in places]
    assert sum(found is not None for found in pointed) > 20
    for place, found in zip(places, pointed, strict=True):
        if found is None:
            page = re.match(r"docs/\S+", place)
            assert (ROOT / page[0]).exists() if page else place.startswith(OTHER_PLACES), place
            continue
        notebook, kind, name = found.groups()
        wanted = {"table": f'results.table("{name}"', "figure": f'"{name}"', "methods": "methods_paragraph"}.get(kind)
        assert notebook in sources, place
        assert wanted is None or wanted in sources[notebook], place


def _source(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_checklist_has_the_items_of_record():
    numbers = [number for number in tables.table_checklist().raw["number"] if number.startswith("RECORD")]
    counted = {"1": 3, "6": 3, "7": 1, "12": 3, "13": 1, "19": 1, "22": 1}
    assert numbers == [f"RECORD {item}.{part}" for item, parts in counted.items() for part in range(1, parts + 1)]
