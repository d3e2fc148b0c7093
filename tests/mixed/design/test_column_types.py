"""What a column of any type is read as."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kap_analysis.mixed.design.columns import Columns

WEEKS = [0, 8, 16, 24, 32]
NUMBERS = {
    **{
        kind: pd.Series(WEEKS, dtype=kind)
        for kind in ("int8", "uint8", "int16", "uint64", "float32", "Int8", "Float64")
    },
    **{kind: pd.Series(WEEKS, dtype=kind) for kind in ("int8[pyarrow]", "uint16[pyarrow]", "double[pyarrow]")},
    "Arrow decimal": pd.Series([Decimal(week) for week in WEEKS], dtype=pd.ArrowDtype(pa.decimal128(6, 2))),
    "decimal": pd.Series([Decimal(week) for week in WEEKS], dtype=object),
    "sparse": pd.Series(pd.arrays.SparseArray(WEEKS)),
}
WORDS = {
    **{str(kind): pd.Series(["b", None, "a"], dtype=kind) for kind in (object, "str", "string", "string[pyarrow]")},
    "Arrow": pd.Series(["b", None, "a"], dtype=pd.ArrowDtype(pa.string())),
    "Arrow large": pd.Series(["b", None, "a"], dtype=pd.ArrowDtype(pa.large_string())),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_of_any_type_is_the_same_number(kind):
    """8-bit weeks once overflowed in `I(week**2)`, and booleans counted True + True as True."""
    columns = Columns(pd.DataFrame({"week": NUMBERS[kind]}))
    assert not columns.is_factor("week")
    assert columns.numbers("week").dtype == np.float64
    assert columns.numbers("week").tolist() == WEEKS
    assert columns.labels("week").levels == tuple(WEEKS)


@pytest.mark.parametrize("dtype", [bool, "boolean", "bool[pyarrow]", object])
def test_true_and_false_are_1_and_0(dtype):
    columns = Columns(pd.DataFrame({"flag": pd.Series([True, False, True], dtype=dtype)}))
    assert not columns.is_factor("flag")
    assert columns.numbers("flag").tolist() == [1.0, 0.0, 1.0]


def test_true_and_false_among_missing_values_are_1_and_0():
    columns = Columns(pd.DataFrame({"flag": pd.Series([True, None, False], dtype=object)}))
    assert columns.missing("flag").tolist() == [False, True, False]
    np.testing.assert_array_equal(columns.numbers("flag"), [1.0, np.nan, 0.0])


@pytest.mark.parametrize("kind", WORDS)
def test_words_of_any_type_are_the_same_levels(kind):
    columns = Columns(pd.DataFrame({"arm": WORDS[kind]}))
    assert columns.is_factor("arm")
    assert columns.labels("arm").levels == ("a", "b")
    assert columns.labels("arm").codes.tolist() == [1, -1, 0]
