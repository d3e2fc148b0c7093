"""Design columns that formulaic makes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.errors import MixedModelError
from tests.mixed.design.parts import part_of


def test_a_number_under_c_is_a_factor(frame):
    coding, _ = make_coding(part_of("C(whole)*format"), Rows.of(frame))
    assert dict(coding.factors) == {"format": ("individual", "group"), "whole": (1, 2, 3)}


def test_an_expression_that_cannot_be_computed_is_said_in_the_words_of_the_formula(frame):
    with pytest.raises(MixedModelError, match=r"^The columns of the formula cannot be computed: .*`bs\(age, df=1\)`"):
        make_coding(part_of("bs(age, df=1)"), Rows.of(frame))


@pytest.mark.parametrize("text", ["log(practice)", "I(practice + 1)", "log(age) + abs(practice)*month"])
def test_words_where_numbers_are_needed(frame, text):
    with pytest.raises(MixedModelError) as caught:
        make_coding(part_of(text), Rows.of(frame))
    expression = next(one for one in ("log(practice)", "I(practice + 1)", "abs(practice)") if one in text)
    assert str(caught.value) == f"{expression} cannot be computed, for it reads words where numbers are needed."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("I(practice < 'B')", "words have no order here; compare them with == or !="),
        ("I(age > 'B')", "it compares numbers with words"),
    ],
)
def test_comparisons_that_words_do_not_have(frame, text, why):
    with pytest.raises(MixedModelError) as caught:
        make_coding(part_of(text), Rows.of(frame))
    assert str(caught.value) == f"{text} cannot be computed, for {why}."


def test_a_level_that_is_not_listed_is_no_reference_level(frame):
    with pytest.raises(MixedModelError) as caught:
        make_coding(part_of("C(practice, levels=['C', 'A'])"), Rows.of(frame))
    assert str(caught.value) == "C(practice, levels=['C', 'A']) leaves out 'B' of practice. List every level."
    coding, _ = make_coding(part_of("C(whole, levels=[3, 1, 2])"), Rows.of(frame))
    assert coding.names[1:] == ("C(whole, levels=[3, 1, 2])[T.1]", "C(whole, levels=[3, 1, 2])[T.2]")


def test_true_and_false_may_be_joined(frame):
    _, matrix = make_coding(part_of("I(flag & (month > 1))"), Rows.of(frame))
    np.testing.assert_array_equal(matrix[:, 1], frame["flag"] & (frame["month"] > 1))
    _, matrix = make_coding(part_of("logical_or(flag, month > 1)"), Rows.of(frame))
    np.testing.assert_array_equal(matrix[:, 1], frame["flag"] | (frame["month"] > 1))


def test_numbers_and_levels_of_one_column_stand_side_by_side(frame):
    coding, matrix = make_coding(part_of("whole + C(whole)"), Rows.of(frame))
    assert coding.names == ("Intercept", "whole", "C(whole)[T.2]", "C(whole)[T.3]")
    np.testing.assert_array_equal(matrix[:, 1], frame["whole"])
    np.testing.assert_array_equal(coding.rows(frame), matrix)


@pytest.mark.parametrize("kind", ["int8", "uint8", "Int16", "float32", "uint8[pyarrow]", "decimal128(5, 1)[pyarrow]"])
@pytest.mark.parametrize(
    "text", ["week + I(week**2)", "I(week - 20)", "log(week + 1)*month", "week*month + exp(age / 9)"]
)
def test_a_transform_of_a_small_number_type_does_not_overflow(frame, text, kind):
    wide = frame.assign(week=8.0 * frame["month"])
    small = wide.astype({"week": pd.ArrowDtype(pa.decimal128(5, 1)) if "decimal" in kind else kind})
    coding, matrix = make_coding(part_of(text), Rows.of(small))
    np.testing.assert_array_equal(matrix, make_coding(part_of(text), Rows.of(wide))[1])
    np.testing.assert_array_equal(coding.rows(small), matrix)


@pytest.mark.parametrize("kind", ["string", "str", object, "string[pyarrow]"])
def test_words_are_levels_beside_a_transform_too(frame, kind):
    site = frame.assign(site=frame["whole"].astype(str).astype(kind))
    coding, _ = make_coding(part_of("log(age) + site"), Rows.of(site))
    assert coding.names == ("Intercept", "log(age)", "site[T.2]", "site[T.3]")


def test_new_rows_of_a_level_that_was_never_seen_are_no_reference_level(frame):
    coding, matrix = make_coding(part_of("C(round(month / 2))"), Rows.of(frame))
    np.testing.assert_array_equal(coding.rows(frame), matrix)
    with pytest.raises(
        MixedModelError, match=r"^A C\(\.\.\.\) of the formula meets levels that it does not know: 20\.0\.$"
    ):
        coding.rows(frame.assign(month=40.0))
