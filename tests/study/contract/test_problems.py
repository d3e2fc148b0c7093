"""Problems collected, ordered, told in few lines; many of them cost no more than few, each."""

import time

import pytest

from kap_analysis.study.contract.problems import PROBLEM_COLUMNS, Problems, place, problem_lines, problem_message


def test_without_problems_the_frame_has_its_columns_and_no_lines():
    frame = Problems().frame()
    assert list(frame.columns) == list(PROBLEM_COLUMNS)
    assert (len(frame), str(frame["row"].dtype), problem_lines(frame)) == (0, "int64", ())


def test_problems_come_by_file_and_row_each_once():
    problems = Problems()
    problems.add_rows("sessions.csv", [9, 3], "day", ["x", "y"], "a day", patient_ids=["P1", None])
    problems.add("study.toml", "no such file", "a file")
    other = Problems()
    other.add_rows("patients.csv", [5], "age", "555", "a number")
    other.add_rows("patients.csv", [5], "age", "555", "a number")
    problems.extend(other)
    frame = problems.frame()
    assert len(problems) == 5
    assert frame[["file", "row", "patient_id"]].to_numpy().tolist() == [
        ["study.toml", 0, ""],
        ["patients.csv", 5, ""],
        ["sessions.csv", 3, ""],
        ["sessions.csv", 9, "P1"],
    ]
    assert frame["message"].tolist()[:2] == [
        "found no such file; expected a file.",
        "age: found 555; expected a number.",
    ]


def test_a_place_and_a_message_are_words():
    assert place("sessions.csv", 14) == "sessions.csv, row 14"
    assert place("study.toml", 0) == "study.toml"
    assert problem_message("", "x", "y") == "found x; expected y."


def test_of_one_kind_five_lines_are_written_and_the_rest_counted():
    problems = Problems()
    problems.add_rows("patients.csv", range(2, 9), "age", "x", "a number")
    problems.add_rows("patients.csv", range(2, 7), "sex", "x", "a level")
    lines = problem_lines(problems.frame())
    assert lines[4:7] == (
        "patients.csv, row 6: age: found x; expected a number.",
        "patients.csv, age: 2 more like it.",
        "patients.csv, row 2: sex: found x; expected a level.",
    )
    assert len(lines) == 11


def test_after_a_number_of_lines_the_rest_is_one():
    problems = Problems()
    problems.add_rows("patients.csv", range(2, 9), "age", "x", "a number")
    problems.add_rows("patients.csv", range(2, 302), "sex", "x", [f"a level of {row}" for row in range(300)])
    frame = problems.frame()
    lines = problem_lines(frame)
    assert len(lines) == 101
    assert lines[-1] == "And 206 more problems."
    assert problem_lines(frame, of_one_kind=2, at_most=3)[-2:] == (
        "patients.csv, age: 5 more like it.",
        "And 300 more problems.",
    )
    assert len(problem_lines(frame, at_most=1000)) == 306


@pytest.mark.slow
def test_a_hundred_thousand_problems_of_as_many_kinds_take_no_minute():
    problems = Problems()
    n = 100_000
    for row in range(n):
        problems.add("patients.csv", f"x{row}", f"y{row}", row=row + 2, column="age")
    start = time.process_time()
    frame = problems.frame()
    assert len(problem_lines(frame)) == 101
    assert len(frame) == n
    assert time.process_time() - start < 10
