"""The search that asks for few evaluations."""

from dataclasses import replace

import pytest

from kap_analysis.mixed.diagnostics.influence import rows_of_design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.summed import assert_same_fit, fit_of_parts, made_up


def test_a_variance_of_0_is_held_where_it_stands():
    frame = made_up(seed=3)
    left = frame["score"] - 0.6 * frame["base"]
    frame["score"] -= left.groupby(frame["cohort"]).transform("mean") * frame["group"]
    fit = mixedlm("score ~ base + group + (1 | patient) + (0 + group | cohort)", frame).fit()
    assert fit.solution.boundary == ("(0 + group | cohort)",)
    parts = [rows_of_design(fit.design, (frame["practice"] == place).to_numpy()) for place in "ABC"]
    found = fit_of_parts(parts, fit.design.fixed.names, fit.design)
    assert found.solution.boundary == ("(0 + group | cohort)",)
    assert found.theta["var(group | cohort)"] == 0
    assert_same_fit(found, fit)


def test_a_usual_model_needs_few_evaluations():
    fit = mixedlm("score ~ group*month + (1 + month | patient) + (0 + group | cohort)", made_up()).fit()
    assert fit_of_parts([fit.design], fit.design.fixed.names, fit.design).n_evaluations <= 8


def test_random_effects_that_the_data_cannot_tell_apart_are_refused():
    frame = made_up()
    frame["same"] = frame["patient"]
    twice = mixedlm("score ~ base + (1 | patient)", frame).design
    bar = twice.bars[0]
    design = replace(twice, bars=(bar, replace(bar, text="(1 | same)", grouping="same")))
    with pytest.raises(MixedModelError, match="cannot tell apart"):
        fit_of_parts([design], design.fixed.names, design)
