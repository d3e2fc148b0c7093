"""Many fits against one by one: the same criterion, the same refusals."""

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.many.data_sets import design_of_data_set, read_data_sets
from tests.mixed.many.data_sets_drawn import CROSSED, FORMULAS, VISITS, model, responses
from tests.sweeps import few_fast

N = 8


@pytest.mark.parametrize("missing", [False, True], ids=["all rows", "rows missing"])
@pytest.mark.parametrize("formula", few_fast(FORMULAS, [VISITS]))
def test_each_data_set_has_the_fit_or_the_refusal_that_it_has_alone(formula: str, missing: bool) -> None:
    made, y = model(formula), responses(formula, missing, N).copy()
    y[:, 1] = 7.0 if not missing else np.where(np.isnan(y[:, 1]), np.nan, 7.0)  # nothing varies
    if missing:
        frame = made.design.frame
        y[frame["month" if "month" in frame else "visit"].astype(float) > 1, 2] = np.nan  # all later visits
    status = made.fit_many(y, ddf="satterthwaite").status
    assert not status["alone"].all()
    sets, _ = read_data_sets(made.design, y, None)
    for d in range(N):
        try:
            one = made.on_design(design_of_data_set(made.design, sets, {}, d)).fit(ddf="satterthwaite")
        except MixedModelError as error:
            assert status.loc[d, "problem"] == str(error)
            assert np.isnan(status.loc[d, "criterion"]) and not status.loc[d, "converged"]
        else:
            assert status.loc[d, "criterion"] == pytest.approx(one.criterion, abs=1e-8)
            assert status.loc[d, ["converged", "singular"]].tolist() == [one.converged, one.singular]


def test_models_that_cannot_be_stacked_are_fitted_one_by_one() -> None:
    made = model(CROSSED)
    y = np.column_stack([made.design.y, made.design.y[::-1]])
    fits = made.fit_many(y)
    assert fits.status["alone"].all() and fits.status["converged"].all()
    np.testing.assert_array_equal(fits.params.iloc[0], made.fit().params)


def test_a_data_set_without_a_visit_is_refused_with_the_coefficients_that_it_says_nothing_of() -> None:
    made = model(VISITS)
    y = made.design.y.copy()
    y[(made.design.frame["visit"].astype(str) == "3").to_numpy()] = np.nan
    fits = made.fit_many(np.column_stack([made.design.y, y, np.full(len(y), np.nan)]))
    assert fits.status["converged"].tolist() == [True, False, False]
    assert "they say nothing of visit[T.3]" in fits.status.loc[1, "problem"]
    assert "The 0 rows that were observed are too few" in fits.status.loc[2, "problem"]
    assert repr(fits) == "<ManyFits of 3 data sets, 2 without a fit>"


@pytest.mark.parametrize("formula", FORMULAS)
def test_where_no_data_set_has_a_fit_each_says_why(formula: str) -> None:
    one = model(formula)
    found = one.fit_many(np.ones((len(one.design.y), 3))).status
    assert not found["converged"].any()
    assert found["problem"].notna().all()
