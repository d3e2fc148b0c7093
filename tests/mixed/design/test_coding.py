"""Columns of the design matrix: coded here or by formulaic, the same; and on new rows."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from formulaic import Formula

from kap_analysis.mixed.design.coding import FormulaicCoding, ProductCoding, Term, make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.formula import Part
from kap_analysis.mixed.formula.parser import read_formula

SIMPLE = [
    "1",
    "0 + month",
    "month",
    "format",
    "month*format",
    "format*month",
    "format*practice",
    "visit*format + age",
    "visit*(format + age) + practice",
    "format*practice*month",
    "month + month:format",
    "month + practice + practice:month + practice:format + format",
    "(month + age + format)**2",
    "flag*format",
    "whole + month:age",
    "`my age`*format",
    "format*practice - format:practice:month",
    "month - 1",
]
OTHER = [
    "0 + format",
    "0 + format + practice",
    "format:practice",
    "month:format",
    "format + format:practice",
    "practice + practice:month",
    "np.log(age)*format",
    "I(month**2)",
    "bs(month, df=4)",
    "poly(age, 2):format",
    "C(whole)",
    "C(format, contr.sum)*month",
    "C(practice, levels=['C', 'A', 'B'])",
    "center(age) + scale(month)",
    "2:month",
]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 48
    return pd.DataFrame(
        {
            "month": np.tile([0.0, 1, 3, 6], n // 4),
            "visit": pd.Categorical(np.tile(["b", "m1", "m3", "m6"], n // 4), ordered=True),
            "format": pd.Categorical(rng.choice(["individual", "group"], n), categories=["individual", "group"]),
            "practice": rng.choice(["A", "B", "C"], n),
            "age": rng.normal(40, 9, n),
            "my age": rng.normal(40, 9, n),
            "flag": rng.random(n) > 0.5,
            "whole": rng.integers(1, 4, n),
        }
    )


def part_of(text: str) -> Part:
    return read_formula(f"score ~ {text}").fixed


@pytest.mark.parametrize("text", SIMPLE + OTHER)
def test_columns_and_names_are_those_of_formulaic(frame, text):
    """formulaic is given codes in place of columns; what comes back is what it makes of the formula itself."""
    coding, matrix = make_coding(part_of(text), Rows.of(frame))
    theirs = Formula(text).get_model_matrix(frame)
    assert list(coding.names) == list(theirs.columns)
    np.testing.assert_allclose(matrix, np.asarray(theirs, float), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("text", SIMPLE)
def test_products_are_coded_as_formulaic_codes_them(frame, text):
    ours, matrix = make_coding(part_of(text), Rows.of(frame))
    theirs, expected = make_coding(part_of(text), Rows.of(frame), direct=False)
    assert isinstance(ours, ProductCoding)
    assert isinstance(theirs, FormulaicCoding)
    assert ours.names == theirs.names
    assert ours.terms == theirs.terms
    assert dict(ours.factors) == dict(theirs.factors)
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.parametrize("text", OTHER)
def test_everything_else_is_left_to_formulaic(frame, text):
    coding, matrix = make_coding(part_of(text), Rows.of(frame))
    assert isinstance(coding, FormulaicCoding)
    assert matrix.shape == (len(frame), len(coding.names))
    assert sorted(column for term in coding.terms for column in term.columns) == list(range(len(coding.names)))


@pytest.mark.parametrize("text", SIMPLE + OTHER)
def test_new_rows_are_coded_as_the_rows_were(frame, text):
    coding, matrix = make_coding(part_of(text), Rows.of(frame))
    few = [30, 2, 17]
    np.testing.assert_allclose(coding.rows(frame.iloc[few]), matrix[few], rtol=1e-12, atol=1e-12)
    as_text = frame.iloc[few].astype({"visit": object, "format": object, "practice": object})
    np.testing.assert_allclose(coding.rows(as_text), matrix[few], rtol=1e-12, atol=1e-12)


def test_terms_say_their_columns_and_variables(frame):
    coding, _ = make_coding(part_of("visit*format + np.log(age)"), Rows.of(frame))
    assert coding.terms == (
        Term("Intercept", (0,), ()),
        Term("visit", (1, 2, 3), ("visit",)),
        Term("format", (4,), ("format",)),
        Term("np.log(age)", (5,), ("age",)),
        Term("visit:format", (6, 7, 8), ("visit", "format")),
    )


def test_a_number_under_c_is_a_factor(frame):
    coding, _ = make_coding(part_of("C(whole)*format"), Rows.of(frame))
    assert dict(coding.factors) == {"format": ("individual", "group"), "whole": (1, 2, 3)}


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


def test_an_expression_that_cannot_be_computed_is_said_in_the_words_of_the_formula(frame):
    with pytest.raises(MixedModelError, match=r"^The columns of the formula cannot be computed: .*`bs\(age, df=1\)`"):
        make_coding(part_of("bs(age, df=1)"), Rows.of(frame))


@pytest.mark.parametrize("text", ["log(practice)", "I(practice + 1)", "log(age) + abs(practice)*month"])
def test_words_where_numbers_are_needed(frame, text):
    with pytest.raises(MixedModelError) as caught:
        make_coding(part_of(text), Rows.of(frame))
    expression = next(one for one in ("log(practice)", "I(practice + 1)", "abs(practice)") if one in text)
    assert str(caught.value) == f"{expression} cannot be computed, for it reads words where numbers are needed."


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


@pytest.mark.parametrize("text", ["month*format", "np.log(age) + month"])
def test_numbers_stored_as_objects_are_numbers_in_new_rows(frame, text):
    coding, matrix = make_coding(part_of(text), Rows.of(frame))
    new = frame.iloc[:4].astype({"month": object, "age": object})
    np.testing.assert_allclose(coding.rows(new), matrix[:4], rtol=1e-12)


def test_nullable_numbers_are_numbers(frame):
    nullable = frame.assign(whole=frame["whole"].astype("Int64"), flag=frame["flag"].astype("boolean"))
    matrix = make_coding(part_of("whole*flag"), Rows.of(nullable))[1]
    np.testing.assert_array_equal(matrix, make_coding(part_of("whole*flag"), Rows.of(frame))[1])


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
