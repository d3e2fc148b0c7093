"""Tables of other libraries."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kap_analysis.mixed.design.tables import as_table
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm

FORMULA = "score ~ visit*format + log(age) + (1 | patient)"


def test_a_pandas_frame_is_itself(scores):
    assert as_table(scores) is scores


def test_columns_are_named_by_text():
    table = as_table(pd.DataFrame([[1, 2]], columns=[0, "a"]))
    assert list(table.columns) == ["0", "a"]


def test_columns_named_by_numbers_can_be_modelled(scores):
    numbered = scores[["score", "month", "patient"]].set_axis(range(3), axis=1)
    fit = mixedlm("`0` ~ `1` + (1 | `2`)", numbered).fit()
    named = mixedlm("score ~ month + (1 | patient)", scores).fit()
    assert fit.params.tolist() == named.params.tolist()
    assert fit.predict(numbered).tolist() == named.predict(scores).tolist()


def test_an_arrow_table_gives_the_same_model(scores):
    fit = mixedlm(FORMULA, pa.Table.from_pandas(scores)).fit()
    assert fit.params.to_dict() == mixedlm(FORMULA, scores).fit().params.to_dict()
    assert fit.design.fixed.factors["format"] == ("individual", "group")


def test_integers_beside_missing_ones_stay_exact():
    table = as_table(pa.table({"id": pa.array([10**16 + 1, None, 10**16]), "flag": pa.array([True, None, False])}))
    assert table["id"].tolist() == [10**16 + 1, pd.NA, 10**16]
    assert table["flag"].dtype == "boolean"


def test_new_rows_may_be_an_arrow_table(scores):
    fit = mixedlm(FORMULA, scores).fit()
    np.testing.assert_array_equal(fit.predict(pa.Table.from_pandas(scores)), fit.predict(scores))


def test_a_polars_frame_gives_the_same_model(scores):
    pl = pytest.importorskip("polars")
    frame = pl.from_pandas(scores).with_columns(pl.col("patient").cast(pl.Categorical))
    fit = mixedlm(FORMULA, frame).fit()
    assert fit.params.to_dict() == pytest.approx(
        mixedlm(FORMULA, scores.astype({"format": str})).fit().params.to_dict()
    )
    with pytest.raises(MixedModelError) as caught:
        mixedlm(FORMULA, frame.lazy())
    assert str(caught.value) == (
        "The data must be a table of pandas, polars or Arrow, found polars.LazyFrame. Call collect() on it first."
    )


@pytest.mark.parametrize(("data", "found"), [({"a": [1]}, "dict"), ([1, 2], "list"), (np.ones(3), "numpy.ndarray")])
def test_what_is_no_table_is_named(data, found):
    with pytest.raises(MixedModelError) as caught:
        as_table(data, "The new rows")
    assert str(caught.value) == f"The new rows must be a table of pandas, polars or Arrow, found {found}."
