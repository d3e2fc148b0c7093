"""Tests of rows of L under every df method, one row at a time and all at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kap_analysis.mixed.coefficients.fixed_effects import DDF_METHODS
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import DF_OF_R, P_VALUE, data_of, means_fit, pair, partial

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


@pytest.mark.parametrize("method", DDF_METHODS)
def test_only_kenward_roger_adjusts_the_covariance(fit: MixedResults, method: str) -> None:
    plain = fit.unscaled_cov
    adjusted = fit.cov_params(method).to_numpy()
    assert np.array_equal(adjusted, plain) == (method != "kenward-roger")
    assert np.linalg.eigvalsh(adjusted - plain).min() >= -1e-12


def test_the_df_method_of_the_fit_reaches_everything(fit: MixedResults) -> None:
    other = mixedlm(FORMULA, data_of("partial.csv")).fit(ddf="satterthwaite")
    pd.testing.assert_frame_equal(other.coefficients(), fit.coefficients(ddf="satterthwaite"))
    pd.testing.assert_frame_equal(other.anova(), fit.anova(ddf="satterthwaite"))
    row = [[0, 0, 1, 3.0]]
    assert other.test(row)["df"][0] == fit.inference(row, "satterthwaite").df[0]
    assert other.predict(interval=True)["df"].iloc[0] == pytest.approx(
        fit.inference(fit.design.x[:1], "satterthwaite").df[0]
    )


# Joint tests


def test_rows_that_say_the_same_count_once(fit: MixedResults) -> None:
    one = fit.f_test([[0, 1, 0, 0], [0, 0, 0, 1]])
    again = fit.f_test([[0, 1, 0, 0], [0, 0, 0, 1], [0, 2, 0, -3]])
    assert one.df_num == again.df_num == 2
    assert (again.statistic, again.df_den) == (pytest.approx(one.statistic), pytest.approx(one.df_den))


def test_an_f_under_the_normal_distribution_is_chi_squared(fit: MixedResults) -> None:
    found = fit.f_test([[0, 1, 0, 0], [0, 0, 0, 1]], "normal")
    assert found.p_value == pytest.approx(stats.chi2.sf(2 * found.statistic, 2), rel=1e-9)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([[0, 1]], "Each row of L must have 4 numbers, one per coefficient; found the shape (1, 2)."),
        ([[0, 0, 0, 0]], "Every row of L is zero: there is no hypothesis to test."),
    ],
)
def test_rows_that_are_no_hypothesis(fit: MixedResults, rows: list, sentence: str) -> None:
    with pytest.raises(MixedModelError) as caught:
        fit.f_test(rows)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
@pytest.mark.parametrize("key", ["visit", "interaction", "practice"])
def test_joint_f_tests(key: str, method: str) -> None:
    known = pair("marginal_means")[f"f_{key}_{method.replace('-', '_')}"]
    fit = means_fit()
    chosen = {
        "visit": [f"visit[T.{v}]" for v in "236"],
        "interaction": [f"visit[T.{v}]:format[T.group]" for v in "236"],
        "practice": ["practice[T.B]", "practice[T.C]"],
    }[key]
    rows = np.array([[float(name == term) for name in fit.params.index] for term in chosen])
    found = fit.f_test(rows, method)
    assert found.df_num == known["df1"]
    assert found.statistic == pytest.approx(known["statistic"], rel=1e-5)
    assert found.df_den == pytest.approx(known["df2"], rel=DF_OF_R[method])
    assert found.p_value == pytest.approx(known["p_value"], abs=P_VALUE)


@pytest.mark.parametrize("method", DDF_METHODS)
def test_an_f_of_one_row_is_t_squared(method: str) -> None:
    fit = partial("score ~ month * format + (month | patient)")
    row = np.array([[0.0, 0.3, 1.0, -2.0]])
    t, f = fit.test(row).iloc[0], fit.f_test(row)
    if method != "kenward-roger":
        each = fit.inference(row, method)
        f = fit.f_test(row, method)
        assert f.statistic == pytest.approx((each.estimate[0] / each.std_error[0]) ** 2, rel=1e-9)
        assert f.df_den == each.df[0] or f.df_den == pytest.approx(each.df[0], rel=1e-9)
        return
    assert (f.statistic, f.df_den, f.p_value) == (
        pytest.approx(t["statistic"] ** 2, rel=1e-9),
        pytest.approx(t["df"], rel=1e-9),
        pytest.approx(t["p_value"], rel=1e-7),
    )
