"""Sums over units give the standard error, df and power that powerlmm gives, where its model is ours."""

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest

from kap_analysis.errors import PlanningError
from kap_analysis.planning.decision import decide
from kap_analysis.planning.unit_sums import precision_of, sums_of_units
from tests.mixed.pairs import pair
from tests.three_levels import units_of

#: Relative; powerlmm differentiates the variance numerically.
AGREEMENT = 1e-6
DESIGNS = ("partially_nested", "eleven_times", "no_cluster_variance", "lost", "both_in_clusters")
SLOPE = np.array([0.0, 0, 0, 1])


@pytest.mark.parametrize("design", DESIGNS)
def test_standard_error_df_and_power_are_those_of_powerlmm(study, design):
    plan = pair("power_three_levels")[design]
    sums = reduce(add, [sums_of_units(*unit) for unit in units_of(plan)])
    std_error, df, unadjusted = precision_of(sums, SLOPE, "satterthwaite")
    assert std_error == unadjusted == pytest.approx(plan["std_error"], rel=AGREEMENT)
    assert df == pytest.approx(plan["df"], rel=AGREEMENT)
    power = decide(replace(study, difference=plan["slope_difference"]), std_error, df).power
    assert power == pytest.approx(plan["power"], rel=AGREEMENT)


def test_units_that_cannot_tell_the_parameters_apart_are_one_sentence():
    x, v = np.ones((2, 1)), np.eye(2) + 0.5
    with pytest.raises(PlanningError, match="cannot estimate how alike"):
        precision_of(sums_of_units(x, v, np.array([np.ones((2, 2)), np.ones((2, 2))]), 10), np.ones(1), "satterthwaite")
