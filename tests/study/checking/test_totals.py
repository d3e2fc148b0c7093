"""A total that its answers do not give is a problem, at its row; what the answers leave open is none."""

import pytest

from tests.study.small_study import FILES, ITEMS, lines_of

ASSESSMENTS = FILES["assessments.csv"]


def with_total(row: str, items: str = ITEMS) -> dict[str, str]:
    return {"assessments.csv": ASSESSMENTS + row, "items.csv": items}


def test_a_total_is_held_to_its_answers(tmp_path):
    wrong = lines_of(tmp_path, with_total("007,-7,PHQ-9,17,self,between,\n"))
    row = len(ASSESSMENTS.splitlines()) + 1
    assert wrong == [
        f"assessments.csv, row {row}: score: found 17; expected 18, the PHQ-9 total of its answers in items."
    ]
    assert lines_of(tmp_path, with_total("007,-7,PHQ-9,18,self,between,\n")) == []


@pytest.mark.parametrize(
    ("row", "items"),
    [
        ("007,-7,PHQ-9,17,self,between,\n", ITEMS.replace("007,-7,PHQ-9,self,9,2\n", "")),
        ("007,-7,PHQ-9,17,clinician,between,\n", ITEMS),
        ("007,-7,PHQ-9,17,self,between,9\n007,-7,PHQ-9,18,self,between,15\n", ITEMS),
        ("007,-7,PHQ-9,,self,between,\n", ITEMS),
    ],
    ids=["an item is missing", "another rater", "two totals of a day", "no total"],
)
def test_where_the_answers_leave_it_open_nothing_is_said(tmp_path, row, items):
    assert lines_of(tmp_path, with_total(row, items)) == []


def test_answers_that_are_wrong_by_themselves_are_told_once(tmp_path):
    rows = with_total(
        "007,-7,PHQ-9,17,self,between,\n", ITEMS.replace("007,-7,PHQ-9,self,9,2", "007,-7,PHQ-9,self,9,7")
    )
    (line,) = lines_of(tmp_path, rows)
    assert "answer: found 7" in line
