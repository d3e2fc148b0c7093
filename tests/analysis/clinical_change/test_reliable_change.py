"""Reliable change: the three indices worked by hand, and what must not change them."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.clinical_change.reliable_change import (
    METHODS,
    classify_change,
    reliable_change_index,
    reliable_change_points,
)
from kap_analysis.errors import AnalysisError

HELD = {"mean": 22.0, "sd": 10.0, "reliability": 0.91}
BEFORE = pd.Series([30.0, 30.0, 10.0, np.nan])
AFTER = pd.Series([18.0, np.nan, 20.0, 5.0])
TRUE = 22 + 0.91 * (30 - 22)  # what regression to the mean leads one to expect


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("Jacobson-Truax", -12 / (10 * np.sqrt(2 * 0.09))),
        ("Edwards-Nunnally", (18 - TRUE) / (10 * np.sqrt(0.09))),
        ("Gulliksen-Lord-Novick", (18 - TRUE) / (10 * np.sqrt(1 - 0.91**2))),
    ],
)
def test_index_worked_by_hand(method, expected):
    index = reliable_change_index(method, BEFORE, AFTER, **HELD)
    assert index[0] == pytest.approx(expected)
    assert index.isna().tolist() == [False, True, False, True]


@pytest.mark.parametrize("method", METHODS)
def test_index_is_the_same_on_another_scale_of_the_scores(method):
    plain = reliable_change_index(method, BEFORE, AFTER, **HELD)
    moved = reliable_change_index(method, 3 * BEFORE + 7, 3 * AFTER + 7, mean=3 * 22 + 7, sd=30, reliability=0.91)
    mirrored = reliable_change_index(method, 63 - BEFORE, 63 - AFTER, mean=63 - 22, sd=10, reliability=0.91)
    assert moved.to_numpy() == pytest.approx(plain.to_numpy(), nan_ok=True)
    assert mirrored.to_numpy() == pytest.approx(-plain.to_numpy(), nan_ok=True)


@pytest.mark.parametrize(
    ("sd", "reliability", "points"), [(12.75, 0.93, 9.35), (12.75, 0.92, 10.0), (10, 0.93, 7.33), (6.1, 0.84, 6.76)]
)
def test_smallest_reliable_change_in_points(sd, reliability, points):
    assert reliable_change_points(sd, reliability) == pytest.approx(points, abs=0.01)


def test_classes():
    index = pd.Series([-3.0, -3.0, -3.0, 0.0, 1.95, 1.97, np.nan])
    before = pd.Series([True, True, False, True, True, True, True])
    after = pd.Series([True, False, True, True, False, False, False])
    classes = classify_change(index, before, after, direction=-1)
    assert classes.astype(object).where(classes.notna(), None).tolist() == [
        "recovered",
        "improved",
        "improved",
        "unchanged",
        "unchanged",
        "deteriorated",
        None,
    ]
    assert list(classes.cat.categories) == ["recovered", "improved", "unchanged", "deteriorated"]


def test_direction_turns_better_and_worse():
    index, yes = pd.Series([3.0, -3.0]), pd.Series([True, True])
    assert classify_change(index, yes, yes, direction=1).tolist() == ["recovered", "deteriorated"]
    assert classify_change(index, yes, yes, direction=-1).tolist() == ["deteriorated", "recovered"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sd": 0.0}, "The SD of the scores before treatment is 0; a reliable change needs one above 0."),
        ({"sd": np.nan}, "The SD of the scores before treatment is nan; a reliable change needs one above 0."),
        ({"reliability": 1.0}, "The reliability is 1; expected a number between 0 and 1."),
    ],
)
def test_impossible_norms_are_refused(change, sentence):
    with pytest.raises(AnalysisError) as error:
        reliable_change_index("Jacobson-Truax", BEFORE, AFTER, **(HELD | change))
    assert str(error.value) == sentence


def test_unknown_method_is_refused():
    with pytest.raises(AnalysisError, match="The method 'RCI' is not known; choose one of Jacobson-Truax"):
        reliable_change_index("RCI", BEFORE, AFTER, **HELD)
