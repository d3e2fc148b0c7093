"""Answers for chart review: a list, no alarm."""

from kap_analysis import tables
from tests.tables.shown import rows


def test_the_highest_answer_stands_first_with_the_one_before_it(every_table):
    table = every_table["for-review"]
    assert [group for group, _ in table.row_groups()] == ["Answer 3 (patients: 1)", "Answer 1 (patients: 1)"]
    assert rows(table)["P007"] == ("A", "33", "Month 1", "3", "1 (26)", "Rise")
    assert rows(table)["P009"][-2:] == ("–", "First answer")


def test_the_list_says_that_it_is_no_alarm(every_table):
    assert any("it is not an alarm" in note for note in every_table["for-review"].notes)


def test_an_empty_list_is_an_answer_and_a_withheld_one_another(safety):
    empty = safety["for_review"].iloc[:0]
    assert list(rows(tables.table_for_review(for_review=empty))) == [
        "No positive answer after day 0 and no rise is recorded. That says nothing of patients who were not asked."
    ]
    (line,) = rows(tables.table_for_review(for_review=empty.assign(withheld=[])))
    assert line.startswith("There are lines, and they are withheld")
