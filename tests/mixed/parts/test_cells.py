"""Cells of parts are those of all rows."""

from functools import reduce
from operator import or_

import pandas as pd

from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.parts.cells import cells_of, frame_of_cells

NAMES = ("visit", "dose", "age", "done")
FRAME = pd.DataFrame(
    {
        "visit": ["b", "a", "b", "a", "c", "a"],
        "dose": [1, 2, 1, 2, 1, 1],
        "age": [1.0, 2.0, 3.0, 1.0, 1.0, 2.0],
        "done": [True, False, True, True, False, False],
    }
)
LEVELS = {"visit": ("c", "b", "a")}


def cells(frame):
    return cells_of(Columns(frame.reset_index(drop=True)), NAMES)


def test_a_cell_has_levels_and_values_of_numbers_with_two():
    assert cells(FRAME.iloc[:2]) == {("b", 1, 1.0, True), ("a", 2, 2.0, False)}
    assert cells(FRAME) == {(v, d, None, t) for v, d, t in FRAME[["visit", "dose", "done"]].itertuples(index=False)}


def test_parts_give_the_frame_of_all_rows():
    """In parts of two rows the age has two values in each, and three in all: its mean stands for it."""
    together = reduce(or_, [cells(FRAME.iloc[at : at + 2]) for at in (0, 2, 4)])
    means = {"dose": 4 / 3, "age": 10 / 6, "done": 0.5}
    found, whole = (frame_of_cells(one, NAMES, LEVELS, means) for one in (together, cells(FRAME)))
    order = ["visit", "dose", "done"]
    pd.testing.assert_frame_equal(
        found.sort_values(order, ignore_index=True), whole.sort_values(order, ignore_index=True)
    )
    assert set(found["age"]) == {10 / 6}
    assert list(found["visit"].cat.categories) == ["c", "b", "a"]
    assert (found["dose"].dtype.kind, found["done"].dtype.kind) == ("i", "b")


def test_a_formula_without_columns_has_no_cells():
    assert cells_of(Columns(FRAME), ()) == frozenset()
    assert frame_of_cells(frozenset(), (), {}, {}).empty
