"""Variances, standard deviations and correlations as frames: what `theta` says, one row each."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.fitted_covariance.components import residual_frame, variance_frame
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.reference_values import read_data
from tests.places import PAIRS


def fitted(formula: str, **keywords: str) -> MixedResults:
    return mixedlm(formula, read_data(PAIRS, "partial.csv"), **keywords).fit()


def test_variances_come_first_and_a_covariance_has_its_correlation() -> None:
    fit = fitted("score ~ month + (month | patient) + (0 + is_group | cohort)")
    frame, theta = variance_frame(fit.design, fit.units), fit.theta.to_numpy()
    assert frame[["grouping", "term1"]].to_numpy().tolist() == [
        ["patient", "(Intercept)"],
        ["patient", "month"],
        ["patient", "(Intercept)"],
        ["cohort", "is_group"],
    ]
    np.testing.assert_allclose(frame["variance"], theta[[0, 2, 1, 3]])
    np.testing.assert_allclose(frame["sd"], [*np.sqrt(theta[[0, 2]]), np.nan, np.sqrt(theta[3])])
    assert frame["correlation"][2] == pytest.approx(theta[1] / np.sqrt(theta[0] * theta[2]))
    assert frame["term2"].isna().tolist() == [True, True, False, True]


def test_an_effect_that_does_not_vary_has_no_correlation() -> None:
    held = {"var(month | patient)": 0.0, "cov((Intercept), month | patient)": 0.0}
    fit = fitted("score ~ month + (month | patient)").model.fit(fixed=held)
    assert np.isnan(variance_frame(fit.design, fit.units)["correlation"][2])


def test_a_plain_residual_is_a_row_per_stratum() -> None:
    fit = fitted("score ~ month + (1 | patient)", residual_by="format")
    frame = residual_frame(fit.design, fit.units)
    assert frame["stratum"].tolist() == ["individual", "group"]
    np.testing.assert_allclose(frame["variance"], fit.theta.to_numpy()[1:])
    assert frame["visit1"].isna().all() and "range" not in frame


def test_a_residual_covariance_names_its_visits() -> None:
    fit = fitted("score ~ visit + us(visit | patient)")
    frame = residual_frame(fit.design, fit.units)
    assert len(frame) == 10 and frame["visit1"].tolist()[:4] == ["1", "2", "3", "6"]
    pair = frame[(frame["visit1"] == "1") & (frame["visit2"] == "3")].iloc[0]
    assert pair["variance"] == pytest.approx(fit.theta["us(1, 3)"])
    assert pair["correlation"] == pytest.approx(
        pair["variance"] / np.prod(np.sqrt(fit.theta[["us(1, 1)", "us(3, 3)"]]))
    )


def test_a_correlation_in_time_has_its_range() -> None:
    fit = fitted("score ~ month + exponential(month | patient)")
    row = residual_frame(fit.design, fit.units).iloc[0]
    assert row["variance"] == pytest.approx(np.exp(fit.theta.iloc[0]))
    assert row["range"] == pytest.approx(np.exp(fit.theta.iloc[1]))
