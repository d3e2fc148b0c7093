"""What the fit of data in parts says of itself."""

import warnings
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.parts.fit_in_parts import NEED_ROWS
from tests.mixed.parts.written import cut, write_parts
from tests.mixed.summed import made_up

FORMULA = "score ~ visit*group + us(visit | patient)"


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    frame = made_up()
    folder = write_parts(tmp_path_factory.mktemp("scores"), cut(frame, every=50))
    return mixedlm(FORMULA, folder).fit(ddf="satterthwaite"), mixedlm(FORMULA, frame).fit(ddf="satterthwaite")


def test_it_has_the_estimates_errors_df_and_tests_of_the_fit_of_all_rows(fits):
    found, fit = fits
    for name in ("params", "bse", "df", "pvalues"):
        assert getattr(found, name).to_dict() == pytest.approx(getattr(fit, name).to_dict(), rel=1e-7), name
    assert found.cov_params().to_numpy() == pytest.approx(fit.cov_params().to_numpy(), rel=1e-7)
    assert found.llf == pytest.approx(fit.llf, abs=1e-8)
    rows = np.eye(6)[4:]
    assert found.f_test(rows).p_value == pytest.approx(fit.f_test(rows).p_value, rel=1e-6)
    assert found.coefficients(ddf="kenward-roger")["df"].to_numpy() == pytest.approx(
        fit.coefficients(ddf="kenward-roger")["df"].to_numpy(), rel=1e-7
    )


def test_it_says_what_it_is(fits):
    found, fit = fits
    assert repr(found) == f"<FitInParts '{FORMULA}', {fit.nobs} rows>"
    assert (found.formula, found.converged, found.singular) == (FORMULA, True, False)


MEANS = {
    "visit*group + base + practice": [["visit"], ["visit", "practice"], ["group"]],
    "visit*practice + base": [["practice"], ["visit", "practice"]],
    "visit*treated + base": [["treated"], ["visit"]],
}


@pytest.mark.parametrize("fixed", MEANS)
def test_marginal_means_contrasts_and_predictions_are_those_of_all_rows(fixed, tmp_path):
    """Practice C has no row at the first visit: a combination without rows is not estimable here and there."""
    frame = made_up().assign(treated=lambda one: one["group"] == 1)
    frame = frame[~((frame["practice"] == "C") & (frame["visit"] == "v0"))].reset_index(drop=True)
    formula = f"score ~ {fixed} + cs(visit | patient)"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelWarning)
        found = mixedlm(formula, write_parts(tmp_path, cut(frame, every=50))).fit(ddf="satterthwaite")
        fit = mixedlm(formula, frame).fit(ddf="satterthwaite")
        for specs in MEANS[fixed]:
            pd.testing.assert_frame_equal(found.means(specs), fit.means(specs), rtol=1e-6)
            both = (one.contrasts(specs, adjustment="holm") for one in (found, fit))
            pd.testing.assert_frame_equal(*both, rtol=1e-6)
        by = (one.contrasts("visit", method="reference", by=specs[-1:], at={"base": 30}) for one in (found, fit))
        if specs[-1:] != ["visit"]:
            pd.testing.assert_frame_equal(*by, rtol=1e-6)
    there = frame[frame["visit"] != "v0"]
    pd.testing.assert_frame_equal(found.predict(there, interval=True), fit.predict(there, interval=True), rtol=1e-6)


@pytest.mark.parametrize("weights", ["proportional", "patients"])
def test_weights_that_count_rows_are_one_sentence(fits, weights):
    with pytest.raises(MixedModelError, match=f"weights='{weights}' counts rows or patients.*Take weights='equal'"):
        fits[0].means("visit", weights=weights)
    with pytest.raises(MixedModelError, match="kind of weights"):
        fits[0].contrasts("visit", weights="equl")


def test_what_needs_rows_is_refused_with_what_to_do(fits):
    found, fit = fits
    for name in NEED_ROWS:
        assert hasattr(type(fit), name), name
        with pytest.raises(MixedModelError, match=f"A fit of data in parts keeps no rows and has no {name}"):
            getattr(found, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        found.nonsense  # noqa: B018
    assert not hasattr(found, "anova")


def test_every_question_of_a_fit_of_rows_is_answered_or_refused(fits):
    found, fit = fits
    asked = {name for name in dir(type(fit)) if not name.startswith("_")}
    answered = {*dir(type(found)), *(one.name for one in fields(found))}
    assert asked - answered == set(NEED_ROWS)
