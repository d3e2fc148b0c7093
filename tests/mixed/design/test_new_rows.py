"""Columns of new rows."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.errors import MixedModelError
from tests.mixed.design.parts import part_of


@pytest.mark.parametrize("text", ["practice*month", "practice + np.log(age)"])
def test_a_level_that_the_model_does_not_know_is_an_error(frame, text):
    coding, _ = make_coding(part_of(text), Rows.of(frame))
    with pytest.raises(MixedModelError) as caught:
        coding.rows(pd.DataFrame({"practice": ["A", "Q", "D"], "month": 1.0, "age": 40.0}))
    assert str(caught.value) == (
        "practice has 'D', 'Q' in the new rows, which the model does not know. Its levels are A, B, C."
    )


@pytest.mark.parametrize("text", ["practice*month", "practice + np.log(age) + month"])
def test_new_rows_need_the_columns_and_their_values(frame, text):
    coding, _ = make_coding(part_of(text), Rows.of(frame))
    with pytest.raises(MixedModelError, match=r"^practice is missing in 1 of the 2 new rows\.$"):
        coding.rows(pd.DataFrame({"practice": ["A", None], "month": 1.0, "age": 40.0}))
    with pytest.raises(MixedModelError, match=r"^The new rows have no column 'month'\. Did you mean 'months'\?$"):
        coding.rows(pd.DataFrame({"practice": ["A"], "months": 1.0, "age": 40.0}))


def test_a_number_must_be_one_in_new_rows(frame):
    coding, _ = make_coding(part_of("practice*month"), Rows.of(frame))
    with pytest.raises(MixedModelError, match=r"^month must be a number in the new rows, as it was in the data\.$"):
        coding.rows(pd.DataFrame({"practice": ["A"], "month": ["three"]}))


@pytest.mark.parametrize("text", ["month*format", "np.log(age) + month"])
def test_numbers_stored_as_objects_are_numbers_in_new_rows(frame, text):
    coding, matrix = make_coding(part_of(text), Rows.of(frame))
    new = frame.iloc[:4].astype({"month": object, "age": object})
    np.testing.assert_allclose(coding.rows(new), matrix[:4], rtol=1e-12)
