"""Standard errors and df of many fits are those of each, by every method."""

import numpy as np
import pytest

from tests.mixed.many.data_sets_drawn import SETS, SLOPES, VISITS, model, responses
from tests.sweeps import few_fast

DDF = ["kenward-roger", "satterthwaite", "residual", "normal", "between-within"]


@pytest.mark.parametrize("formula", [SLOPES, VISITS])
@pytest.mark.parametrize("ddf", few_fast(DDF, ["kenward-roger"]))
@pytest.mark.parametrize("information", [None, "joint"])
def test_they_are_those_of_one_fit(formula: str, ddf: str, information: str | None) -> None:
    made = model(formula)
    y = responses(formula)[:, :3] if ddf == "between-within" else responses(formula)
    rows = np.eye(made.design.x.shape[1])[[1, -1]]
    fits = made.fit_many(y, ddf=ddf, contrasts=rows, information=information)
    assert fits.status["alone"].all() == (ddf == "between-within")
    for d in range(min(SETS, y.shape[1])):
        one = made.with_response(y[:, d]).fit(ddf=ddf, information=information)
        own = fits.contrasts[fits.contrasts["data_set"] == d]
        found = one.inference(rows)
        np.testing.assert_allclose(fits.params.iloc[d], one.params, rtol=1e-8)
        np.testing.assert_allclose(fits.bse.iloc[d], one.bse, rtol=1e-8)
        np.testing.assert_allclose(own["estimate"], found.estimate, rtol=1e-8)
        np.testing.assert_allclose(own["std_error"], found.std_error, rtol=1e-8)
        np.testing.assert_allclose(own["df"], found.df, rtol=1e-7)
        np.testing.assert_allclose(fits.theta.iloc[d], one.theta, rtol=1e-7, atol=1e-9)
