"""From a formula and a frame to a design: which rows, which columns, and every way in which the data do not suit."""

import re
import warnings
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.design.build import build_design
from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning
from kap_analysis.mixed.model import mixedlm


def error_of(formula: str, data: object, **keywords: object) -> str:
    with pytest.raises(MixedModelError) as caught:
        build_design(formula, data, **keywords)  # type: ignore[arg-type]
    return str(caught.value)


# What a design holds


def test_a_design_holds_the_rows_as_matrices_and_codes(scores):
    design = build_design("score ~ month*format + practice + (month | patient) + (0 + is_group | cohort)", scores)
    assert design.response == "score"
    assert design.n_left_out == 0
    assert design.kept.all()
    assert design.fixed.names == (
        "Intercept", "month", "format[T.group]", "practice[T.B]", "month:format[T.group]",
    )  # fmt: skip
    assert design.fixed.dropped == ()
    assert design.x.dtype == float
    np.testing.assert_array_equal(design.y, scores["score"])
    np.testing.assert_array_equal(design.x[:, 4], scores["month"] * scores["is_group"])
    assert dict(design.fixed.factors) == {"format": ("individual", "group"), "practice": ("A", "B")}
    assert dict(design.fixed.numeric) == {"month": 2.0}
    assert design.weights is None
    assert sorted(design.frame.columns) == ["cohort", "format", "is_group", "month", "patient", "practice", "score"]


def test_bars_have_columns_groups_and_levels(scores):
    slope, cohort = build_design("score ~ 1 + (month | patient) + (0 + is_group | cohort)", scores).bars
    assert (slope.text, slope.grouping, slope.names) == ("(month | patient)", "patient", ("(Intercept)", "month"))
    assert slope.levels[:2] == ("P00", "P01")
    np.testing.assert_array_equal(slope.z, np.column_stack([np.ones(60), scores["month"]]))
    np.testing.assert_array_equal(slope.codes, np.repeat(np.arange(20), 3))
    assert cohort.levels == ("c0", "c1", "c2", "c3", "c4")
    np.testing.assert_array_equal(cohort.codes, np.r_[np.repeat(np.arange(5), 6), np.full(30, -1)])


def test_groups_in_which_nothing_acts_are_no_levels(scores):
    scores["cohort"] = scores["cohort"].fillna("none " + scores["patient"])
    (bar,) = build_design("score ~ 1 + (0 + is_group | cohort)", scores).bars
    assert bar.levels == ("c0", "c1", "c2", "c3", "c4")
    assert set(bar.codes[30:]) == {-1}


def test_bars_of_one_grouping_share_their_groups(scores):
    one, other = build_design("score ~ 1 + (0 + is_group | patient) + (0 + month | patient)", scores).bars
    assert one.levels == other.levels
    np.testing.assert_array_equal(one.codes, other.codes)


def test_a_factor_in_a_bar_has_a_column_per_level(scores):
    (bar,) = build_design("score ~ 1 + (0 + format | practice:patient)", scores).bars
    assert bar.names == ("format[individual]", "format[group]")
    assert bar.grouping == "practice:patient"


def test_the_response_may_be_computed(scores):
    design = build_design("np.log(score + 100) ~ month", scores)
    np.testing.assert_allclose(design.y, np.log(scores["score"] + 100))


@pytest.mark.parametrize("given", ["name", "array", "series"])
def test_weights_by_name_array_or_series(scores, given):
    scores.loc[3, "score"] = np.nan
    weights = {"name": "weight", "array": scores["weight"].to_list(), "series": scores["weight"]}[given]
    design = build_design("score ~ month + (1 | patient)", scores, weights=weights)
    np.testing.assert_array_equal(design.weights, scores["weight"].drop(3))


def test_the_data_are_not_changed_and_not_shared(scores):
    before = scores.copy()
    design = build_design("score ~ month + (1 | patient)", scores, weights="weight")
    design.y[0], design.x[0, 1], design.weights[0] = -1.0, -1.0, -1.0
    pd.testing.assert_frame_equal(scores, before)


def test_order_of_rows_and_index_do_not_matter(scores):
    formula = "score ~ visit*format + practice + (0 + is_group | cohort) + us(visit | format/patient)"
    order = np.random.default_rng(3).permutation(60)
    one, other = build_design(formula, scores), build_design(formula, scores.iloc[order].set_index("row", drop=False))
    np.testing.assert_array_equal(one.x[order], other.x)
    np.testing.assert_array_equal(one.bars[0].codes[order], other.bars[0].codes)
    np.testing.assert_array_equal(one.residual.subject[order], other.residual.subject)
    assert other.frame.index.tolist() == order.tolist()


# Columns that are left out


