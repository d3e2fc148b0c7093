"""The API reference is what the docstrings say, and the pictures of the pages are those that the script draws."""

import importlib.util
import re

import pytest

import kap_analysis as kap
from tests.places import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def make_api():
    spec = importlib.util.spec_from_file_location("make_api", DOCS / "make_api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_current(make_api):
    assert make_api.api_page() == (DOCS / "api.md").read_text(encoding="utf-8"), "renew it by `make api`"


def test_every_public_name_has_a_heading_and_a_first_line(make_api):
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    for prefix, module in (("kap", kap), ("kap.figures", kap.figures), ("kap.tables", kap.tables)):
        names = [name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")]
        assert [name for name in names if f"### {prefix}.{name}\n\n" not in page] == []


def test_sections_become_lists_and_examples_are_not_run_as_pages(make_api):
    text = make_api.markdown("""Do it.

    Parameters
    ----------
    source : Study or None
        With ``columns``.

    Examples
    --------
    >>> do_it()
    1
    """)
    assert text.startswith("Do it.\n\n**Parameters**\n\n- `source` : Study or None\n  With `columns`.")
    assert "```pycon\n>>> do_it()\n1\n```" in text


def test_every_figure_of_the_package_is_drawn_for_the_page_that_explains_it():
    script = (DOCS / "make_images.py").read_text(encoding="utf-8")
    drawn = set(re.findall(r"figures\.(plot_\w+)\(", script))
    assert drawn == {name for name in dir(kap.figures) if name.startswith("plot_")}
    shown = set(re.findall(r"images/(\w+)\.png", (DOCS / "reading_figures.md").read_text(encoding="utf-8")))
    assert shown == set(re.findall(r'^        "(\w+)": figures\.', script, re.M))
