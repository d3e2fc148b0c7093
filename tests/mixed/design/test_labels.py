"""Labels as codes of their levels."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kap_analysis.mixed.design.labels import MANY, compress, positions, read_labels
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


def test_compress_closes_gaps():
    codes, old = compress(np.array([4, -1, 2, 4]), 6)
    assert codes.tolist() == [1, -1, 0, 1]
    assert old.tolist() == [2, 4]
    codes, old = compress(np.array([4, -1, 2, 4]), 6, np.array([True, True, False, False]))
    assert codes.tolist() == [0, -1, -1, -1]
    assert old.tolist() == [4]


def test_an_arrow_dictionary_keeps_the_order_of_its_words():
    words = pa.DictionaryArray.from_arrays(pa.array([1, None, 0]), pa.array(["plc", "drug"]))
    column = pd.Series(pd.arrays.ArrowExtensionArray(words))
    assert read_labels(column).levels == ("plc", "drug")
    assert read_labels(column).codes.tolist() == [1, -1, 0]


def test_whole_numbers_over_the_whole_range_of_64_bits():
    low, high = -(2**63), 2**63 - 1
    assert read_labels(pd.Series([high, low, 0])).levels == (low, 0, high)
    assert read_labels(pd.Series([2**64 - 1, 3], dtype="uint64")).levels == (3, 2**64 - 1)


def test_ids_of_17_digits_stay_apart_beside_a_missing_one():
    column = pd.Series([10**16 + 1, None, 10**16], dtype="Int64")
    assert read_labels(column).levels == (10**16, 10**16 + 1)


def test_values_that_are_neither_numbers_nor_words():
    with pytest.raises(
        MixedModelError, match=r"^arm holds values that are neither numbers nor words, such as lists\.$"
    ):
        read_labels(pd.Series([["a"], ["b"]], name="arm"))


@pytest.mark.parametrize(
    ("column", "levels", "codes"),
    [
        (pd.Series(["308", "309", None, "x"]), (308, 309), [0, 1, -1, -1]),
        (pd.Series([308.0, np.nan, 309.5]), (308, 309), [0, -1, -1]),
        (pd.Series([308, 309]), ("308", "309"), [0, 1]),
        (pd.Series([10**16 + 1, 10**16]), (10**16, 10**16 + 1), [1, 0]),
        (pd.Series([1e16]), (10**16 + 1,), [-1]),
        (pd.Series(["1.10"]), ("1.1", "1.10"), [1]),
        (pd.Series(pd.Categorical(["b", "a"])), ("a", "b"), [1, 0]),
    ],
)
def test_labels_are_found_as_text_whatever_their_type(column, levels, codes):
    assert positions(column, levels).tolist() == codes


@pytest.mark.parametrize(
    ("kind", "limit"), [("float16", 2**11), ("float32", 2**24), ("Float32", 2**24), ("float64", 2**53)]
)
def test_ids_that_their_type_cannot_tell_apart_are_not_exact(kind, limit):
    below = read_labels(pd.Series([limit - 1, 3], dtype=kind))
    assert (below.levels, below.exact) == ((3, limit - 1), True)
    assert not read_labels(pd.Series([limit, 3], dtype=kind)).exact
    assert read_labels(pd.Series([limit, 3])).exact
