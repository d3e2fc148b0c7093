"""The two-stage meta-analysis, held against statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from kap_analysis.pooling.two_stage import FIXED, RANDOM, combine_estimates, two_stage_sentence

OWN = pd.DataFrame({
    "practice": ["A", "B", "C"], "estimate": [1.8, 6.3, -0.6], "std_error": [2.9, 2.5, 1.1], "note": ["", "", ""],
})  # fmt: skip


def test_it_equals_statsmodels():
    found = combine_estimates(OWN).set_index("practice")
    peer = combine_effects(OWN["estimate"], OWN["std_error"] ** 2, method_re="dl")
    assert found.at[FIXED, "estimate"] == pytest.approx(peer.mean_effect_fe, rel=1e-12)
    assert found.at[FIXED, "std_error"] == pytest.approx(peer.sd_eff_w_fe, rel=1e-12)
    assert found.at[RANDOM, "estimate"] == pytest.approx(peer.mean_effect_re, rel=1e-12)
    assert found.at[RANDOM, "std_error"] == pytest.approx(peer.sd_eff_w_re, rel=1e-12)
    assert found.at[RANDOM, "tau"] ** 2 == pytest.approx(peer.tau2, rel=1e-12)
    assert found["weight"].sum() == pytest.approx(1.0)


def test_equal_estimates_have_no_spread():
    found = combine_estimates(OWN.assign(estimate=2.0)).set_index("practice")
    assert found.at[RANDOM, "tau"] == 0
    assert found.at[RANDOM, "std_error"] == found.at[FIXED, "std_error"]


def test_a_practice_without_an_estimate_stands_there_with_its_reason():
    own = OWN.assign(
        estimate=[1.8, np.nan, np.nan],
        std_error=[2.9, np.nan, np.nan],
        note=["", "It has one format.", "It has no standard error."],
    )
    found = combine_estimates(own)
    assert found["practice"].tolist() == ["A", "B", "C"]
    assert found["note"].tolist() == ["", "It has one format.", "It has no standard error."]
    assert two_stage_sentence(found).startswith("Fewer than two practices have an estimate of their own")
    assert "There is none of B: it has one format. There is none of C: it has no standard error." in two_stage_sentence(
        found
    )
    assert two_stage_sentence(found.iloc[:0]) == ""


def test_the_sentence_says_of_how_many_practices_the_average_is_and_why_the_others_have_none():
    few, none = "It has fewer than 11 patients in a format.", [np.nan, np.nan]
    two = pd.DataFrame({"practice": ["D", "E"], "estimate": none, "std_error": none, "note": [few, few]})
    said = two_stage_sentence(combine_estimates(pd.concat([OWN, two])))
    assert said.startswith("A meta-analysis of the own estimates of 3 of 5 practices gives ")
    assert "There is none of D and E: each has fewer than 11 patients in a format." in said
    assert two_stage_sentence(combine_estimates(OWN)).startswith("A meta-analysis of the own estimates of the 3 prac")
