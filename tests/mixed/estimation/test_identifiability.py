"""Covariances that the data cannot tell apart, or of which they say nothing, are named before the search begins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.identifiability import check_identified
from kap_analysis.mixed.model import mixedlm
from tests.mixed.estimation.searches import SLOPES, model, scores, search
from tests.mixed.pairs import data_of


def doubled() -> pd.DataFrame:
    """Time in months and in days: one slope, twice."""
    return scores().assign(days=30.4375 * scores()["month"])


def test_a_model_that_is_identified_passes() -> None:
    check_identified(search(model(SLOPES)), np.array([0.7, 0.0, 0.5, -0.7]))


def test_the_same_covariance_twice_is_named_by_its_terms() -> None:
    with pytest.raises(MixedModelError) as error:
        mixedlm("score ~ month + (0 + month | patient) + (0 + days | patient)", doubled()).fit()
    assert str(error.value) == (
        "The data cannot tell apart (0 + month | patient) and (0 + days | patient): the same covariance is named "
        "twice. Leave one out."
    )


def test_a_bar_whose_effects_the_fixed_part_takes_off_is_named() -> None:
    with pytest.raises(MixedModelError) as error:
        mixedlm("score ~ month + practice + (1 | practice) + (1 | patient)", scores()).fit()
    assert str(error.value) == (
        "The data say nothing about var((Intercept) | practice) of (1 | practice): no rows show it once the fixed part "
        "is taken off. Leave the term out, or make its covariance simpler."
    )


def test_what_is_held_need_not_be_told_apart() -> None:
    made = mixedlm("score ~ month + (0 + month | patient) + (0 + days | patient)", doubled())
    fit = made.fit(fixed={"var(days | patient)": 1e-3})
    alone = mixedlm("score ~ month + (0 + month | patient)", doubled()).fit()
    assert fit.theta.iloc[0] + 1e-3 * 30.4375**2 == pytest.approx(alone.theta.iloc[0], rel=1e-6)


def test_a_visit_with_one_row_is_named() -> None:
    frame = data_of("few_patients.csv")
    last = frame.index[frame["visit"] == "v3"]
    with pytest.raises(MixedModelError) as error:
        mixedlm("score ~ visit + csh(visit | patient)", frame.drop(last[1:])).fit()
    assert str(error.value) == (
        "The data say nothing about csh(log sd v3) of the residual covariance csh(): no rows show it once the fixed "
        "part is taken off. Leave the term out, or make its covariance simpler."
    )