def test_collinear_columns_are_named_and_left_out(scores):
    with pytest.warns(MixedModelWarning) as caught:
        design = build_design("score ~ month + visit + I(2 * month)", scores)
    assert [str(one.message) for one in caught] == [
        "2 columns of the fixed part are combinations of those before them and left out: visit[T.m3], I(2 * month)."
    ]
    assert design.fixed.names == ("Intercept", "month", "visit[T.m2]")
    assert [(term.label, term.columns) for term in design.fixed.terms] == [
        ("Intercept", (0,)),
        ("month", (1,)),
        ("visit", (2,)),
    ]
    np.testing.assert_array_equal(design.fixed.rows(scores), design.x)


def test_one_collinear_column(scores):
    with pytest.warns(
        MixedModelWarning,
        match=r"^One column of the fixed part is a combination of those before it and left out: is_group\.$",
    ):
        build_design("score ~ format + is_group", scores)


def test_levels_that_no_row_has_are_named_and_left_out(scores):
    scores["format"] = scores["format"].cat.add_categories(["mixed", "other"])
    scores.loc[scores["practice"] == "B", "score"] = np.nan
    with pytest.warns(MixedModelWarning) as caught:
        design = build_design("score ~ format + (1 | patient)", scores)
    assert [str(one.message) for one in caught] == [
        f"The levels mixed, other of format are never observed in the {len(design.y)} rows that are used, and "
        "left out of the model."
    ]
    assert design.frame["format"].cat.categories.tolist() == ["individual", "group"]
    with pytest.raises(MixedModelError, match="format has 'mixed' in the new rows, which the model does not know"):
        design.fixed.rows(pd.DataFrame({"format": ["mixed"]}))


def test_an_arm_without_therapists_says_how_many_rows_go(scores):
    alone = scores["patient"].isin(["P00", "P01"]).to_numpy()
    arms = scores.assign(
        format=np.where(alone, "alone", scores["format"].astype(str)),
        therapist=np.where(alone, None, scores["patient"].str[-1]),
    )
    with pytest.warns(MixedModelWarning) as caught:
        design = build_design("score ~ format*month + (month | therapist)", arms)
    assert len(design.y) == 54
    assert str(caught[0].message) == (
        "The level 'alone' of format is never observed in the 54 rows that are used, and left out of the model. "
        "Each of its 6 rows lacks a value that the formula needs."
    )


def test_a_level_lost_with_its_rows_is_named(scores):
    scores.loc[scores["visit"] == "m2", "score"] = np.nan
    message = (
        "The level 'm2' of visit is never observed in the 40 rows that are used, and left out of the model. "
        "Each of its 20 rows lacks a value that the formula needs."
    )
    with pytest.warns(MixedModelWarning, match=f"^{re.escape(message)}$"):
        design = build_design("score ~ month + us(visit | patient)", scores)
    assert design.residual.visits == ("m1", "m3")


def test_unused_categories_of_a_grouping_go_silently(scores):
    scores["patient"] = scores["patient"].astype("category").cat.add_categories(["P99"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        design = build_design("score ~ month + (1 | patient)", scores)
    assert len(design.bars[0].levels) == 20


# Data that do not suit


def test_columns_that_are_not_there(scores):
    assert error_of("scroe ~ month", scores) == "There is no column 'scroe' in the data. Did you mean 'score'?"
    assert error_of("score ~ log(mnth)", scores) == "There is no column 'mnth' in the data. Did you mean 'month'?"
    assert (
        error_of("score ~ 1 + (1 | patent)", scores)
        == "There is no column 'patent' in the data. Did you mean 'patient'?"
    )
    assert (
        error_of("score ~ 1 + us(vsit | patient)", scores)
        == "There is no column 'vsit' in the data. Did you mean 'visit'?"
    )
    assert (
        error_of("score ~ 1", scores, residual_by="frmat")
        == "There is no column 'frmat' in the data. Did you mean 'format'?"
    )
    assert (
        error_of("score ~ 1", scores, weights="wieght")
        == "There is no column 'wieght' in the data. Did you mean 'weight'?"
    )


def test_data_that_are_no_rows(scores):
    assert error_of("score ~ 1", scores.to_dict()) == "The data must be a table of pandas, polars or Arrow, found dict."
    assert error_of("score ~ 1", scores.iloc[:0]) == "The data have no rows."


def test_a_column_that_is_there_twice(scores):
    assert error_of("score ~ month", pd.concat([scores, scores[["month"]]], axis=1)) == (
        "The data have 2 columns named 'month', and the formula cannot tell them apart. Rename them."
    )


@pytest.mark.parametrize("formula", ["score ~ late:arm", "score ~ 0 + late", "score ~ 0 + late + (1 | patient)"])
def test_true_and_false_where_r_gives_each_a_column_are_refused(formula):
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"patient": np.repeat(np.arange(12), 4), "score": rng.normal(size=48)})
    rows["late"], rows["arm"] = np.tile([False, False, True, True], 12), np.repeat(["a", "b"], 24)
    told = error_of(formula, rows)
    assert told.startswith("late is true or false, and stands in ")
    assert told.endswith("write C(late) for that, or I(late + 0) for one column of 0 and 1.")
    computed = error_of(formula.replace("late", "I(score > 0)"), rows)
    assert computed.startswith("I(score > 0) is true or false") and "C(I(score > 0))" in computed
    text = rows.assign(late=rows["late"].astype("str"))
    both = [mixedlm(f, d).fit().criterion for f, d in ((formula.replace("late", "C(late)"), rows), (formula, text))]
    assert both[0] == pytest.approx(both[1])


