"""What can be asked of a model before it is fitted, and what a fit does where nothing is asked."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.pairs import data_of

FORMULA = "score ~ month * format + (0 + is_group | cohort) + (1 | patient)"


def test_the_default_is_kenward_roger_under_reml_and_satterthwaite_under_ml() -> None:
    data = data_of("partial.csv")
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


def test_another_response_on_the_same_rows() -> None:
    model = mixedlm(FORMULA, data_of("partial.csv"))
    one, other = model.fit(), model.with_response(10 * model.design.y + 3).fit()
    shift = np.where(one.params.index == "Intercept", 3.0, 0.0)
    assert other.params.to_numpy() == pytest.approx((10 * one.params + shift).to_numpy(), rel=1e-6)
    assert other.theta.to_numpy() == pytest.approx(100 * one.theta.to_numpy(), rel=1e-4)


def test_a_response_is_a_number_for_each_row() -> None:
    model = mixedlm(FORMULA, data_of("partial.csv"))
    for wrong, said in (
        (
            np.where(np.arange(len(model.design.y)) < 3, np.nan, 1.0),
            r"^The response is missing or infinite in 3 of 284",
        ),
        (model.design.y[:-1], r"^The response has the shape \(283,\); give 284 numbers\.$"),
    ):
        with pytest.raises(MixedModelError, match=said):
            model.with_response(wrong)


def test_a_start_and_a_value_that_is_held_are_named_as_theta() -> None:
    model = mixedlm(FORMULA, data_of("partial.csv"))
    fit = model.fit()
    again = model.fit(start=fit.theta.to_dict())
    assert again.criterion == pytest.approx(fit.criterion, abs=1e-8)
    assert again.solution.steps <= fit.solution.steps
    assert model.fit(fixed={"residual": 30.0}).theta["residual"] == pytest.approx(30.0)
    with pytest.raises(MixedModelError, match=r"^The start lacks residual: give a value for each name of theta\.$"):
        model.fit(start=fit.theta.iloc[:2].to_dict())
    with pytest.raises(MixedModelError, match=r"^There is no covariance parameter 'sigma'\."):
        model.fit(fixed={"sigma": 1.0})
    with pytest.raises(MixedModelError, match=r"^There is no kind of information 'hessian'\."):
        model.fit(information="hessian")
