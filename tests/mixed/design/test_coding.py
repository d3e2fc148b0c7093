"""Columns of the design matrix: coded here or by formulaic, the same; and on new rows."""

import random

import numpy as np
import pytest
from formulaic import Formula

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.design.formulaic_coding import FormulaicCoding
from kap_analysis.mixed.design.product_coding import ProductCoding
from tests.mixed.design.parts import part_of

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


@pytest.mark.parametrize("text", SIMPLE + OTHER)
def test_columns_and_names_are_those_of_formulaic(frame, text):
    """formulaic is given codes in place of columns; what comes back is what it makes of the formula itself."""
    coding, matrix = make_coding(part_of(text), Rows.of(frame))
    theirs = Formula(text).get_model_matrix(frame)
    assert list(coding.names) == list(theirs.columns)
    np.testing.assert_allclose(matrix, np.asarray(theirs, float), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("seed", "n"), [(3, 20), pytest.param(2, 150, marks=pytest.mark.slow)])
def test_random_parts_are_coded_as_formulaic_codes_them(frame, seed, n):
    atoms = [
        "visit",
        "format",
        "practice",
        "month",
        "age",
        "flag",
        "C(whole)",
        "log(age)",
        "I(month**2)",
        "poly(age, 2)",
    ]
    atoms += ["C(practice, contr.sum)", "center(month)"]
    numbers = frame.astype({"flag": float})
    draws = random.Random(seed)
    for _ in range(n):
        text = draws.choice(["", "0 + "]) + draws.choice("+*:/").join(draws.sample(atoms, draws.randint(1, 3)))
        text += draws.choice(["", f" + {draws.choice(atoms)}"])
        coding, matrix = make_coding(part_of(text), Rows.of(frame))
        theirs = Formula(text).get_model_matrix(numbers)
        assert list(coding.names) == list(theirs.columns), text
        np.testing.assert_allclose(matrix, np.asarray(theirs, float), rtol=1e-10, atol=1e-10, err_msg=text)
        np.testing.assert_allclose(coding.rows(frame.iloc[:7]), matrix[:7], rtol=1e-10, atol=1e-10, err_msg=text)


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
