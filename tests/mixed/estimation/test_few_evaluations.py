"""The search that asks for few evaluations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.diagnostics.influence import rows_of_design
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.pairs import data_of, pair
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


def test_a_random_effect_that_the_fixed_part_takes_off_is_named():
    frame = made_up()
    fit = mixedlm("score ~ base + practice + (1 | patient)", frame)
    design = replace(
        fit.design, bars=(*fit.design.bars, mixedlm("score ~ base + (1 | practice)", frame).design.bars[0])
    )
    with pytest.raises(MixedModelError, match=r"say nothing about var\(\(Intercept\) \| practice\) of"):
        fit_of_parts([design], design.fixed.names, design)


def test_few_patients_with_a_covariance_in_each_arm_as_in_nlme():
    """With what is foretold for the first place, the information of arm b is not positive definite."""
    known = pair("few_patients")
    frame = data_of(known["data"])
    fit = mixedlm(known["formula"], frame).fit()
    third = frame["patient"].astype(int) % 3
    parts = [rows_of_design(fit.design, (third == one).to_numpy()) for one in range(3)]
    found = fit_of_parts(parts, fit.design.fixed.names, fit.design)
    assert_same_fit(found, fit)
    assert found.criterion == pytest.approx(known["reml_criterion"], abs=1e-7)
    for arm, expected in known["arms"].items():
        for visit, sd in expected["sd"].items():
            assert found.theta[f"csh[{arm}](log sd {visit})"] == pytest.approx(np.log(sd), abs=1e-5)
        assert found.theta[f"csh[{arm}](correlation)"] == pytest.approx(expected["correlation"], abs=1e-5)


@pytest.mark.parametrize(
    ("seed", "structure"),
    [
        (4, "us(visit | arm/patient)"),
        (13, "us(visit | patient)"),
        (35, "toeph(visit | arm/patient)"),
        (42, "toep(visit | arm/patient)"),
    ],
)
def test_few_patients_are_fitted_as_in_memory(seed, structure):
    g = np.random.default_rng(seed)
    n = 20 + seed % 15
    mixing = g.normal(size=(4, 4))
    root = np.linalg.cholesky(mixing @ mixing.T + 0.3 * np.eye(4))
    scores = 10 + np.arange(4) + g.normal(size=(n, 4)) @ root.T
    frame = pd.DataFrame({
        "patient": np.repeat(np.arange(n), 4), "arm": np.repeat(np.array(["a", "b"])[np.arange(n) % 2], 4),
        "visit": np.tile(["v0", "v1", "v2", "v3"], n), "score": scores.ravel(),
    })  # fmt: skip
    frame = frame[g.uniform(size=len(frame)) > 0.2]
    fit = mixedlm(f"score ~ arm*visit + {structure}", frame).fit()
    assert_same_fit(fit_of_parts([fit.design], fit.design.fixed.names, fit.design), fit)
