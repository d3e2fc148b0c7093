"""What holds of every table: it is offered, and made here."""

import importlib
import pkgutil
import re

from kap_analysis import tables
from tests.places import ROOT


def test_every_table_function_is_offered_and_made_here(every_table):
    offered = {name for name in dir(tables) if name.startswith("table_")}
    defined = set()
    for module in pkgutil.walk_packages(tables.__path__, "kap_analysis.tables."):
        found = importlib.import_module(module.name)
        defined |= {name for name in vars(found) if name.startswith("table_")}
    assert offered == defined
    assert len(every_table) == len(offered)
    assert all(getattr(tables, name).__doc__ for name in offered)


def test_every_table_has_tests_of_its_own_that_are_found_by_its_name():
    room, tests = ROOT / "kap_analysis" / "tables", ROOT / "tests" / "tables"
    modules = [path for path in room.rglob("*.py") if re.search(r"^def table_", path.read_text("utf-8"), re.MULTILINE)]
    wanted = [path.relative_to(room).with_name(f"test_{path.name}") for path in modules]
    assert len(wanted) >= 36
    assert [str(path) for path in wanted if not (tests / path).exists()] == []


def test_without_its_stylesheet_each_cell_is_aligned_and_the_stamp_is_a_word_of_its_own(every_html):
    """JupyterLab takes the stylesheet out of a notebook that is not trusted, and aligns all cells right."""
    for name, page in every_html.items():
        cells = re.findall(r"<t[hd][^>]*class=\"[^\"]*gt_(?:left|right|center|group_heading)[^>]*>", page)
        assert all('style="text-align:' in cell for cell in cells), name
        assert re.search(r'kap-stamp">[A-Z]+</span> \S', page) or 'kap-stamp">' not in page, name
