"""From estimates and standard errors to statistics, p-values and intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kap_analysis.mixed.coefficients.estimates import ESTIMATE_COLUMNS, estimate_frame, rows_of_l
from kap_analysis.mixed.coefficients.fixed_effects import DDF_METHODS
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import partial

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


def test_a_row_of_the_table_by_hand() -> None:
    labels = pd.DataFrame({"term": ["a", "b"]}, index=[7, 3])
    found = estimate_frame(labels, np.array([2.0, -1.0]), np.array([1.0, 2.0]), np.array([10.0, np.inf]), level=0.9)
    assert list(found.columns) == ["term", *ESTIMATE_COLUMNS]
    assert list(found.index) == [7, 3]
    assert found["statistic"].tolist() == [2.0, -0.5]
    assert found["p_value"].to_numpy() == pytest.approx([2 * stats.t.sf(2, 10), 2 * stats.norm.sf(0.5)])
    assert found["ci_low"].to_numpy() == pytest.approx([2 - stats.t.ppf(0.95, 10), -1 - 2 * stats.norm.ppf(0.95)])


def test_without_a_standard_error_there_is_no_test() -> None:
    found = estimate_frame(pd.DataFrame({"term": ["a"]}), np.array([2.0]), np.array([0.0]), np.array([5.0]))
    assert np.isnan(found.loc[0, "statistic"]) and np.isnan(found.loc[0, "p_value"])
    assert (found.loc[0, "ci_low"], found.loc[0, "ci_high"]) == (2.0, 2.0)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_intervals_at_the_level_that_is_asked_for(fit: MixedResults, level: float) -> None:
    half = stats.t.ppf((1 + level) / 2, fit.df) * fit.bse
    found = fit.conf_int(level=level)
    assert found["ci_low"].to_numpy() == pytest.approx((fit.params - half).to_numpy())
    assert found["ci_high"].to_numpy() == pytest.approx((fit.params + half).to_numpy())


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, np.nan])
def test_a_level_is_a_share(fit: MixedResults, level: float) -> None:
    with pytest.raises(MixedModelError, match=r"give a number between 0 and 1, such as 0\.95\."):
        fit.conf_int(level=level)


def test_p_values_are_tails_of_t(fit: MixedResults) -> None:
    for method in DDF_METHODS:
        table = fit.coefficients(ddf=method)
        assert table["p_value"].to_numpy() == pytest.approx(2 * stats.t.sf(np.abs(table["statistic"]), table["df"]))
    z = fit.coefficients(ddf="normal")
    assert np.isinf(z["df"]).all()
    assert z["p_value"].to_numpy() == pytest.approx(2 * stats.norm.sf(np.abs(z["statistic"])))
    assert (fit.coefficients(ddf="residual")["df"] == fit.nobs - 4).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[1.0, 0.0]], "Each row of L must have 3 numbers"),
        (np.zeros((1, 1, 3)), "found the shape (1, 1, 3)"),
        ([1.0, np.nan, 0.0], "must be finite numbers"),
        (["1", "0", "0"], "must be numbers, missing ones nan; found text"),
    ],
)
def test_rows_of_l_that_do_not_suit_are_refused(rows, said) -> None:
    with pytest.raises(MixedModelError) as caught:
        rows_of_l(rows, 3)
    assert said in str(caught.value)


def test_one_row_of_l_is_a_row_of_one() -> None:
    assert rows_of_l([1, 0, 0], 3).shape == (1, 3)
