"""Type-3 tables: R's, and the hypotheses themselves."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelWarning
from kap_analysis.mixed.inference.anova import anova_table, term_hypotheses
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import block, read_data, read_json
from tests.places import PAIRS, SHARED

STATISTIC = 1e-4  # relative, of sqrt(F): where R's optimiser stopped
ESTIMATE = 1e-5  # absolute, of sqrt(F): estimates agree within 1e-5 standard errors
KENWARD_ROGER = 1e-4  # relative, of df
SATTERTHWAITE = 1e-3  # relative, of df: lmerTest differentiates numerically
SAME = 1e-8  # relative, of the same hypothesis written in two ways

SHARED_CASES = [
    "btheb_intercept",
    "btheb_slope",
    "kap235_intercept_only",
    "kap235_slope",
    "kap235_uncorrelated",
    "kap235_partially_nested",
]


def partial(formula: str, **keywords: object) -> MixedResults:
    return mixedlm(formula, read_data(PAIRS, "partial.csv"), **keywords).fit()


def same_tests(found: pd.DataFrame, expected: pd.DataFrame, df: float) -> None:
    assert list(found["term"]) == list(expected.index)
    assert list(found["df_num"]) == list(expected["df_num"])
    roots = np.sqrt(found["statistic"]), np.sqrt(expected["statistic"])
    assert np.allclose(*roots, rtol=STATISTIC, atol=ESTIMATE)
    assert np.allclose(found["df_den"], expected["df_den"], rtol=df)
    assert np.allclose(found["p_value"], expected["p_value"], rtol=0, atol=1e-5)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/reference is not on this machine")
@pytest.mark.parametrize("case", SHARED_CASES)
def test_type_three_as_lmertest_and_pbkrtest(case: str) -> None:
    known = read_json(SHARED, case)
    fit = mixedlm(known["formula"], read_data(SHARED, known["data"])).fit()
    same_tests(anova_table(fit), block(known["anova_type3_kr"]), KENWARD_ROGER)
    sat = anova_table(fit, ddf="satterthwaite")
    same_tests(sat, block(known["anova_type3_satterthwaite"]), SATTERTHWAITE)


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
def test_type_three_of_the_reference_pair(method: str) -> None:
    known = read_json(PAIRS, "marginal_means")
    fit = partial(known["formula"])
    df = KENWARD_ROGER if method == "kenward-roger" else SATTERTHWAITE
    same_tests(fit.anova(ddf=method), block(known[f"type3_{method.replace('-', '_')}"]), df)


def test_a_main_effect_is_a_contrast_of_equally_weighted_means() -> None:
    fit = partial("score ~ visit * format + baseline + practice + (1 | patient)")
    (contrast,) = fit.contrasts("format").itertuples()
    row = anova_table(fit).set_index("term").loc["format"]
    assert row["statistic"] == pytest.approx(contrast.statistic**2, rel=SAME)
    assert row["df_den"] == pytest.approx(contrast.df, rel=SAME)
    assert row["p_value"] == pytest.approx(contrast.p_value, rel=1e-6)


def test_a_covariate_is_averaged_over_arms_and_an_arm_is_compared_where_the_covariate_is_zero() -> None:
    fit = partial("score ~ month * format + (1 | patient)")
    found = term_hypotheses(fit)
    names = list(fit.params.index)
    assert names == ["Intercept", "month", "format[T.group]", "month:format[T.group]"]
    assert _span(found["month"]) == _span(np.array([[0, 1, 0, 0.5]]))
    assert _span(found["format"]) == _span(np.array([[0, 0, 1, 0]]))
    assert _span(found["month:format"]) == _span(np.array([[0, 0, 0, 1]]))


def test_three_levels_and_an_interaction() -> None:
    """practice: mean of both formats; B - A and C - A and half of their interactions."""
    fit = partial("score ~ format * practice + (1 | patient)")
    half = np.array([[0, 0, 1, 0, 0.5, 0], [0, 0, 0, 1, 0, 0.5]])
    assert _span(term_hypotheses(fit)["practice"]) == _span(half)


def _span(rows: np.ndarray) -> list[list[float]]:
    """The projection on the rows, rounded: equal for equal hypotheses."""
    return np.round(np.linalg.pinv(rows) @ rows, 9).tolist()


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ C(visit, contr.sum) * C(format, contr.sum) + baseline + (1 | patient)",
        "score ~ C(visit, contr.poly) * C(format) + baseline + (1 | patient)",
        "score ~ C(visit, contr.treatment(base='6')) * format + baseline + (1 | patient)",
    ],
)
def test_the_coding_of_the_fit_does_not_matter(formula: str) -> None:
    plain = anova_table(partial("score ~ visit * format + baseline + (1 | patient)")).drop(columns="term")
    coded = anova_table(partial(formula)).drop(columns="term")
    assert np.allclose(plain.to_numpy(float), coded.to_numpy(float), rtol=1e-6)


def test_transforms_and_splines() -> None:
    """A term of a spline is tested as a whole, in the columns that formulaic makes of it."""
    fit = partial("score ~ bs(month, df=4) + np.log(baseline) + format + (1 | patient)")
    table = anova_table(fit)
    assert list(table["term"]) == ["bs(month, df=4)", "np.log(baseline)", "format"]
    assert list(table["df_num"]) == [4, 1, 1]
    log = fit.coefficients().set_index("term").loc["np.log(baseline)"]
    assert table["statistic"][1] == pytest.approx(log["statistic"] ** 2, rel=SAME)
    rows = np.eye(len(fit.params))[[name.startswith("bs(") for name in fit.params.index]]
    assert table["statistic"][0] == pytest.approx(fit.f_test(rows).statistic, rel=1e-6)


def test_without_an_intercept_a_factor_has_a_mean_per_level() -> None:
    fit = partial("score ~ 0 + format + baseline + (1 | patient)")
    table = anova_table(fit).set_index("term")
    assert table.loc["format", "df_num"] == 2
    both = fit.f_test(np.eye(3)[:2])
    assert table.loc["format", "statistic"] == pytest.approx(both.statistic, rel=SAME)


def test_columns_that_are_collinear_are_left_out_of_the_table() -> None:
    data = read_data(PAIRS, "partial.csv")
    data["months_twice"] = 2 * data["month"]
    with pytest.warns(MixedModelWarning, match="months_twice"):
        fit = mixedlm("score ~ month + months_twice + format + (1 | patient)", data).fit()
    table = anova_table(fit)
    assert list(table["term"]) == ["month", "format"]
    assert table["statistic"].to_numpy() == pytest.approx(fit.tvalues.to_numpy()[1:] ** 2, rel=SAME)


def test_a_cell_without_rows_leaves_one_df_less() -> None:
    data = read_data(PAIRS, "partial.csv")
    data = data[~((data["visit"] == "6") & (data["format"] == "group"))]
    with pytest.warns(MixedModelWarning, match=r"visit\[T.6\]:format\[T.group\]"):
        fit = mixedlm("score ~ visit * format + (1 | patient)", data).fit()
    table = anova_table(fit).set_index("term")
    assert list(table["df_num"]) == [3, 1, 2]
    assert (table["p_value"] > 0).all()


def test_an_interaction_without_a_column_left_is_named_with_its_empty_combinations() -> None:
    data = read_data(PAIRS, "partial.csv")
    data = data[(data["visit"] == "1") | (data["format"] == "individual")]
    with pytest.warns(MixedModelWarning, match="left out"):
        fit = mixedlm("score ~ visit * format + (1 | patient)", data).fit()
    with pytest.warns(MixedModelWarning) as told:
        table = anova_table(fit).set_index("term")
    assert list(table["df_num"]) == [3, 1, 0]
    said = " ".join(str(one.message) for one in told)
    assert "No row has visit 2, format group, visit 3, format group" in said
    assert "visit:format cannot be told apart" in said


def test_a_lost_interaction_has_a_row_also_where_no_combination_is_named() -> None:
    data = read_data(PAIRS, "partial.csv")
    data = data[(data["visit"] == "1") == (data["format"] == "individual")]
    with pytest.warns(MixedModelWarning, match="left out"):
        fit = mixedlm("score ~ format * visit + (1 | patient)", data).fit()
    with pytest.warns(MixedModelWarning, match="format, format:visit cannot be told apart"):
        table = anova_table(fit).set_index("term")
    assert table["df_num"].to_dict() == {"format": 0, "visit": 2, "format:visit": 0}


def test_levels_in_parts_without_a_common_level_are_compared_within_the_parts() -> None:
    data = read_data(PAIRS, "partial.csv")
    data["part"] = np.where(data["visit"] == "1", "alone", data["format"])  # visit 1 shares no level with the others
    found = []
    for order in (["1", "2", "3", "6"], ["3", "6", "1", "2"], ["6", "1", "3", "2"]):
        ordered = data.assign(visit=pd.Categorical(data["visit"], order))
        with pytest.warns(MixedModelWarning):
            fit = mixedlm("score ~ visit * part + (1 | patient)", ordered).fit(ddf="satterthwaite")
            found.append(anova_table(fit).set_index("term"))
    assert found[0]["df_num"].to_dict() == {"visit": 2, "part": 1, "visit:part": 2}
    for other in found[1:]:
        pd.testing.assert_frame_equal(other, found[0], rtol=1e-6)


def test_classes_within_schools_leave_no_combination_empty() -> None:
    data = read_data(PAIRS, "nested.csv")
    data["room"] = data["clinic"].astype(str) + data["therapist"].astype(str)
    data["row"] = np.arange(len(data)) // 2
    with pytest.warns(MixedModelWarning, match="left out"):
        fit = mixedlm("score ~ clinic + clinic:room + (1 | row)", data).fit()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (anova_table(fit)["df_num"] > 0).all()


@pytest.mark.parametrize(
    "written", ["I(baseline > 25)", "logical_not(baseline <= 25)", "I((baseline > 25) & (baseline > 0))"]
)
def test_true_and_false_are_levels_also_where_the_formula_computes_them(written: str) -> None:
    data = read_data(PAIRS, "partial.csv")
    column = mixedlm("score ~ severe * format + (1 | patient)", data.assign(severe=data["baseline"] > 25)).fit()
    computed = mixedlm(f"score ~ {written} * format + (1 | patient)", data).fit()
    columns = ["df_num", "df_den", "statistic"]
    assert np.allclose(anova_table(computed)[columns], anova_table(column)[columns], rtol=SAME)


@pytest.mark.parametrize(("ddf", "df"), [("residual", 284 - 5), ("normal", np.inf)])
def test_other_df(ddf: str, df: float) -> None:
    fit = partial("score ~ month * format + baseline + (1 | patient)")
    table = anova_table(fit, ddf=ddf)
    assert (table["df_den"] == df).all()
    z = fit.coefficients(ddf=ddf).set_index("term")
    row = table.set_index("term").loc["baseline"]
    assert row["p_value"] == pytest.approx(z.loc["baseline", "p_value"], rel=1e-6)
