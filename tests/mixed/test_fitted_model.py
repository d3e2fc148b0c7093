"""What a fit knows of itself, under statsmodels' names, held to each other and to the normal equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import partial

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"
COLUMNS = ["term", "estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"]


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


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


def test_aic_and_bic_count_every_parameter_of_the_ml_fit(fit: MixedResults) -> None:
    assert fit.n_parameters == 4 + 3
    assert fit.aic == pytest.approx(fit.ml.criterion + 2 * 7)
    assert fit.bic == pytest.approx(fit.ml.criterion + 7 * np.log(284))
    assert fit.ml.criterion < mixedlm(FORMULA, fit.design.frame).fit(False, fixed=fit.theta.to_dict()).criterion