def test_true_and_false_before_a_bar_say_on_which_rows_it_acts():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"cohort": np.repeat(np.arange(8), 5), "score": rng.normal(size=40)})
    rows["in_group"] = rows["cohort"] < 4
    fits = [
        mixedlm("score ~ 1 + (0 + in_group | cohort)", rows.astype({"in_group": kind})).fit() for kind in (bool, float)
    ]
    assert fits[0].criterion == fits[1].criterion


def test_days_that_name_groups_are_to_be_text(scores):
    found = error_of("score ~ month + (1 | when)", scores.assign(when=np.datetime64("2026-01-01", "s")))
    assert found == "when holds values of type datetime64[s], which no model can use as they are. Make text of it."


def test_dates_are_no_numbers(scores):
    found = error_of("score ~ when", scores.assign(when=np.datetime64("2026-01-01", "s")))
    assert found == (
        "when holds values of type datetime64[s], which no model can use as they are. Make a number of it, such "
        "as days since the first session."
    )


@pytest.mark.parametrize(
    ("value", "kind"), [(date(2026, 1, 1), "date"), (b"a", "bytes"), (1j, "complex128"), (timedelta(1), "timedelta64")]
)
def test_values_that_are_neither_numbers_nor_words(scores, value, kind):
    found = error_of("score ~ when", scores.assign(when=pd.Series([value] * 60)))
    assert found.startswith(f"when holds values of type {kind}")


def test_fewer_rows_than_coefficients(scores):
    assert error_of("score ~ visit", scores.iloc[:3]) == (
        "3 rows are too few for 3 coefficients: there must be more rows than coefficients. Take terms out."
    )


def test_a_factor_with_one_level(scores):
    assert error_of("score ~ format", scores.astype({"format": "str"}).iloc[:30]) == (
        "format has one level ('group') in the rows that are used, and nothing can be compared. Take it out of "
        "the formula."
    )


@pytest.mark.parametrize("term", ["age", "log(age)", "I(age^2)", "poly(age, 2)", "I(age > 40)", "month*scale(age)"])
def test_numbers_stored_as_objects(scores, term):
    scores["age"] = scores["age"].round().astype(int).astype(object)
    first = scores["age"].min()
    assert error_of(f"score ~ {term}", scores) == (
        f"age holds numbers stored as objects, such as {first}. Convert it with pandas.to_numeric, or write "
        "C(age) if they are labels."
    )
    assert "age" in build_design("score ~ C(age)", scores).fixed.factors


def test_the_response_on_both_sides(scores):
    assert (
        error_of("score ~ month + score", scores) == "score stands on both sides of '~'. Take it out of the right one."
    )


def test_columns_that_are_not_finite(scores):
    assert error_of("score ~ np.log(month - 1)", scores) == (
        "The column np.log(month - 1) of the fixed part is -inf in 20 of 60 rows. Correct these values or make "
        "them missing."
    )


@pytest.mark.parametrize("name", ["Intercept", "visit[T.m2]"])
def test_a_column_called_as_another_column_of_the_fixed_part(scores, name):
    assert error_of(f"score ~ visit + `{name}`", scores.assign(**{name: scores["age"]})) == (
        f"The fixed part has two columns called '{name}', and no table could tell them apart. "
        "Rename the column of the data."
    )


def test_columns_may_have_the_names_of_functions_and_words_of_python(scores):
    strange = {"C": "month", "class": "format", "t.x": "age", "np": "is_group", "yield": "score", "0": "patient"}
    renamed = scores.rename(columns={old: new for new, old in strange.items()})
    design = build_design("yield ~ C(C)*class + log(`t.x`) + I(`t.x` * C^2) + (0 + np | `0`)", renamed)
    plain = build_design("score ~ C(month)*format + log(age) + I(age * month^2) + (0 + is_group | patient)", scores)
    np.testing.assert_array_equal(design.x, plain.x)
    np.testing.assert_array_equal(design.bars[0].z, plain.bars[0].z)
    assert design.fixed.names[-2:] == ("C(C)[T.2]:class[T.group]", "C(C)[T.3]:class[T.group]")
