"""The propensity of group format, and weights made from it."""

import numpy as np
import pytest

from kap_analysis.analysis.sensitivity.propensity import estimate_propensity, overlap_weights, stabilised_weights


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
