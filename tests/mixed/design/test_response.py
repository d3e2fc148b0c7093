"""Responses and weights that no model can take."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.errors import MixedModelError

DATA = pd.DataFrame({"score": [20.0, 12, 25, 16, 18, 13], "month": [0, 1, 0, 1, 0, 1], "patient": list("aabbcc")})


def error_of(formula: str = "score ~ month", weights: object = None, **columns: object) -> str:
    with pytest.raises(MixedModelError) as caught:
        build_design(formula, DATA.assign(**columns), weights=weights)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_response_that_is_text():
    assert error_of(score=pd.Series(["20", "12", "n/a", "16", "?", "13"], dtype=object)) == (
        "The response score must be a number, found 'n/a' in 2 of 6 rows (type object)."
    )
    assert error_of(score=pd.Series(list("abcdef"), dtype=object)) == (
        "The response score must be a number, found 'a' (type object)."
    )
    assert error_of(score=pd.Series(list("123456"), dtype=object)) == (
        "The response score must be a number, found numbers stored as object. Convert it with pandas.to_numeric."
    )


def test_a_response_that_is_infinite():
    assert error_of(score=[20.0, 12, np.inf, 16, -np.inf, 13]) == (
        "The response score is inf in 2 rows (first at row 2). Correct these values or make them missing."
    )
    assert error_of("np.log(score) ~ month", score=[20.0, 12, 0, 16, 18, 13]) == (
        "The response np.log(score) is -inf in 1 row (first at row 2). Correct these values or make them missing."
    )


def test_a_response_that_is_constant():
    assert error_of(score=7.5) == "The response score is 7.5 in all 6 rows that are used: there is nothing to explain."
    with pytest.raises(MixedModelError, match=r"^The response score is 20 in the only row that is used: there is"):
        build_design("score ~ 1", DATA.iloc[:1])


def test_a_response_of_several_columns():
    found = error_of("poly(score, 2) ~ patient")
    assert found == "The response poly(score, 2) gives 2 columns; one is expected."


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("score - month", lambda d: d["score"] - d["month"]),
        ("score + month", lambda d: d["score"] + d["month"]),
        ("score^2", lambda d: d["score"] ** 2),
        ("log(score) - log(month + 1)", lambda d: np.log(d["score"] / (d["month"] + 1))),
        ("-score/10", lambda d: -d["score"] / 10),
    ],
)
def test_a_response_is_evaluated_as_it_is_written(response, expected):
    np.testing.assert_allclose(build_design(f"{response} ~ patient", DATA).y, expected(DATA), rtol=1e-14)


def test_a_response_of_levels_is_no_number():
    assert error_of("C(score) ~ month") == "The response C(score) gives 6 columns; one is expected."


def test_a_number_of_any_type_is_a_response():
    for kind in ("int64", "float32", "Int64", "int64[pyarrow]"):
        design = build_design("score ~ month", DATA.astype({"score": kind}))
        np.testing.assert_array_equal(design.y, DATA["score"])
        assert design.y.dtype == np.float64


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ([1, 1, -2, 1, 0, 1], "found others in 2 rows (first: -2 at row 2)"),
        ([1, 1, 1, 1, 0, 1], "found others in 1 row (first: 0 at row 4)"),
        ([1, 1, 1, np.nan, 1, 1], "found others in 1 row (first: missing at row 3)"),
        ([1, np.inf, 1, 1, 1, 1], "found others in 1 row (first: inf at row 1)"),
    ],
)
def test_weights_above_zero(weights, found):
    sentence = f"Weights must be finite and above 0; {found}. Leave these rows out, or give them a weight."
    assert error_of(weights=weights) == sentence
    assert error_of(weights="w", w=weights) == sentence


def test_weights_of_rows_that_are_left_out_do_not_matter():
    data = DATA.assign(score=DATA["score"].where(DATA.index != 3))
    design = build_design("score ~ month", data, weights=[1, 1, 2, np.nan, 1, 1])
    np.testing.assert_array_equal(design.weights, [1, 1, 2, 1, 1])


def test_weights_that_are_no_weights():
    assert error_of(weights=[1, 2]) == "The weights must be one per row of the data (6), found 2."
    assert error_of(weights=1.0) == "The weights must be one per row of the data (6), found one number."
    assert error_of(weights=np.ones((6, 2))) == "The weights must be one per row of the data (6), found 6 by 2."
    assert error_of(weights=list("abcdef")) == "Weights by row must be numbers, missing ones nan; found text."
    assert (
        error_of(weights="patient") == "The weight patient must be a number, found 'a' (type str)."
        or error_of(weights="patient") == "The weight patient must be a number, found 'a' (type object)."
    )
    assert error_of(weights=pd.Series(np.ones(6), index=range(1, 7))) == (
        "The weights are a Series with another index than the data. Give them the index of the data."
    )
