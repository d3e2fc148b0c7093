"""A study whose every free text holds commands to pages, notebooks and terminals: in no output is one of them."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.cli.say import say
from kap_analysis.errors import KapError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.report.notebook_page import answer_to_html, markdown_to_html
from kap_analysis.review.patient_page import render_patient
from kap_analysis.review.practice_page import render_list, render_practice
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.tables.page.html import render_page
from tests.study.small_study import write_small_study

HOSTILE = "![A](http://x.example/a.png)[B](javascript:alert(1))<script>alert(1)</script><img src=x>$x^2$\x1b[31m\u202e"
#: Escapes and other control characters, and changes of direction.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066\u2067]")
#: Names that the package must know again: instruments, measures and quarters.
KNOWN_AGAIN = ("instrument", "measure", "period")


def injected(study):
    """The study with the hostile words before each free text of its tables and its settings."""
    tables = {}
    for name, table in study.tables.items():
        free = [
            column
            for column, spec in TABLES[name].columns.items()
            if column in table and not spec.is_number and not spec.level_names and spec.type not in KNOWN_AGAIN
        ]
        tables[name] = table.assign(**{column: _with_words(table[column]) for column in free})
    practices = tuple(f"{HOSTILE} {practice}" for practice in study.settings.practices)
    return replace(study, tables=tables, settings=replace(study.settings, title=HOSTILE, practices=practices))


def _with_words(values):
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.rename_categories(lambda name: f"{HOSTILE} {name}")
    return values.map(lambda value: f"{HOSTILE} {value}", na_action="ignore")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return injected(kap.load_study(write_small_study(tmp_path_factory.mktemp("small") / "study")))


class Page(HTMLParser):
    """The tags of a page and their addresses."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.addresses = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "onerror", "style")]


def assert_harmless(html):
    page = Page(html)
    assert not page.tags & {"img", "iframe", "object"}
    assert not [address for address in page.addresses if "x.example" in address or "alert" in address]
    assert "<script>alert" not in html
    assert not UNSEEN.search(html)


CALLS = {
    "flow": kap.participant_flow,
    "positivity": kap.describe_positivity,
    "exposure": kap.describe_exposure,
    "events": kap.count_intercurrent_events,
    "completeness": kap.describe_completeness,
    "safety": kap.review_safety,
    "comparison": lambda study: kap.compare_formats(study, secondary=False),
}


@pytest.mark.parametrize("name", CALLS)
def test_sentences_show_as_text_in_notebook_page_and_terminal(name, hostile, capsys):
    try:
        said = CALLS[name](hostile).paragraph
    except KapError as error:
        said = str(error)
    said = f"{hostile.patients['practice'].iloc[0]}: {said}"
    markdown = kap.prose(said)._repr_markdown_()
    for html in (markdown_to_html(markdown), answer_to_html(markdown), answer_to_html(said)):
        assert_harmless(html)
        assert "<a" not in html
    say(said)
    assert not UNSEEN.search(capsys.readouterr().out)


def test_frames_show_as_text_in_a_notebook(hostile):
    markdown = kap.prose(hostile.patients[["patient_id", "practice"]].head(3))._repr_markdown_()
    assert markdown.count("\n") == 4
    assert_harmless(markdown_to_html(markdown))


def test_pages_of_a_clinic_hold_no_command(hostile):
    practice = str(hostile.patients["practice"].iloc[0])
    review = kap.review_practice(hostile, practice=practice)
    patient = kap.review_patient(hostile, str(hostile.patients["patient_id"].iloc[0]))
    for html in (render_practice(review), render_list(review), render_patient(patient)):
        assert "x.example" in html
        assert_harmless(html)


def test_tables_and_figures_hold_no_command(hostile, tmp_path):
    flow, positivity = kap.participant_flow(hostile), kap.describe_positivity(hostile)
    tables = [
        kap.tables.table_flow(steps=flow.steps),
        kap.tables.table_facilitators(facilitators=positivity.facilitators),
    ]
    for table in tables:
        assert_harmless(render_page(table))
        for text in (table.to_markdown(), table.to_latex(), table.to_csv()):
            assert not UNSEEN.search(text)
    figure = kap.figures.plot_participant_flow(steps=flow.steps)
    (svg,) = kap.figures.save_figure(figure, tmp_path / "flow.svg", title=HOSTILE)
    assert "<script" not in svg.read_text(encoding="utf-8")
    assert not UNSEEN.search(svg.read_text(encoding="utf-8") + alt_text(figure))
