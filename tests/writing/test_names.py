"""One name for one thing: values, terms and characteristics in words, the same in paragraphs, figures and tables."""

import pytest

from kap_analysis.writing.names import (
    class_name,
    isolated,
    measure_name,
    measure_order,
    name_with_level,
    readable,
    readable_term,
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("primary_diagnosis", "primary diagnosis"),
        ("major_depression", "major depression"),
        ("ptsd", "PTSD"),
        ("ace_score", "ACE score"),
        ("iv", "IV"),
        ("placement", "placement"),
        (3, "3"),
    ],
)
def test_underscores_become_spaces_and_abbreviations_capitals(value, words):
    assert readable(value) == words


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("Intercept", "intercept"),
        ("(Intercept)", "intercept"),
        ("1", "intercept"),
        ("is_group", "group format"),
        ("in_cohort", "in a cohort"),
        ("early", "early months"),
        ("group_early", "group format × early months"),
        ("format[T.group]:early", "format group × early months"),
        ("C(primary_diagnosis)[T.ptsd]", "primary diagnosis PTSD"),
        ("visit[T.month 2]:format[T.group]", "visit month 2 × format group"),
        ("practice[T.North: ward 2]", "practice North: ward 2"),
        ("ace_score_not_recorded", "ACE score not recorded"),
        ("patient_id", "patient"),
    ],
)
def test_a_term_of_a_formula_has_one_name(term, words):
    assert readable_term(term) == words


def test_a_caller_may_name_columns():
    assert readable_term("phq:visit", {"phq": "PHQ-9"}) == "PHQ-9 × visit"
    assert readable_term("early", {"early": "months 0 to 2"}) == "months 0 to 2"


@pytest.mark.parametrize(
    ("characteristic", "level", "words"),
    [
        ("practice", "B", "Practice: B"),
        ("primary_diagnosis", "ptsd", "Primary diagnosis: PTSD"),
        ("baseline", None, "Baseline score"),
        ("ace_score", float("nan"), "ACE score"),
        ("ace_score_not_recorded", "", "ACE score: not recorded"),
    ],
)
def test_a_characteristic_stands_before_its_level(characteristic, level, words):
    assert name_with_level(characteristic, level) == words


def test_measures_of_a_session_are_named_in_full_in_the_order_of_the_dictionary():
    assert [measure_name(m) for m in ("sbp", "spo2", "CADSS")] == [
        "Systolic blood pressure",
        "Oxygen saturation",
        "CADSS",
    ]
    assert sorted(["CADSS", "hr", "sbp"], key=measure_order) == ["sbp", "hr", "CADSS"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Practice A", "Practice A"),
        ("A\u202eB", "A B"),
        ("two\nlines", "two lines"),
        ("שם", "\N{FIRST STRONG ISOLATE}שם\N{POP DIRECTIONAL ISOLATE}"),
        ("\u2069مرحبا\u2069", "\N{FIRST STRONG ISOLATE}مرحبا\N{POP DIRECTIONAL ISOLATE}"),
    ],
)
def test_a_name_cannot_turn_the_sentence_around_it(name, shown):
    assert isolated(name) == shown


def test_one_word_for_one_class_and_those_past_the_cut_off_are_better_too():
    assert class_name("recovered") == "reliably better and past the cut-off"
    assert class_name("improved") == "only reliably better"
    assert class_name("improved", has_cutoff=False) == "reliably better"
    assert class_name("deteriorated", has_cutoff=False) == "reliably worse"
