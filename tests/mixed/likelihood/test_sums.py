"""Sums over independent units that can be added."""

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.sums import Asked, Sums, sums_at
from kap_analysis.mixed.model import mixedlm
from tests.mixed.summed import MODELS, made_up


def test_sums_are_one_row_of_numbers_and_back():
    fit = mixedlm(MODELS["random slope"][0], made_up()).fit()
    layout = fit.model.layout
    m, k = layout.n_elements, layout.k
    asked = Asked(np.eye(k), np.eye(k), np.eye(m))
    eta = fit.solution.criterion.evaluation.eta
    sums = sums_at(layout, eta, asked)
    again = Sums.of_numbers(eta, asked, sums.numbers())
    for name in ("n", "logdet", "s", "s1", "by_xi", "by_phi", "by_w", "logdet2_flat"):
        assert np.array_equal(getattr(again, name), getattr(sums, name))
    with pytest.raises(MixedModelError, match="numbers; found 3"):
        Sums.of_numbers(eta, asked, np.zeros(3))


def test_sums_of_different_places_are_not_added():
    fit = mixedlm("score ~ base + (1 | patient)", made_up()).fit()
    layout, asked = fit.model.layout, Asked.nothing(fit.model.layout.k, 2)
    one, other = (sums_at(layout, np.array(eta), asked) for eta in ([0.5, 0.5], [0.5, 0.6]))
    with pytest.raises(MixedModelError, match="different covariance parameters"):
        one + other
