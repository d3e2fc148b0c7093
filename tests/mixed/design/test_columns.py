"""Columns read as labels and numbers."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.columns import Columns, Rows


def test_rows_have_the_levels_that_they_show():
    frame = pd.DataFrame({"format": pd.Categorical(["group", "mixed", "group"], ["individual", "group", "mixed"])})
    rows = Rows(Columns(frame), np.array([True, False, True]))
    assert rows.labels("format").levels == ("group",)
    assert rows.labels("format").codes.tolist() == [0, 0]
    assert rows.frame["format"].cat.categories.tolist() == ["group"]
    assert rows.frame.index.tolist() == [0, 2]
    assert frame["format"].cat.categories.tolist() == ["individual", "group", "mixed"]


@pytest.mark.parametrize("dtype", ["float64", "Int64", "Float64", "int64[pyarrow]"])
def test_missing_numbers_are_found_in_each_type(dtype):
    columns = Columns(pd.DataFrame({"score": pd.Series([1, None, 3]).astype(dtype)}))
    assert columns.missing("score").tolist() == [False, True, False]
    np.testing.assert_array_equal(columns.numbers("score"), [1.0, np.nan, 3.0])
