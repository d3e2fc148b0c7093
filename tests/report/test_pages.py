"""What the index says of a notebook, and of limits close to zero."""

import re
from itertools import product

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kap_analysis.report.index_page import make_tiles
from kap_analysis.report.notebook_page import SHORT, first_answer, markdown_to_html, read_style


def saying(text: str):
    output = new_output("display_data", data={"text/markdown": text, "text/plain": ""})
    cells = [new_markdown_cell("# Why?"), new_code_cell("x = 1"), new_code_cell("y", outputs=[output])]
    return new_notebook(cells=cells)


def test_the_answer_in_short_is_the_first_sentences_without_markup():
    long = "A third one that is far too long: " + "word " * 60 + "."
    text = f"**This study does not answer this.** Use `paired_scores` (95% interval 0.1 to 2.3).\n\n{long}"
    said = first_answer(saying(text))
    assert said == "This study does not answer this. Use paired_scores (95% interval 0.1 to 2.3)."
    assert len(said) <= SHORT


def test_a_long_first_sentence_stands_whole_and_alone():
    long = "It fell by " + "one point and " * 40 + "no more."
    assert first_answer(saying(f"{long} Then it rose.")) == long


def test_a_notebook_without_words_has_no_answer():
    assert first_answer(new_notebook(cells=[new_markdown_cell("# Why?")])) == ""


@pytest.mark.parametrize(
    ("low", "told"),
    [
        (0.01, "+0.01 to +6.20"),
        (-0.04, "\N{MINUS SIGN}0.04 to +6.20"),
        (0.06, "+0.1 to +6.2"),
        (0.0, "0.0 to +6.2"),
    ],
)
def test_a_limit_close_to_zero_is_not_told_as_zero(low, told):
    difference = {"estimate": 3.1, "ci_low": low, "ci_high": 6.2, "when": "month 3", "unit": "BDI-II points"}
    tile = make_tiles({"group minus individual": difference})[-1]
    assert tile.lines[0] == f"95% interval {told}"


def test_no_line_ends_inside_a_number_with_its_sign():
    page = markdown_to_html("A fall of 12.2 (95% interval 0.1 to 2.3; df 81.4; p = 0.049; n = 118).")
    assert "95% interval" in page and "df\N{NO-BREAK SPACE}81.4" in page
    assert "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.049; n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}118" in page


def test_a_tile_never_says_that_some_are_none_or_nearly_all_are_all():
    worse = make_tiles({"started": 235, "dosed": 234, "reliably worse": {"n": 1, "n_assessed": 118, "n_started": 235}})
    assert "<\N{NO-BREAK SPACE}1% of 235 started" in worse[4].lines
    assert ">\N{NO-BREAK SPACE}99% of 235 started" in worse[1].lines


INKS = ("ink", "quiet", "link", "code", "keyword", "string", "comment")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [*product(INKS, ("ground", "raised")), ("mark", "mark-ground")],
)
def test_every_word_is_told_from_its_ground(ink, ground, scheme):
    """WCAG 2 level AA: 4.5 to 1."""
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", re.findall(r":root \{.*?\}", read_style(), re.S)[scheme]))
    light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_what_has_the_focus_is_seen_and_nothing_wide_is_cut_in_print():
    style = read_style()
    assert ":focus-visible { outline: 3px" in style
    assert ".scroll { overflow: visible;" in style[style.index("@media print") :]
