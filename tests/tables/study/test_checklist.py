"""The checklist of STROBE and RECORD: all items, and pointers to what exists."""

import json
import re

import pytest

from kap_analysis import tables
from kap_analysis.errors import TableError
from tests.places import ROOT
from tests.tables.shown import rows


def test_checklist_has_all_items_and_takes_pointers():
    table = tables.table_checklist(where={"13": "Table 1"})
    shown = rows(table)
    assert {str(number) for number in range(1, 23)} <= set(shown)
    assert shown["13"][1] == "Table 1"
    assert shown["22"][1] == "To be written by the authors"
    with pytest.raises(TableError, match="Neither checklist has the item 23;"):
        tables.table_checklist(where={"23": "nowhere"})


def test_checklist_points_to_tables_and_figures_of_the_paper_and_names_no_file():
    source = _source(ROOT / "notebooks" / "09_paper_figures.ipynb")
    places = [where for where in tables.table_checklist().raw["where"] if where]
    pointed = {number for where in places for number in _numbers(where)}
    assert len(pointed) > 15
    there = set(re.findall(r'"((?:Table|Figure) S?\d+)[".]', source))
    assert pointed <= there, sorted(pointed - there)
    assert [where for where in places if re.search(r"_|\.toml|\.json|\.md|docs/", where)] == []


def _source(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def _numbers(where):
    """Table S2, Tables 2, 4 and 3: each with its kind."""
    for kind, told in re.findall(r"(Table|Figure)s? ((?:S?\d+(?:, | and )?)+)", where):
        yield from (f"{kind} {number}" for number in re.findall(r"S?\d+", told))


def test_checklist_has_the_items_of_record():
    numbers = [number for number in tables.table_checklist().raw["number"] if number.startswith("RECORD")]
    counted = {"1": 3, "6": 3, "7": 1, "12": 3, "13": 1, "19": 1, "22": 1}
    assert numbers == [f"RECORD {item}.{part}" for item, parts in counted.items() for part in range(1, parts + 1)]
