"""Factors within others, by the rows and by the formula."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.means.nesting import counts_of, find_nests


def codes(**columns: list[int]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def nests(formula: str, frame: pd.DataFrame) -> dict[str, list[str]]:
    return find_nests(frame, read_formula(f"y ~ {formula} + (1 | id)").fixed)


def test_each_room_is_seen_in_one_school() -> None:
    frame = codes(school=[0, 0, 1, 1], room=[0, 1, 2, 3], arm=[0, 1, 0, 1])
    assert nests("school + room + arm", frame) == {"room": ["school", "arm"]}
    frame = pd.concat([frame.assign(arm=0), frame.assign(arm=1)])
    assert nests("school + room + arm", frame) == {"room": ["school"]}


def test_seats_lie_in_rooms_and_in_what_rooms_lie_in() -> None:
    frame = codes(school=[0, 0, 0, 0, 1, 1], room=[0, 0, 1, 1, 2, 2], seat=[0, 1, 2, 3, 4, 5])
    assert nests("school + room + seat", frame) == {"room": ["school"], "seat": ["school", "room"]}


def test_of_two_columns_that_say_the_same_the_first_lies_in_the_other() -> None:
    assert nests("a + b", codes(a=[0, 1], b=[0, 1])) == {"a": ["b"]}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a * b", {}),
        ("a + a:b", {"b": ["a"]}),
        ("a/b", {"b": ["a"]}),
        ("a + b + a:b", {}),
        ("a + c + a:b", {"b": ["a"]}),
        ("b + a:b", {"a": ["b"]}),
        ("a + a:b + a:b:c", {"b": ["a"], "c": ["a", "b"]}),
    ],
)
def test_a_factor_without_an_effect_of_its_own(formula: str, expected: dict) -> None:
    places = np.indices((2, 3, 2)).reshape(3, -1)
    frame = codes(a=list(places[0]), b=list(places[1]), c=list(places[2]))
    assert nests(formula, frame) == expected


def test_rows_of_each_combination() -> None:
    frame = codes(a=[0, 0, 1, 1], b=[0, 0, 2, 1])
    assert counts_of(frame, {"a": 2, "b": 3}, ["a", "b"]).tolist() == [[2, 0, 0], [0, 1, 1]]
    assert counts_of(frame, {"a": 2, "b": 3}, []) == 4
