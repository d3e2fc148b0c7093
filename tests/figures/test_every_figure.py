"""What holds of every figure: readable whatever the names, with Axes given, in files, with little or nothing."""

import importlib
import pkgutil
import re
from collections import Counter
from functools import cache
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from kap_analysis import figures
from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.export import save_figure
from kap_analysis.figures.page.style import THEMES
from tests.figures import legibility, made_up
from tests.places import ROOT
from tests.sweeps import few_fast

NAMES = sorted(made_up.every_figure())
LONG = "Zentrum für ketamingestützte Psychotherapie Überlingen – Αθήνα, forme longue révisée"
SPECIAL = "R&D <b> $x^2$ #2 50% \\alpha \"q\" 'é' \x1b[1m\u202e"
ARMS = {
    "both": ("individual", "group"),
    "individual": ("individual",),
    "group": ("group",),
    "all": ("individual", "group", "mixed"),
}


#: Figures that the fast suite draws; the slow one draws them all.
FAST = ("adverse_events", "format_differences", "overview", "participant_flow", "trajectories")
by_name = pytest.mark.parametrize("name", few_fast(NAMES, FAST))
#: Figures whose PDF is written in the fast suite too.
PDFS = ("overview", "trajectories")


def drawn(name: str, word: str = "A", formats=made_up.FORMATS, **settings) -> Figure:
    draw, frames = made_up.every_figure(word, formats)[name]
    before = dict(matplotlib.rcParams)
    figure = draw(**frames, **settings)
    assert dict(matplotlib.rcParams) == before, "a figure changes the settings of matplotlib"
    return figure


@cache
def standing(name: str, theme: str = "light", width: str = "double") -> Figure:
    """A figure that is drawn once for all tests that only look at it."""
    return drawn(name, stamp="SIMULATED", theme=theme, width=width)


