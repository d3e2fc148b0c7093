"""Power and widths beside scipy's noncentral t, and beside draws of an estimate with its error."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nct, t

from kap_analysis.planning.decision import claim_is_shown, decide, truth_to_reject


@pytest.mark.parametrize("df", [3.0, 20.0, 300.0])
def test_superiority_has_the_power_of_the_noncentral_t(study, df):
    quantile, shift = t.ppf(0.975, df), study.difference / 1.3
    exact = nct.sf(quantile, df, shift) + nct.cdf(-quantile, df, shift)
    found = decide(study, 1.3, df)
    assert found.power == pytest.approx(exact, abs=1e-6)
    assert found.type_1_error == pytest.approx(0.05, abs=1e-6)


def test_non_inferiority_has_the_power_of_the_one_sided_noncentral_t(study):
    one = replace(study, claim="non-inferiority", margin=3.5, difference=0.5)
    found = decide(one, 1.3, 40.0)
    assert found.power == pytest.approx(nct.sf(t.ppf(0.975, 40), 40, 3.0 / 1.3), abs=1e-6)
    assert found.type_1_error == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize("claim", ["superiority", "non-inferiority", "equivalence"])
@pytest.mark.parametrize("higher_is_better", [False, True])
def test_the_power_is_the_share_of_draws_that_show_the_claim(study, claim, higher_is_better):
    margin = None if claim == "superiority" else 4.0
    one = replace(study, claim=claim, margin=margin, difference=0.7, higher_is_better=higher_is_better)
    rng, n, df = np.random.default_rng(8), 200_000, 12.0
    error = 1.5 * np.sqrt(rng.chisquare(df, n) / df)
    estimate = one.difference + 1.5 * rng.standard_normal(n)
    found = decide(one, 1.5, df)
    assert claim_is_shown(one, estimate, error, np.full(n, df)).mean() == pytest.approx(found.power, abs=0.004)
    wrong = estimate - one.difference + truth_to_reject(one)
    assert claim_is_shown(one, wrong, error, np.full(n, df)).mean() == pytest.approx(found.type_1_error, abs=0.002)
    width = 2 * t.ppf(0.975, df) * error
    assert width.mean() == pytest.approx(found.width, rel=0.002)
    assert np.quantile(width, 0.8) == pytest.approx(found.width_80, rel=0.003)


def test_the_margin_lies_on_the_side_where_group_is_worse(study):
    one = replace(study, claim="non-inferiority", margin=3.0)
    assert truth_to_reject(one) == 3.0
    assert truth_to_reject(replace(one, higher_is_better=True)) == -3.0
    assert claim_is_shown(one, [-10.0, 10.0], [1.0, 1.0], [50, 50]).tolist() == [True, False]
    turned = replace(one, higher_is_better=True)
    assert claim_is_shown(turned, [-10.0, 10.0], [1.0, 1.0], [50, 50]).tolist() == [False, True]
