"""Several tests at once: Holm by hand, Tukey and Holm by emmeans."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.means.multiplicity import adjust_tests, holm
from kap_analysis.mixed.results import MixedResults
from tests.mixed.pairs import means_fit, pair, partial, same_estimates
from tests.mixed.reference_values import block

FORMULA = "score ~ visit * format + baseline + practice + (1 | patient)"


@pytest.fixture(scope="module")
def fit() -> MixedResults:
    return partial(FORMULA)


@pytest.mark.parametrize("adjustment", ["none", "holm", "tukey"])
def test_pairs_of_practices(adjustment: str) -> None:
    """emmeans subtracts later levels, we earlier ones: signs turned, limits exchanged."""
    expected = block(pair("marginal_means")[f"practice_pairs_{adjustment}"], "")
    turned = expected.assign(estimate=-expected["estimate"])
    if "ci_low" in expected:
        turned = turned.assign(ci_low=-expected["ci_high"], ci_high=-expected["ci_low"])
    same_estimates(means_fit().contrasts("practice", adjustment=adjustment), turned)


def test_holm_steps_down_within_each_family(fit: MixedResults) -> None:
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])
    plain, adjusted = (fit.contrasts("practice", by="format", adjustment=name) for name in ("none", "holm"))
    for level in ("individual", "group"):
        here = (plain["format"] == level).to_numpy()
        assert adjusted["p_value"][here].to_numpy() == pytest.approx(holm(plain["p_value"][here].to_numpy()))
    pd.testing.assert_series_equal(plain["std_error"], adjusted["std_error"])
    assert (adjusted["ci_high"] > plain["ci_high"]).all()


@pytest.mark.slow
def test_the_widest_of_tukey_s_intervals_holds_zero_exactly_when_its_p_value_says_so() -> None:
    """At the level 1 - p the interval of a difference ends at 0."""
    statistic, df = np.array([2.1, -0.4, 3.0]), np.array([20.0, 25.0, 30.0])
    p_values, _ = adjust_tests(statistic, df, adjustment="tukey", level=0.95, n_means=3, pairwise=True)
    for at in range(3):
        _, factor = adjust_tests(statistic, df, adjustment="tukey", level=1 - p_values[at], n_means=3, pairwise=True)
        assert factor[at] == pytest.approx(abs(statistic[at]), rel=1e-4)
