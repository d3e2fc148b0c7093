"""The results under statsmodels' names, held to each other and to the normal equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kap_analysis.mixed.coefficients.fixed_effects import DDF_METHODS
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"
COLUMNS = ["term", "estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return read_data(PAIRS, "partial.csv")


@pytest.fixture(scope="module")
def fit(data: pd.DataFrame) -> MixedResults:
    return mixedlm(FORMULA, data).fit()


def test_names_of_statsmodels_say_what_the_table_says(fit: MixedResults) -> None:
    table = fit.coefficients()
    assert list(table.columns) == COLUMNS
    columns = {"estimate": fit.params, "std_error": fit.bse, "df": fit.df, "statistic": fit.tvalues}
    for name, series in {**columns, "p_value": fit.pvalues}.items():
        assert list(series.index) == list(table["term"])
        assert series.to_numpy() == pytest.approx(table[name].to_numpy(), rel=1e-12)
    assert np.sqrt(np.diag(fit.cov_params())) == pytest.approx(fit.bse.to_numpy())
    assert fit.llf == -fit.criterion / 2
    assert fit.nobs == len(fit.fittedvalues) == len(fit.resid) == 284
    pd.testing.assert_frame_equal(fit.conf_int(), table.set_index("term")[["ci_low", "ci_high"]])


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_intervals_at_the_level_that_is_asked_for(fit: MixedResults, level: float) -> None:
    half = stats.t.ppf((1 + level) / 2, fit.df) * fit.bse
    found = fit.conf_int(level)
    assert found["ci_low"].to_numpy() == pytest.approx((fit.params - half).to_numpy())
    assert found["ci_high"].to_numpy() == pytest.approx((fit.params + half).to_numpy())


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, np.nan])
def test_a_level_is_a_share(fit: MixedResults, level: float) -> None:
    with pytest.raises(MixedModelError, match=r"give a number between 0 and 1, such as 0\.95\."):
        fit.conf_int(level)


def test_p_values_are_tails_of_t(fit: MixedResults) -> None:
    for method in DDF_METHODS:
        table = fit.coefficients(ddf=method)
        assert table["p_value"].to_numpy() == pytest.approx(2 * stats.t.sf(np.abs(table["statistic"]), table["df"]))
    z = fit.coefficients(ddf="normal")
    assert np.isinf(z["df"]).all()
    assert z["p_value"].to_numpy() == pytest.approx(2 * stats.norm.sf(np.abs(z["statistic"])))
    assert (fit.coefficients(ddf="residual")["df"] == fit.nobs - 4).all()


@pytest.mark.parametrize("method", DDF_METHODS)
def test_only_kenward_roger_adjusts_the_covariance(fit: MixedResults, method: str) -> None:
    plain = fit.unscaled_cov
    adjusted = fit.cov_params(method).to_numpy()
    assert np.array_equal(adjusted, plain) == (method != "kenward-roger")
    assert np.linalg.eigvalsh(adjusted - plain).min() >= -1e-12


def test_the_df_method_of_the_fit_reaches_everything(data: pd.DataFrame, fit: MixedResults) -> None:
    other = mixedlm(FORMULA, data).fit(ddf="satterthwaite")
    pd.testing.assert_frame_equal(other.coefficients(), fit.coefficients(ddf="satterthwaite"))
    pd.testing.assert_frame_equal(other.anova(), fit.anova(ddf="satterthwaite"))
    row = [[0, 0, 1, 3.0]]
    assert other.test(row)["df"][0] == fit.inference(row, "satterthwaite").df[0]
    assert other.predict(interval=True)["df"].iloc[0] == pytest.approx(
        fit.inference(fit.design.x[:1], "satterthwaite").df[0]
    )


def test_the_default_is_kenward_roger_under_reml_and_satterthwaite_under_ml(data: pd.DataFrame) -> None:
    model = mixedlm(FORMULA, data)
    assert model.fit().settings.ddf == "kenward-roger"
    assert model.fit(reml=False).settings.ddf == "satterthwaite"
    assert model.fit().settings.information == "expected"
    assert mixedlm("score ~ visit + us(visit | patient)", data).fit().settings.information == "observed"
    with pytest.raises(MixedModelError, match=r"^Kenward-Roger is defined for REML; found reml=False\."):
        model.fit(reml=False, ddf="kenward-roger")
    with pytest.raises(MixedModelError, match=r"^Kenward-Roger is defined for REML; this fit is by ML\."):
        model.fit(reml=False).coefficients(ddf="kenward-roger")
    with pytest.raises(MixedModelError, match=r"^There is no df method 'kr'\."):
        model.fit(ddf="kr")


def test_aic_and_bic_count_every_parameter_of_the_ml_fit(fit: MixedResults) -> None:
    assert fit.n_parameters == 4 + 3
    assert fit.aic == pytest.approx(fit.ml.criterion + 2 * 7)
    assert fit.bic == pytest.approx(fit.ml.criterion + 7 * np.log(284))
    assert fit.ml.criterion < mixedlm(FORMULA, fit.design.frame).fit(False, fixed=fit.theta.to_dict()).criterion


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
        ([[0, 1]], "Each row of L must have 4 numbers, one per coefficient; found 2."),
        ([[0, 0, 0, 0]], "Every row of L is zero: there is no hypothesis to test."),
    ],
)
def test_rows_that_are_no_hypothesis(fit: MixedResults, rows: list, sentence: str) -> None:
    with pytest.raises(MixedModelError) as caught:
        fit.f_test(rows)
    assert str(caught.value) == sentence
