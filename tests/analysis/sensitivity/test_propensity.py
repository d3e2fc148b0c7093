"""The propensity of group format, and weights made from it."""

import numpy as np
import pytest
import statsmodels.api as sm

from kap_analysis.analysis.sensitivity.propensity import estimate_propensity, overlap_weights, stabilised_weights
from kap_analysis.errors import AnalysisError


def test_propensity_of_one_category_is_its_share():
    """Logistic regression on a 0/1 column is saturated: 3 of 8 and 6 of 8 were in groups."""
    column = np.repeat([0.0, 1.0], 8)
    group = np.array([1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0], float)
    found = estimate_propensity(column[:, None], group)
    assert found == pytest.approx(np.repeat([3 / 8, 6 / 8], 8), abs=1e-6)


def test_weights_by_hand():
    propensity = np.array([0.2, 0.2, 0.5, 0.5, 0.8, 0.8])
    group = np.array([1.0, 0, 1, 0, 1, 0])
    raw = np.array([0.5 / 0.2, 0.5 / 0.8, 1.0, 1.0, 0.5 / 0.8, 0.5 / 0.2])
    assert stabilised_weights(propensity, group) == pytest.approx(np.clip(raw, *np.percentile(raw, [1, 99])))
    assert overlap_weights(propensity, group) == pytest.approx([0.8, 0.2, 0.5, 0.5, 0.2, 0.8])


def test_propensity_is_that_of_a_general_logistic_regression():
    """With columns that depend on each other, and formats that hardly overlap."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 3))
    design = np.column_stack([x, x[:, 0] - x[:, 1]])
    group = (2.5 * x[:, 0] + rng.normal(size=60) > 0).astype(float)
    known = sm.GLM(group, sm.add_constant(x), family=sm.families.Binomial()).fit(maxiter=100).fittedvalues
    assert estimate_propensity(design, group) == pytest.approx(known, abs=1e-9)


def test_formats_that_a_covariate_separates_are_refused():
    column = np.repeat([0.0, 1.0], 8)
    with pytest.raises(AnalysisError, match="completely"):
        estimate_propensity(column[:, None], column)
