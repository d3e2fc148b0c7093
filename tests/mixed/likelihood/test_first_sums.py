"""What is summed before any covariance parameter is known."""

from dataclasses import replace

import numpy as np
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.likelihood.first_sums import FirstSums, first_sums_of
from kap_analysis.mixed.model import mixedlm
from tests.mixed.summed import fit_of_parts, made_up


def test_first_sums_are_one_row_of_numbers_and_back():
    design = mixedlm("score ~ base + (1 + month | patient)", made_up()).design
    first = first_sums_of(design)
    back = FirstSums.of_numbers(len(first.s), len(first.pairs), len(first.used), first.numbers())
    assert np.array_equal(back.numbers(), first.numbers())


def test_the_columns_that_are_combinations_of_others_are_found_from_sums():
    design = mixedlm("score ~ base + month", made_up()).design
    twice = replace(design, x=np.asfortranarray(np.column_stack([design.x, design.x[:, 1] * 2 + design.x[:, 0]])))
    first = first_sums_of(twice)
    assert first.independent() == [0, 1, 2]
    assert first.keeping([0, 1, 2]).s == pytest.approx(first_sums_of(design).s, rel=1e-12)


def test_a_response_that_the_columns_say_whole_is_refused():
    frame = made_up()
    frame["score"] = 2 * frame["base"] + 1
    design = mixedlm("score ~ base + (1 | patient)", frame).design
    with pytest.raises(MixedModelError, match="nothing left to explain"):
        fit_of_parts([design], design.fixed.names, design)
