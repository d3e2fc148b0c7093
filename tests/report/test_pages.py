"""What the index says of a notebook, and of limits close to zero."""

import re
from itertools import product

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kap_analysis.report.first_look import NOT_BY_CHANCE, answer_in_words, make_strip, make_tiles
from kap_analysis.report.index_page import numbers_left_free
from kap_analysis.report.notebook_page import (
    SHORT,
    PageHead,
    first_answer,
    markdown_to_html,
    notebook_to_html,
    read_style,
)
from kap_analysis.writing.numbers import number


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


def test_numbers_of_a_manuscript_that_no_figure_of_a_study_has_are_told():
    given = ["Figure 1", "Figure 4", "Figure S1", "Table 2", "Table S2"]
    assert numbers_left_free(given) == ["Figure 2", "Figure 3", "Table 1", "Table S1"]
    assert numbers_left_free(["Figure 1", "Figure 2", "Table S1"]) == []


def test_a_notebook_without_words_has_no_answer():
    assert first_answer(new_notebook(cells=[new_markdown_cell("# Why?")])) == ""


def comparison(estimate, low, high, **more):
    known = {
        "df": 81.4,
        "p_value": 0.049,
        "n_scored": 118,
        "n_patients": 179,
        "when": "month 3",
        "instrument": "BDI-II",
    }
    rest = {"higher_is_better": False, "descriptive": "", "margin": ""}
    return {"group minus individual": {"estimate": estimate, "ci_low": low, "ci_high": high, **known, **rest, **more}}


PEOPLE = {"recorded": 240, "started": 235, "assessed": {"n": 118, "when": "month 3"}}


@pytest.mark.parametrize(
    ("low", "told"),
    [
        (0.01, "as little as 0.01 points and with as much as 6.20."),
        (0.06, "as little as 0.1 points and with as much as 6.2."),
    ],
)
def test_a_limit_close_to_zero_is_not_told_as_zero(low, told):
    answer = answer_in_words(comparison(3.1, low, 6.2))
    assert answer.words[1].endswith(told)
    assert f"(95% interval {number(low, 2 if low < 0.05 else 1)} to " in answer.numbers


def test_the_answer_says_who_did_better_by_how_much_how_sure_and_who_is_missing():
    answer = answer_in_words(comparison(3.1, -0.5, 6.2) | PEOPLE)
    assert answer.words == (
        "At month 3, patients treated in groups scored 3.1 points worse on the BDI-II than patients seen individually, "
        "after adjustment for how they started.",
        "The data are compatible with groups 0.5 points better and with groups 6.2 points worse: no difference is "
        "shown, and none is ruled out.",
        "117 of the 235 patients who started (50%) lack a score at baseline or at month 3.",
        NOT_BY_CHANCE,
    )
    assert "df 81.4; p = 0.049" in answer.numbers and "df" not in " ".join(answer.words)


def test_the_answer_turns_with_the_direction_of_the_instrument():
    better = answer_in_words(comparison(3.1, 0.4, 6.2, higher_is_better=True)).words
    assert "scored 3.1 points better" in better[0]
    strip = make_strip(comparison(3.1, 0.4, 6.2, higher_is_better=True))
    assert (strip.below, strip.above) == ("group worse", "group better")


def test_a_description_a_margin_and_a_withheld_difference_are_told_as_such():
    few = answer_in_words(comparison(3.1, -0.5, 6.2, descriptive="fewer than 5 cohorts")).words
    assert few[1] == "This describes the patients and is no comparison: fewer than 5 cohorts."
    margin = "group format was non-inferior to individual format at a margin of 3 points (95% interval ...)"
    assert (
        "Group format was non-inferior to individual format at a margin of 3 points."
        in answer_in_words(comparison(-1.0, -3.0, 1.0, margin=margin)).words
    )
    assert answer_in_words(comparison(None, None, None)).words == ("The difference between the formats is withheld.",)
    assert answer_in_words(PEOPLE).words == () and make_strip(PEOPLE) is None


def test_the_strip_has_one_axis_and_each_row_says_what_it_assumes():
    row = {
        "label": "overlap weights",
        "estimate": 3.5,
        "ci_low": -0.7,
        "ci_high": 7.7,
        "assumes": "no confounder is left out",
    }
    practices = [{**row, "label": f"Without practice {k}", "estimate": float(k)} for k in range(6)]
    strip = make_strip(comparison(3.1, 0.01, 6.16) | {"weighted": [row], "without one practice": practices})
    assert [r.label for r in strip.rows] == [
        "Primary analysis",
        "Overlap weights",
        "Without one practice, lowest of 6 practices",
        "Without one practice, highest of 6 practices",
    ]
    assert (
        strip.rows[1].assumes == "No confounder is left out" and strip.rows[1].text == "3.5 (\N{MINUS SIGN}0.7 to 7.7)"
    )
    assert all(0 <= r.left < r.at < r.left + r.width <= 100 for r in strip.rows[:2])
    ticks = {text: at for at, text in strip.ticks}
    assert ticks["0"] == strip.zero and len(ticks) <= 8


def test_no_line_ends_inside_a_number_with_its_sign():
    page = markdown_to_html("A fall of 12.2 (95% interval 0.1 to 2.3; df 81.4; p = 0.049; n = 118).")
    assert "95% interval" in page and "df\N{NO-BREAK SPACE}81.4" in page
    assert "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.049; n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}118" in page


def test_a_tile_never_says_that_some_are_none_or_nearly_all_are_all():
    facts = PEOPLE | {"assessed": {"n": 234, "when": "month 3"}}
    tiles = make_tiles(facts | {"reliably worse": {"n": 1, "n_assessed": 234, "n_started": 235}})
    assert "<\N{NO-BREAK SPACE}1% of 235 started" in tiles[3].lines
    assert ">\N{NO-BREAK SPACE}99% of 235 started" in tiles[1].lines


def test_started_are_those_who_were_dosed():
    started = make_tiles(PEOPLE)[0]
    assert (started.value, started.lines) == ("235", ("had a ketamine session", "of 240 patients in the study"))


def test_captions_are_numbered_within_a_page_and_keep_the_number_of_a_manuscript():
    def picture(caption):
        return new_output(
            "display_data", data={"image/png": ""}, metadata={"image/png": {"caption": caption, "alt": ""}}
        )

    table = (
        '<div class="kap-table"><div class="kap-title"><span class="kap-stamp">SIMULATED</span>Who and what</div></div>'
    )
    shown = [
        picture("A. Bars: means."),
        new_output("display_data", data={"text/html": table}),
        picture("Figure S2. B."),
    ]
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[one]) for one in shown])
    page = notebook_to_html(notebook, PageHead("Why?", number=3))
    assert "<b>Figure 3.1.</b> A. Bars: means." in page and "<b>Figure S2.</b> B." in page
    assert "</span><b>Table 3.1.</b> Who and what</div>" in page
    assert page.count('<details class="source">') == 3


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


def test_a_table_of_markdown_scrolls_in_its_box():
    page = markdown_to_html("| a | b |\n| --- | --- |\n| 1 | 2 |\n\n<table> is no table")
    assert page.count('<div class="scroll" tabindex="0"') == page.count("</table></div>") == 1
    assert "&lt;table&gt; is no table" in page
