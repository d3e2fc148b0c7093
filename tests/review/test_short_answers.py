"""The five questions of a meeting, and what is answered where the data allow no answer."""

import dataclasses

import pytest

import kap_analysis as kap
from kap_analysis.review.practice_review_result import class_counts, row_of
from kap_analysis.review.short_answers import answer_questions
from tests.review.conftest import with_patients


@pytest.fixture(scope="module")
def with_difference(study):
    return kap.review_practice(study, practice="B")


def answers(review):
    return {one.question: one.answer for one in answer_questions(review)}


def test_the_numbers_are_those_of_the_frames(review):
    told, row = answers(review), row_of(review.started, "all")
    counts = class_counts(review.classes, "all")
    lost = row["n_started"] - row["n_assessed"] - row["n_no_baseline"]
    assert lost == row["n_lost"]
    assert told["Who is missing?"].startswith(f"{lost} of {row['n_started']} (")
    assert told["How many got better?"].startswith(f"{counts['better']:.0f} of {counts['assessed']:.0f} assessed (")
    assert told["How many got worse?"].startswith(f"{counts['worse']:.0f} of {counts['assessed']:.0f} assessed (")
    assert told["What should we do next?"].startswith(review.next_steps[0])


@pytest.mark.parametrize(
    ("estimate", "low", "high", "begins"),
    [
        (6.2, 1.2, 11.3, "Yes: 6.2 points worse"),
        (-6.2, -11.3, -1.2, "No, it did better: 6.2 points better"),
        (2, -1, 5, "That cannot"),
    ],
)
def test_whether_group_is_worse_follows_from_the_interval(with_difference, estimate, low, high, begins):
    row = with_difference.difference.assign(estimate=estimate, ci_low=low, ci_high=high)
    told = answers(dataclasses.replace(with_difference, difference=row))["Is group worse here?"]
    assert told.startswith(begins)
    higher = dataclasses.replace(
        with_difference,
        difference=row.assign(estimate=-row["estimate"], ci_low=-high, ci_high=-low),
        instrument=kap.get_instrument("WHO-5"),
    )
    assert answers(higher)["Is group worse here?"].startswith(begins)


def test_up_to_how_much_worse_is_told_on_the_side_of_the_instrument(with_difference):
    row = with_difference.difference.assign(estimate=2.0, ci_low=-1.0, ci_high=5.0)
    told = answers(dataclasses.replace(with_difference, difference=row))["Is group worse here?"]
    assert "up to 5.0 points worse or 1.0 points better" in told
    higher = dataclasses.replace(with_difference, difference=row, instrument=kap.get_instrument("WHO-5"))
    assert "up to 1.0 points worse or 5.0 points better" in answers(higher)["Is group worse here?"]


@pytest.mark.slow
def test_who_is_not_due_yet_is_not_lost(study):
    alone = with_patients(study, study.patients.assign(observed_until_day=60.0))
    found = kap.review_practice(alone, practice="A")
    row = row_of(found.started, "all")
    assert row["n_not_due"] == row["n_started"] - row["n_assessed"] - row["n_no_baseline"]
    assert found.n_lost == 0
    assert "not due yet" in answers(found)["Who is missing?"]
    assert not any("could not be assessed" in step for step in found.next_steps)


@pytest.mark.slow
def test_one_format_leaves_nothing_to_compare(study):
    started = study.at_time_zero().query("started and format == 'group'")["patient_id"].head(3)
    alone = study.of_patients(started)
    told = answers(kap.review_practice(with_patients(alone, alone.patients.assign(practice="A"))))
    assert told["Is group worse here?"] == "There is nothing to compare. Everybody was treated in group format."