def words(figure) -> str:
    return " ".join(" ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text)).split())


def assert_readable(figure) -> None:
    seen = legibility.seen_texts(figure)
    assert legibility.cut_texts(figure, seen) == []
    assert legibility.touching_texts(figure, seen) == []
    assert legibility.smallest_text(figure) >= 7


@pytest.mark.parametrize("width", ["single", "double"])
@by_name
def test_nothing_is_cut_and_no_words_touch(name, width):
    assert_readable(standing(name, "dark" if width == "single" else "light", width))


@pytest.mark.slow
@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("name", NAMES)
def test_long_names_stay_on_the_page_and_off_each_other(name, width):
    assert_readable(drawn(name, LONG, width=width, stamp="SIMULATED"))


@pytest.mark.slow
@pytest.mark.parametrize("formats", ["individual", "group", "all"])
@pytest.mark.parametrize("name", NAMES)
def test_one_format_and_three_are_drawn_and_readable(name, formats):
    assert_readable(drawn(name, formats=ARMS[formats]))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_characters_that_mean_something_elsewhere_are_written_as_they_are(name, tmp_path):
    plain, special = drawn(name, "Qx"), drawn(name, SPECIAL, width=300)
    assert len(special.axes) == len(plain.axes)
    if "Qx" in re.split(r"\W+", words(plain)):
        assert SPECIAL[:11] in words(special).replace("\n", " ")
    written = save_figure(special, tmp_path / "figure", dpi=50)
    assert all(path.stat().st_size > 1000 for path in written)
    ElementTree.parse(written[2])
    assert not re.search("[\x1b\u202e]", written[2].read_text(encoding="utf-8"))


@by_name
def test_axes_of_the_caller_are_used_and_given_back(name):
    own = standing(name)
    host = Figure(figsize=(9, 5 * len(own.axes)))
    given = list(host.subplots(len(own.axes), 1, squeeze=False).ravel())
    wanted = given[0] if len(given) == 1 else given
    before = len(host.axes)
    assert drawn(name, ax=wanted, stamp="SIMULATED") is wanted
    assert len(host.axes) == before
    assert sum(bool(ax.has_data() or ax.texts or ax.patches) for ax in given) == len(given)
    assert alt_text(given[0]) == alt_text(own)
    with pytest.raises(FigureError, match=r"takes|expected"):
        drawn(name, ax=[*given, *Figure().subplots(1, 2)])


@pytest.mark.parametrize("name", few_fast(NAMES, PDFS))
def test_a_pdf_embeds_its_fonts(name, tmp_path):
    (pdf,) = save_figure(standing(name), tmp_path / "figure.pdf", title="One")
    content = pdf.read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


@by_name
def test_an_svg_has_one_id_for_each_part(name, tmp_path):
    figure = standing(name)
    named = Counter(artist.get_gid() for artist in figure.findobj() if artist.get_gid() is not None)
    (svg,) = save_figure(figure, tmp_path / "figure.svg", title="One")
    ids = Counter(re.findall(r'\sid="([^"]*)"', svg.read_text(encoding="utf-8")))
    assert [one for one, n in ids.items() if n > 1 or re.search(r"\s", one)] == []
    assert Counter(artist.get_gid() for artist in figure.findobj() if artist.get_gid() is not None) == named


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@by_name
def test_what_is_named_after_a_format_has_its_colour_and_no_other(name, theme):
    figure = drawn(name, formats=ARMS["all"], theme=theme)
    looks = THEMES[theme].formats
    for artist in figure.findobj(matplotlib.lines.Line2D):
        of = [one for one in looks if str(artist.get_gid() or "").endswith(f" {one}")]
        if of:
            assert to_hex(artist.get_color()) == looks[of[0]].colour.lower()
            others = {to_hex(look.colour) for one, look in looks.items() if one != of[0]}
            assert to_hex(artist.get_color()) not in others
    assert to_hex(figure.get_facecolor()) == THEMES[theme].background.lower()


@by_name
def test_a_figure_that_names_the_primary_analysis_tells_its_estimate_and_no_other(name):
    figure = standing(name)
    said = f"{words(figure)} {alt_text(figure)}".lower().replace("adjusted means: primary model", "")
    if "primary" in said:
        assert "1.5 (−0.5 to 3.5)" in alt_text(figure)


@by_name
def test_a_single_row_of_each_frame_is_drawn(name):
    draw, frames = made_up.every_figure()[name]
    lone = {key: one.iloc[:1] if isinstance(one, pd.DataFrame) else one for key, one in frames.items()}
    lone.pop("flows", None)  # they lead to a visit that the one row is not of
    figure = draw(**lone)
    assert alt_text(figure)
    assert legibility.cut_texts(figure) == []


@by_name
def test_frames_of_which_every_number_is_withheld_say_so_and_draw_no_number(name):
    draw, frames = made_up.every_figure()[name]
    hidden = {key: withheld(one) if isinstance(one, pd.DataFrame) else one for key, one in frames.items()}
    if name == "cohort_effects":
        hidden = {"effects": hidden["effects"]}
    figure = draw(**hidden)
    said = f"{words(figure)} {alt_text(figure)}".lower()
    assert "withheld" in said or "–" in said
    assert "nan" not in re.split(r"\W+", said)


def withheld(one: pd.DataFrame) -> pd.DataFrame:
    """Every number missing but those that place a row: month, minute, the points added."""
    kept = {"month", "minute", "delta_individual", "delta_group", "session_number", "is_primary", "lag"}
    numeric = [column for column in one.select_dtypes("number").columns if column not in kept]
    return one.assign(withheld=True, **dict.fromkeys(numeric, np.nan))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_frame_ends_in_one_clear_sentence(name):
    draw, frames = made_up.every_figure()[name]
    empty = {key: one.iloc[:0] if isinstance(one, pd.DataFrame) else one for key, one in frames.items()}
    try:
        said = alt_text(draw(**empty))
    except FigureError as error:
        said = str(error)
    assert re.search(r"nothing to (draw|show)|There (is|are) no|were withheld|^No adverse event is in the data", said)
    assert said.count("\n") == 0


def test_every_figure_that_is_offered_is_checked_here():
    offered = {name for name in dir(figures) if name.startswith("plot_")}
    checked = {draw.__name__ for draw, _ in made_up.every_figure().values()}
    defined = set()
    for module in pkgutil.walk_packages(figures.__path__, "kap_analysis.figures."):
        defined |= {name for name in vars(importlib.import_module(module.name)) if name.startswith("plot_")}
    assert sorted(defined - offered) == [], "in no line of figures/__init__.pyi"
    assert sorted(offered - checked) == [], "without made-up frames in tests/figures/made_up.py"


def test_every_figure_has_tests_of_its_own_that_are_found_by_its_name():
    room, tests = ROOT / "kap_analysis" / "figures", ROOT / "tests" / "figures"
    modules = [path for path in room.rglob("*.py") if re.search(r"^def plot_", path.read_text("utf-8"), re.MULTILINE)]
    wanted = [path.relative_to(room).with_name(f"test_{path.name}") for path in modules]
    assert len(wanted) >= 19
    assert [str(path) for path in wanted if not (tests / path).exists()] == []
