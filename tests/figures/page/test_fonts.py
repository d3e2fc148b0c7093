"""Names in any script are written, or numbered with a key where no font has their letters."""

import re
import warnings
import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from matplotlib.text import Text

import kap_analysis as kap
from kap_analysis.figures.page import fonts
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.export import save_figure
from tests.figures import made_up
from tests.figures.drawn import texts

JAPANESE, HEBREW, ARABIC = "東京クリニック", "מרפאה", "عيادة"
NAMES = sorted(made_up.every_figure())


@pytest.fixture
def only_the_own_font(monkeypatch):
    monkeypatch.setattr(fonts, "fallbacks", lambda: ())


def drawn(name, word):
    draw, frames = made_up.every_figure(word)[name]
    return draw(**frames)


def test_hebrew_and_arabic_names_are_written_as_they_are():
    for word in (HEBREW, ARABIC):
        figure = drawn("subgroups", word)
        assert word in texts(figure)
        assert "[1]" not in texts(figure)


def test_a_name_that_no_font_has_is_numbered_and_the_alternative_text_has_the_key(only_the_own_font):
    figure = drawn("subgroups", JAPANESE)
    assert JAPANESE not in texts(figure)
    assert "[1]" in texts(figure)
    assert "Numbers in brackets stand for names in letters that no font here has" in texts(figure)
    assert f"[1]: {JAPANESE}." in alt_text(figure)


def test_tick_labels_too(only_the_own_font):
    figure = drawn("balance", JAPANESE)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "Practice: [1]" in labels


@pytest.mark.skipif(
    "Droid Sans Fallback" not in fonts.fallbacks(), reason="No font with Japanese letters is installed."
)
def test_a_fallback_writes_what_the_font_lacks_and_nothing_else(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is measured in a font that lacks its letters
        drawn("trajectories by practice", JAPANESE)
        figure = drawn("subgroups", JAPANESE)
    families = {t.get_text(): t.get_fontfamily() for t in figure.findobj(Text) if t.get_text()}
    assert "Droid Sans Fallback" in families[JAPANESE]
    assert families["Age"] == list(fonts.FAMILY)
    assert caplog.text == ""


def influence_of(word):
    frames = made_up.every_figure()["diagnostics"][1]
    named = frames["influence"].assign(label=[f"{word}-{k:02}" for k in range(len(frames["influence"]))])
    return kap.figures.plot_diagnostics(**frames | {"influence": named})


@pytest.mark.skipif("Droid Sans Fallback" not in fonts.fallbacks(), reason="No font with Japanese letters is here.")
def test_names_that_are_placed_last_are_written_too():
    figure = influence_of(JAPANESE)
    families = [t.get_fontfamily() for t in figure.findobj(Text) if JAPANESE in t.get_text()]
    assert families
    assert all("Droid Sans Fallback" in one for one in families)


def test_names_that_are_placed_last_are_numbered_too(only_the_own_font):
    figure = influence_of(JAPANESE)
    assert JAPANESE not in texts(figure)
    assert f"{JAPANESE}-0" in alt_text(figure)


def test_numbers_and_commas_stay_beside_their_names_in_letters_from_right_to_left():
    mark = fonts.LEFT_TO_RIGHT
    assert fonts.in_reading_order(f"Practices: 1 {HEBREW} {HEBREW}; 2 {ARABIC}.") == (
        f"{mark}Practices: 1 {HEBREW} {HEBREW}{mark}; 2 {ARABIC}.{mark}"
    )
    assert fonts.in_reading_order(f"{HEBREW}\n{HEBREW}-04, n = 23") == (
        f"{mark}{HEBREW}{mark}\n{mark}{HEBREW}-04{mark}, n = 23"
    )
    for unchanged in ("n = 23", "− 東京, 4", fonts.in_reading_order(f"{ARABIC}, {HEBREW}")):
        assert fonts.in_reading_order(unchanged) == unchanged


def test_tick_labels_titles_and_notes_are_drawn_in_reading_order():
    figure = drawn("participant_flow", HEBREW)
    for text in figure.findobj(Text):
        for line in text.get_text().split("\n"):
            assert HEBREW not in line or line.startswith(fonts.LEFT_TO_RIGHT)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_figure_asks_a_font_for_a_letter_that_it_does_not_have(name, only_the_own_font, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = drawn(name, JAPANESE)
        save_figure(figure, tmp_path / "figure.png", dpi=50)
    unwritten = [t.get_text() for t in figure.findobj(Text) if t.get_visible() and not fonts.is_writable(t.get_text())]
    assert unwritten == []


def test_two_names_have_two_numbers_and_one_name_has_one():
    key = fonts.NameKey()
    words = [key.written(f"Practice \U00013000 {word}") for word in ("A", "\U00013001", "A")]
    assert words == ["Practice [1] A", "Practice [1] [2]", "Practice [1] A"]


def test_letters_of_an_svg_are_text_or_on_request_outlines(tmp_path):
    frame = pd.DataFrame({"characteristic": ["age"], "level": [""], "weighting": ["unweighted"], "smd": [0.4]})
    figure = kap.figures.plot_balance(balance=frame)
    (text,) = save_figure(figure, tmp_path / "text.svg")
    (outlines,) = save_figure(figure, tmp_path / "outlines.svg", outlines=True)
    words = " ".join(ET.parse(text).getroot().itertext())
    assert "Age" in words
    assert re.search(r"DejaVu Sans.*sans-serif", text.read_text(encoding="utf-8"))
    assert "Age" not in " ".join(
        t for t in ET.parse(outlines).getroot().itertext() if "Love plot" not in t and "standardised" not in t
    )
