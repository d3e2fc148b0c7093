import re
from dataclasses import replace
from html.parser import HTMLParser

import pyphen
import pytest

import kap_analysis as kap
from kap_analysis.errors import ReportError
from kap_analysis.review.glossary import explain_words
from kap_analysis.review.part_of_study import part_of
from kap_analysis.review.practice_page import render_list, render_practice
from kap_analysis.review.short_answers import answer_questions
from tests.review.conftest import with_patients, with_tables

#: What somebody who is no statistician asks, where the page shows more of the answer, and what it shows there.
QUESTIONS = {
    "Who is missing?": ("who", "Lost by then"),
    "How many got better?": ("change", "Reliably better, in all"),
    "How many got worse?": ("change", "Reliably worse"),
    "Is group worse here?": ("formats", "djusted difference|who started alike"),
    "What should we do next?": ("next", "<li>"),
}


READ = ("p", "li", "dd")


class Text(HTMLParser):
    """The sentences of a page: the text of its paragraphs and list items."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside, self.found = 0, [""]
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in READ:
            self.inside += 1
            self.found.append("")

    def handle_endtag(self, tag):
        self.inside -= tag in READ

    def handle_data(self, data):
        if self.inside:
            self.found[-1] += data


def grade(page: str) -> float:
    """Flesch-Kincaid grade (Kincaid et al. 1975); syllables by hyphenation points, numbers count one word."""
    hyphens = pyphen.Pyphen(lang="en_US")
    text = " ".join(part.strip() for part in Text(page).found if len(part.split()) > 4)
    text = re.sub(r"(\d)\.(\d)", r"\1\2", text)
    sentences = [s for s in re.split(r"[.!?:;]+\s", text) if s.strip()]
    words = list(re.findall(r"[A-Za-z0-9-]+", text))
    syllables = sum(len(hyphens.inserted(word).split("-")) if word.isalpha() else 1 for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def section(page: str, name: str) -> str:
    return page.split(f'<section id="{name}">', 1)[1].split("</section>", 1)[0]


def test_no_serious_event_where_nobody_asked_is_not_known(review):
    unasked = review.safety["format"] == "group"
    silent = review.safety.assign(n_asked=review.safety["n_asked"].mask(unasked, 0), n_serious=0, n_events=0)
    told = section(render_practice(replace(review, safety=silent)), "safety")
    (row,) = re.findall(r'<th scope="row">Serious events</th>(.*?)</tr>', told)
    assert re.findall(r"<td>(.*?)</td>", row)[1:] == ["0 in 69 patients", "not known"]


def test_sessions_with_a_note_stand_for_each_format_where_no_event_is_recorded(study):
    """adverse_events.csv without a row: the formats were "not recorded" beside 327 sessions of all."""
    alone = part_of(study, "A", None)
    silent = kap.review_practice(with_tables(alone, adverse_events=alone.adverse_events.iloc[:0]))
    assert silent.safety["n_asked"].notna().all()
    assert silent.safety["n_serious"].isna().all()
    assert "That may mean that none was entered." in section(render_practice(silent), "safety")


def test_every_event_of_the_practice_stands_in_a_column(study, review):
    whole = review.safety.set_index("format").loc["all"]
    assert whole["n_events"] + whole["n_elsewhere"] == len(part_of(study, "A", None).adverse_events)


def test_the_own_condition_has_who_was_assessed_and_what_it_is_judged_by(review):
    told = section(render_practice(review), "change").split("own condition</h3>", 1)[1]
    rows = review.target_classes[review.target_classes["format"] == "all"]
    assert f"{rows['n_assessed'].iloc[0]} of {rows['n_started'].iloc[0]}</td>" in told
    judged = review.target_instruments.set_index("target_instrument")
    for name in judged.index[(judged["norms"] == "the analysed pairs") & (judged["n_assessed"] > 0)]:
        assert f"{name} ({judged.loc[name, 'n_assessed']} assessed)" in told
    for name in judged.index[judged["not_judged_because"] != ""]:
        assert f"{name} could not be judged" in told
    assert "norms=" not in told


def test_each_question_is_answered_above_and_its_answer_stands_where_it_is_looked_for(review):
    page = render_practice(review)
    asked = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert list(asked) == list(QUESTIONS)
    for question, (place, words) in QUESTIONS.items():
        assert len(asked[question]) > 10
        assert re.search(words, section(page, place)), question
    assert {one.section for one in answer_questions(review)} == {place for place, _ in QUESTIONS.values()}


def test_the_page_names_no_patient_and_the_list_does(study, review):
    page, listed = render_practice(review), render_list(review)
    ids = set(study.patients["patient_id"])
    assert not set(re.findall(r"\w+", page)) & ids
    assert set(review.chart_list["patient_id"]) <= set(re.findall(r"\w+", listed))
    assert "no alarm" in listed
    assert "CONFIDENTIAL" in listed


def test_nothing_is_loaded_and_the_figures_are_at_most_eight(review, many):
    for one in (review, kap.review_practice(many, practice="P03")):
        page = render_practice(one)
        assert not re.findall(r"(?:src|href)=|url\(|@import", page)
        assert page.count("<svg") + page.count('class="bar"') <= 8
    assert "Each point is a practice" in page


@pytest.mark.slow
def test_text_from_the_data_is_text(study):
    name = '<script>alert("x")</script>\u202e שם' + "x" * 80
    people = study.patients.assign(practice=name)
    hostile = with_patients(study, people, title="<img src=x onerror=alert(1)>")
    page = render_practice(kap.review_practice(hostile))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page  # it turned round the rest of the paragraph
    assert page.count("\N{FIRST STRONG ISOLATE}") == page.count("\N{POP DIRECTIONAL ISOLATE}") > 0


@pytest.mark.slow
def test_no_sentence_names_a_function_of_the_package(study):
    started = study.at_time_zero().query("started and format == 'group'")["patient_id"].head(20)
    alone = study.of_patients(started)
    page = render_practice(kap.review_practice(with_patients(alone, alone.patients.assign(practice="A"))))
    assert "`" not in re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S)
    assert "a comparison needs both formats" in section(page, "formats")


def test_a_page_about_nobody_says_what_to_do_and_shows_no_empty_parts(study):
    page = render_practice(kap.review_practice(study, practice="A", period="2019-Q1", compare="previous"))
    assert "Nobody started treatment." in page
    assert "Patients of this practice started in 2023-Q1 to 2025-Q4" in section(page, "next")
    assert re.findall(r'<section id="(\w+)">', page) == ["next", "words"]


def test_both_pages_are_plain_enough(review, study):
    assert grade(render_practice(review)) <= 9
    private = replace(review, stamp="PRIVATE")
    assert grade(render_practice(private)) <= 9
    assert grade(render_list(review)) <= 9


def test_higher_is_better_turns_the_sides(study, review):
    page = render_practice(review)
    assert "lower is better" in page
    other = render_practice(replace(review, instrument=kap.get_instrument("WHO-5")))
    assert "higher is better" in other


def test_pages_are_written_as_a_whole_beside_each_other(review, tmp_path):
    page, listed = kap.write_review(review, tmp_path / "review.html")
    assert {path.name for path in tmp_path.iterdir()} == {"review.html", "chart_review_list.html"}
    assert page.read_text(encoding="utf-8") == render_practice(review)
    assert listed.stat().st_mode & 0o077 == 0
    again = page.read_bytes()
    kap.write_review(review, page)
    assert page.read_bytes() == again


def test_each_page_has_a_list_of_its_own(review, tmp_path):
    first, second = (kap.write_review(review, tmp_path / f"{name}.html")[1] for name in ("a", "b"))
    assert first.name == "a_chart_review_list.html" and second.name == "b_chart_review_list.html"
    assert first.name in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert first.exists() and second.exists()


@pytest.mark.parametrize("name", ["review.txt", "a_chart_review_list.html", "nowhere/review.html"])
def test_a_place_that_will_not_do_is_refused(review, tmp_path, name):
    with pytest.raises(ReportError):
        kap.write_review(review, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_words_that_need_explaining_are_explained_where_they_stand():
    page = (
        "<style>.SL{}</style><p>At baseline, 3 of 4 (95% interval): BDI-II and PCL-5 past week.</p><td>IM</td><p>IN</p>"
    )
    found = dict(explain_words(page))
    assert set(found) == {"baseline", "95% interval", "IM", "BDI-II", "PCL-5 past week"}
    assert found["IM"] == "into a muscle"
    assert explain_words("<p>Nobody was scored.</p>") == []


def test_the_page_explains_its_words(review):
    page = render_practice(review)
    words = section(page, "words")
    for word in ("baseline", "reliably", "cut-off", "95% interval", "PHQ-9"):
        assert f"<dt>{word}:</dt>" in words
