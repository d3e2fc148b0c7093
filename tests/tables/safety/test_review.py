"""Answers for chart review: a list, no alarm."""

from kap_analysis import tables
from tests.tables.shown import rows


def test_the_list_says_that_it_is_no_alarm(every_table):
    assert rows(every_table["for-review"])["P007"][0] == "PHQ-9"
    assert any("it is not an alarm" in note for note in every_table["for-review"].notes)


def test_an_empty_list_is_an_answer(safety):
    assert list(rows(tables.table_for_review(for_review=safety["for_review"].iloc[:0]))) == [
        "None to show: none was recorded, or in a public study they are withheld."
    ]
