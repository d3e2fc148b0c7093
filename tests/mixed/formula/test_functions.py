"""The functions of a formula, as R computes them."""

import numpy as np
import pytest

from kap_analysis.mixed.formula.functions import FUNCTIONS, TRANSFORMS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_takes_as_many_arguments_as_it_says(name):
    """A further argument of a NumPy function would be written to."""
    function, number = FUNCTIONS[name]
    x = np.array([0.25, 0.5, 0.75])
    assert function(*[x] * number).shape == x.shape


def test_values():
    x = np.array([-1.5, 0.5, 2.5])
    assert FUNCTIONS["sqrt"][0](6.25) == 2.5
    assert FUNCTIONS["abs"][0](x).tolist() == [1.5, 0.5, 2.5]
    assert FUNCTIONS["round"][0](x).tolist() == [-2.0, 0.0, 2.0]  # to the even number, as in R
    assert FUNCTIONS["where"][0](x > 0, 1.0, 0.0).tolist() == [0.0, 1.0, 1.0]
    assert FUNCTIONS["log2"][0](8) == 3


def test_no_name_means_two_things():
    assert set(FUNCTIONS) & set(TRANSFORMS) == set()
