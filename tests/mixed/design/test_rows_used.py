"""Which rows a model can use."""

import numpy as np
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.design.rows_used import needed_columns
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.parser import read_formula


def error_of(formula: str, data: object, **keywords: object) -> str:
    with pytest.raises(MixedModelError) as caught:
        build_design(formula, data, **keywords)  # type: ignore[arg-type]
    return str(caught.value)


def test_rows_with_missing_values_are_left_out_and_counted(scores):
    scores.loc[4, "score"] = np.nan
    scores.loc[7, "practice"] = None
    scores.loc[9, "month"] = np.nan
    scores.loc[11, "patient"] = None
    scores.loc[13, "age"] = np.nan
    design = build_design("score ~ format + practice + (month | patient)", scores)
    assert design.n_left_out == 4
    assert np.flatnonzero(~design.kept).tolist() == [4, 7, 9, 11]
    assert len(design.y) == len(design.x) == len(design.frame) == len(design.bars[0].codes) == 56


def test_a_missing_group_matters_only_where_the_bar_acts(scores):
    scores.loc[0, "cohort"] = None
    design = build_design("score ~ format + (0 + is_group | cohort)", scores)
    assert design.n_left_out == 1
    assert np.flatnonzero(~design.kept).tolist() == [0]


def test_columns_that_depend_on_all_rows_are_computed_on_the_rows_that_are_left(scores):
    scores.loc[0, "cohort"] = None
    scores.loc[0, "age"] = 400.0
    design = build_design("score ~ 1 + center(age) + (0 + is_group + center(age):is_group | cohort)", scores)
    np.testing.assert_allclose(design.x[:, 1].mean(), 0, atol=1e-10)
    np.testing.assert_allclose(design.bars[0].z[:, 1], design.x[:, 1] * scores["is_group"][1:])


def test_no_row_left(scores):
    assert error_of("score ~ age + (1 | patient)", scores.assign(age=np.nan)) == (
        "None of the 60 rows has all that the formula needs: missing are age in 60. "
        "Fill these columns or leave them out of the formula."
    )
    one_each = scores.assign(
        score=scores["score"].where(scores["row"] < 20), age=scores["age"].where(scores["row"] > 29)
    )
    assert error_of("score ~ age + (1 | patient)", one_each) == (
        "None of the 60 rows has all that the formula needs: missing are score in 40, age in 30. "
        "Fill these columns or leave them out of the formula."
    )
    assert error_of("score ~ age + (1 | cohort)", scores.assign(cohort=None)).startswith(
        "None of the 60 rows has all that the formula needs: missing are cohort in 60."
    )


def test_a_model_needs_the_columns_of_its_formula_its_strata_and_its_weights():
    formula = read_formula(
        "score - baseline ~ log(age)*format + (0 + is_group | clinic:cohort) + us(visit | arm/patient)"
    )
    needed = needed_columns(formula, None, "weight")
    assert needed.complete == ("score", "baseline", "age", "format", "is_group", "visit", "arm", "patient")
    assert needed.groups == ("clinic", "cohort", "weight")
    assert needed.levels == ("age", "format", "visit", "arm")
    assert needed_columns(read_formula("score ~ month"), "format", None).complete == ("score", "month", "format")
