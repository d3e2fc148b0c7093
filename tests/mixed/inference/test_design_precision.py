"""What a design would tell, from X and V alone: against powerlmm, and against fits at their own estimates."""

from __future__ import annotations

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import MixedModel, mixedlm
from tests.mixed.pairs import pair, partial
from tests.three_levels import formula_of, rows_of, theta_of

#: Relative; powerlmm differentiates the variance numerically.
AGREEMENT = 1e-6
DESIGNS = ("partially_nested", "eleven_times", "no_cluster_variance", "lost", "both_in_clusters")
SLOPE = [[0.0, 0, 0, 1]]


def planned(design: str) -> tuple[MixedModel, dict[str, float]]:
    plan = pair("power_three_levels")[design]
    model = mixedlm(formula_of(plan), rows_of(plan))
    return model, theta_of(plan, model.parameters.names)


@pytest.mark.parametrize("design", DESIGNS)
def test_standard_error_and_df_are_those_of_powerlmm(design):
    model, theta = planned(design)
    found = model.expected(theta, SLOPE, "satterthwaite").iloc[0]
    known = pair("power_three_levels")[design]
    assert found["std_error"] == pytest.approx(known["std_error"], rel=AGREEMENT)
    assert found["df"] == pytest.approx(known["df"], rel=AGREEMENT)


def test_at_the_estimates_of_a_fit_it_has_the_errors_and_df_of_the_fit():
    fit = partial("score ~ visit*(format + baseline) + practice + (0 + is_group | cohort) + (1 | patient)")
    found = fit.model.expected(fit.theta, np.eye(len(fit.beta)))
    assert found["std_error"].to_numpy() == pytest.approx(fit.bse.to_numpy(), rel=1e-8)
    assert found["df"].to_numpy() == pytest.approx(fit.df.to_numpy(), rel=1e-8)


def test_the_response_plays_no_part():
    model, theta = planned("lost")
    other = model.with_response(np.random.default_rng(0).normal(50, 20, len(model.design.y)))
    assert np.allclose(other.expected(theta, SLOPE), model.expected(theta, SLOPE), rtol=1e-9)


def test_kenward_and_roger_adjust_the_error_and_keep_the_df():
    model, theta = planned("partially_nested")
    adjusted, plain = (model.expected(theta, SLOPE, ddf).iloc[0] for ddf in ("kenward-roger", "satterthwaite"))
    assert 1 <= adjusted["std_error"] / plain["std_error"] < 1.05
    assert adjusted["df"] == plain["df"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"residual": None}, "theta lacks residual: give a value for each covariance parameter"),
        ({"residul": 1.0}, "covariance parameter"),
        ({"residual": 0.0}, "not positive definite"),
        ({"residual": np.nan}, "residual is nan: give a finite number"),
        ({"var(time | subject)": -1.0}, r"theta makes \(1 \+ time \| subject\) no covariance matrix"),
        ({"cov((Intercept), time | subject)": 90.0}, "no covariance matrix"),
    ],
)
def test_what_is_no_covariance_is_one_sentence(change, words):
    model, theta = planned("partially_nested")
    theta = {name: value for name, value in (theta | change).items() if value is not None}
    with pytest.raises(MixedModelError, match=words):
        model.expected(theta, SLOPE)


def test_other_df_methods_need_data():
    model, theta = planned("partially_nested")
    with pytest.raises(MixedModelError, match="df method that a design has before its data"):
        model.expected(theta, SLOPE, "residual")
