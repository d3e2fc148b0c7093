"""Sums of parts are added, and the fit from them is the fit of all rows."""

from dataclasses import replace

import numpy as np
import pytest

from kap_analysis.mixed.diagnostics.influence import rows_of_design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.first_sums import first_sums_of
from kap_analysis.mixed.model import mixedlm
from tests.mixed.summed import MODELS, assert_same_fit, fit_of_parts, made_up


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_from_the_sums_of_three_practices_is_the_fit_of_all_rows(name):
    formula, by, weights = MODELS[name]
    frame = made_up()
    fit = mixedlm(formula, frame, residual_by=by, weights=weights).fit()
    parts = [rows_of_design(fit.design, (frame["practice"] == place).to_numpy()) for place in "ABC"]
    found = fit_of_parts(parts, fit.design.fixed.names, fit.design)
    assert_same_fit(found, fit)
    assert found.theta.to_numpy() == pytest.approx(fit.theta.to_numpy(), rel=1e-7)


def test_patients_may_be_divided_in_any_way_that_keeps_a_cohort_together():
    frame = made_up(seed=4)
    fit = mixedlm(MODELS["cohort and visits"][0], frame).fit()
    tenth = frame["patient"].str[1:3]  # cohorts are of ten patients in a row
    parts = [rows_of_design(fit.design, (tenth == one).to_numpy()) for one in sorted(set(tenth))]
    assert_same_fit(fit_of_parts(parts, fit.design.fixed.names, fit.design), fit)


@pytest.mark.parametrize("name", ["cohort and visits", "random slope"])
def test_intercepts_of_the_practices_are_taken_out_where_the_data_lie(name):
    formula, by, _ = MODELS[name]
    frame = made_up(seed=2)
    fit = mixedlm(formula + " + practice", frame, residual_by=by).fit()
    design = fit.design
    kept = [at for at, column in enumerate(design.fixed.names) if "practice" not in column]
    shared = tuple(design.fixed.names[at] for at in kept[1:])
    parts = [
        replace(part, x=np.asfortranarray(part.x[:, kept]))
        for part in (rows_of_design(design, (frame["practice"] == place).to_numpy()) for place in "ABC")
    ]
    assert_same_fit(fit_of_parts(parts, shared, design, own=1), fit)


def test_what_needs_rows_and_what_has_no_sums_is_refused():
    frame = made_up()
    fit = mixedlm("score ~ base + month", frame).fit()
    found = fit_of_parts([fit.design], fit.design.fixed.names, fit.design)
    with pytest.raises(MixedModelError, match="'between-within' need rows"):
        found.coefficients(ddf="between-within")
    in_time = mixedlm("score ~ base + exponential(month | patient)", frame)
    with pytest.raises(MixedModelError, match="correlation in time"):
        first_sums_of(in_time.design)
