"""Parameters of a covariance block when the scores are measured in other units."""

import numpy as np
import pytest

from kap_analysis.mixed.covariance.structures import Banded, Factor, InTime, LogVariance, Natural

SHIFTED = (LogVariance(), *(Banded(name, 3) for name in ("cs", "csh", "ar1", "ar1h", "toep", "toeph")))
STRETCH = 2.5


@pytest.mark.parametrize("block", SHIFTED, ids=lambda block: getattr(block, "structure", "variance"))
def test_parameters_grow_by_their_shift_when_scores_are_multiplied(block):
    phi = np.linspace(0.6, 0.2, block.n_parameters)
    stretched = block.parameters(STRETCH**2 * block.elements(phi))
    assert stretched - phi == pytest.approx(block.shift(np.log(STRETCH)), abs=1e-12)


def test_a_correlation_that_falls_with_time_changes_its_variance_and_not_its_range():
    assert InTime().shift(np.log(STRETCH)).tolist() == [2 * np.log(STRETCH), 0.0]


@pytest.mark.parametrize("block", [Natural(3), Factor(2)], ids=["elements", "Cholesky factor"])
def test_elements_and_their_roots_are_multiplied(block):
    assert block.shift(np.log(STRETCH)) is None
