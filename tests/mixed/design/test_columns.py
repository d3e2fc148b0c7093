"""Columns read as labels and numbers."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.columns import MANY, Columns, Rows, compress, read_labels
from kap_analysis.mixed.errors import MixedModelError


@pytest.mark.parametrize(
    ("column", "codes", "levels"),
    [
        (pd.Series([3, 1, 3]), [1, 0, 1], (1, 3)),
        (pd.Series([3.0, np.nan, 1.0]), [1, -1, 0], (1.0, 3.0)),
        (pd.Series([2.5, np.nan, 1.0]), [1, -1, 0], (1.0, 2.5)),
        (pd.Series([10**12, 5]), [1, 0], (5, 10**12)),
        (pd.Series(np.array([-100, 100, 27], dtype="int8")), [0, 2, 1], (-100, 27, 100)),
        (pd.Series(np.array([250, 3], dtype="uint8")), [1, 0], (3, 250)),
        (pd.Series([3, None, 1], dtype="Int64"), [1, -1, 0], (1, 3)),
        (pd.Series(["b", None, "a"], dtype=object), [1, -1, 0], ("a", "b")),
        (pd.Series(["b", None, "a"], dtype="str"), [1, -1, 0], ("a", "b")),
        (pd.Series(["b", None, "a"], dtype="string"), [1, -1, 0], ("a", "b")),
        (pd.Series([True, False]), [1, 0], (False, True)),
        (pd.Series([np.nan, np.nan]), [-1, -1], ()),
        (pd.Series(pd.Categorical(["b", None, "a"], categories=["c", "b", "a"])), [1, -1, 2], ("c", "b", "a")),
    ],
)
def test_labels_of_each_type(column, codes, levels):
    labels = read_labels(column)
    assert labels.codes.tolist() == codes
    assert labels.levels == levels


@pytest.mark.parametrize("kind", ["object", "str"])
def test_many_labels_are_sorted_as_text(kind):
    names = [f"P{i}" for i in np.random.default_rng(1).permutation(MANY + 10)]
    labels = read_labels(pd.Series(names, dtype=kind))
    assert labels.levels == tuple(sorted(names))
    assert [labels.levels[i] for i in labels.codes] == names


def test_labels_without_an_order_are_an_error():
    with pytest.raises(MixedModelError) as caught:
        read_labels(pd.Series(["a", 1, "b"], dtype=object, name="cohort"))
    assert str(caught.value) == (
        "cohort mixes kinds of values that have no order: 'a' (str), 1 (int). Make them all text or all numbers."
    )


def test_rows_have_the_levels_that_they_show():
    frame = pd.DataFrame({"format": pd.Categorical(["group", "mixed", "group"], ["individual", "group", "mixed"])})
    rows = Rows(Columns(frame), np.array([True, False, True]))
    assert rows.labels("format").levels == ("group",)
    assert rows.labels("format").codes.tolist() == [0, 0]
    assert rows.frame["format"].cat.categories.tolist() == ["group"]
    assert rows.frame.index.tolist() == [0, 2]
    assert frame["format"].cat.categories.tolist() == ["individual", "group", "mixed"]


def test_compress_closes_gaps():
    codes, old = compress(np.array([4, -1, 2, 4]), 6)
    assert codes.tolist() == [1, -1, 0, 1]
    assert old.tolist() == [2, 4]
    codes, old = compress(np.array([4, -1, 2, 4]), 6, np.array([True, True, False, False]))
    assert codes.tolist() == [0, -1, -1, -1]
    assert old.tolist() == [4]


@pytest.mark.parametrize("dtype", ["float64", "Int64", "Float64", "int64[pyarrow]"])
def test_missing_numbers_are_found_in_each_type(dtype):
    columns = Columns(pd.DataFrame({"score": pd.Series([1, None, 3]).astype(dtype)}))
    assert columns.missing("score").tolist() == [False, True, False]
    np.testing.assert_array_equal(columns.numbers("score"), [1.0, np.nan, 3.0])
