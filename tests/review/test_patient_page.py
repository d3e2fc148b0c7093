import re
from dataclasses import replace

import pytest

import kap_analysis as kap
from kap_analysis.review.patient_page import STATE_WORDS, render_patient
from kap_analysis.review.patient_review import NOT_A_FORECAST
from tests.review.test_practice_page import grade


@pytest.fixture(scope="module")
def page(study):
    return render_patient(kap.review_patient(study, "P001"))


def test_it_is_plain_and_loads_nothing(page):
    assert grade(page) <= 9
    assert not re.findall(r"(?:src|href)=|url\(|@import", page)
    assert "Not a medical device" in page


@pytest.mark.slow
def test_the_range_is_off_by_default_and_never_a_forecast(study, page):
    assert "Grey bars" not in page and "No range is shown" not in page
    asked = kap.review_patient(study, "P001", similar=True)
    text = render_patient(asked)
    assert NOT_A_FORECAST in text
    assert "similar patients" not in text  # everybody with the scores is behind a range, not those like this one
    assert "No range is shown" in render_patient(replace(asked, ranges=asked.ranges.iloc[:0]))


@pytest.mark.slow
def test_the_four_states_have_words(study):
    assert len(set(STATE_WORDS.values())) == 4
    seen = set()
    for patient in study.patients["patient_id"].head(8):
        review = kap.review_patient(study, patient)
        seen |= set(review.suicidality["state"])
        text = render_patient(review)
        assert all(STATE_WORDS[state] in text for state in review.suicidality["state"])
    assert len(seen) >= 2


def test_a_patient_of_whom_nothing_is_known(study):
    alone = study.of_patients(["P001"])
    empty = {name: table.iloc[:0] for name, table in alone.tables.items() if name != "patients"}
    bare = replace(alone, tables={**alone.tables, **empty})
    text = render_patient(kap.review_patient(bare, "P001"))
    assert "There are no scores." in text
    assert "None is recorded" in text


@pytest.mark.parametrize(
    ("n_asked", "told"),
    [
        (float("nan"), "Whether anybody asked about them is not recorded"),
        (1.0, "is noted of 1 of "),
        (None, "Somebody asked about them at every ketamine session."),
    ],
)
def test_no_event_stands_beside_whether_somebody_asked(study, n_asked, told):
    review = kap.review_patient(study, "P001")
    n = float((review.sessions["kind"] == "ketamine").sum())
    asked = replace(review, adverse_events=review.adverse_events.iloc[:0], n_asked=n if n_asked is None else n_asked)
    text = render_patient(asked)
    assert "None is recorded." in text and told in text
