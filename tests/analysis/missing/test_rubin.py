"""Rubin's rules with Barnard and Rubin's df: an example worked by hand, and R's mice."""

import json

import numpy as np
import pytest

from kap_analysis.analysis.missing.rubin import pool, pool_parts
from kap_analysis.errors import AnalysisError
from tests.places import PAIRS

PAIR = PAIRS / "rubin.json"
TO_THE_LAST_DIGIT = 1e-10  # closed formulas on both sides; the file has twelve digits


def test_an_example_worked_by_hand():
    pooled = pool(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.full(5, 2.0), complete_df=28)
    within, between = 4.0, 2.5
    total = within + 1.2 * between
    share = 1.2 * between / total
    old, observed = 4 / share**2, 29 / 31 * 28 * (1 - share)
    assert pooled.estimate == 3
    assert pooled.std_error == pytest.approx(np.sqrt(7))
    assert (pooled.within, pooled.between) == (within, between)
    assert pooled.missing_information == pytest.approx(3 / 7)
    assert pooled.df == pytest.approx(1 / (1 / old + 1 / observed))


def test_without_spread_between_the_data_sets_the_df_are_those_of_the_observed():
    pooled = pool(np.full(10, 1.5), np.full(10, 0.5), complete_df=20)
    assert pooled.df == pytest.approx(21 / 23 * 20)
    assert pooled.std_error == 0.5


def test_parts_give_what_the_estimates_give():
    estimates, errors = np.array([0.2, 0.9, -0.3, 0.4]), np.array([0.5, 0.6, 0.4, 0.5])
    whole = pool(estimates, errors, 17.0)
    assert pool_parts(whole.estimate, whole.within, whole.between, 4, 17.0) == whole


@pytest.mark.parametrize("estimates", [[1.0], []])
def test_fewer_than_two_estimates_are_refused(estimates):
    with pytest.raises(AnalysisError) as error:
        pool(np.array(estimates), np.ones(len(estimates)))
    assert str(error.value).startswith("Pooling needs two or more estimates")


@pytest.mark.parametrize("case", json.loads(PAIR.read_text(encoding="utf-8"))["cases"], ids=lambda case: case["name"])
def test_equals_mice(case):
    complete = np.inf if case["complete_df"] is None else case["complete_df"]
    pooled = pool(np.array(case["estimates"]), np.array(case["std_errors"]), complete)
    assert pooled.estimate == pytest.approx(case["estimate"], rel=TO_THE_LAST_DIGIT)
    assert pooled.std_error**2 == pytest.approx(case["total"], rel=TO_THE_LAST_DIGIT)
    assert pooled.df == pytest.approx(case["df"], rel=TO_THE_LAST_DIGIT)
    assert pooled.missing_information == pytest.approx(case["lambda"], rel=TO_THE_LAST_DIGIT)
