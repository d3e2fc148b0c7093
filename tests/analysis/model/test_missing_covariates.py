"""Covariates that were not recorded: expected values and draws, by what must come out."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.model.missing_covariates import as_numbers, complete_columns


def drawn(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Two known columns, and two others that depend on them and on each other."""
    rng = np.random.default_rng(7)
    known = rng.normal(size=(n, 2))
    first = known @ [1.0, -0.5] + rng.normal(size=n)
    second = 0.6 * first + known[:, 0] + 0.5 * rng.normal(size=n)
    return known, np.column_stack([first, second])


def test_expected_values_are_those_of_the_regression_on_the_rest() -> None:
    known, values = drawn()
    holes = values.copy()
    holes[::3, 1] = np.nan
    filled = complete_columns(known, 2, holes)
    x = np.column_stack([np.ones(len(known)), known, values[:, 0]])
    seen = ~np.isnan(holes[:, 1])
    beta = np.linalg.lstsq(x[seen], values[seen, 1], rcond=None)[0]
    np.testing.assert_allclose(filled[~seen, 1], x[~seen] @ beta)
    np.testing.assert_array_equal(filled[seen], values[seen])


def test_columns_that_miss_each_other_are_predicted_in_turn() -> None:
    known, values = drawn()
    holes = values.copy()
    holes[::3, 0], holes[1::4, 1] = np.nan, np.nan
    filled = complete_columns(known, 2, holes)
    both = np.isnan(holes).all(axis=1)
    assert both.sum() > 100
    # of both missing: E(second | known) = 1.6 known1 - 0.3 known2
    np.testing.assert_allclose(filled[both, 1], known[both] @ [1.6, -0.3], atol=0.2)


def test_draws_have_the_spread_of_what_was_recorded_and_expected_values_have_less() -> None:
    known, values = drawn()
    holes = values.copy()
    holes[::2, 0] = np.nan
    noise = np.random.default_rng(3).standard_normal(values.shape)
    gone = np.isnan(holes[:, 0])
    expected, draws = complete_columns(known, 2, holes), complete_columns(known, 2, holes, noise=noise)
    assert draws[gone, 0].std() == pytest.approx(values[gone, 0].std(), rel=0.05)
    assert expected[gone, 0].std() < 0.95 * values[gone, 0].std()
    assert np.corrcoef(draws[gone].T)[0, 1] == pytest.approx(np.corrcoef(values[gone].T)[0, 1], abs=0.03)


def test_patients_whom_a_bootstrap_sample_lacks_say_nothing() -> None:
    known, values = drawn(200)
    values[::3, 0] = np.nan
    strange = values.copy()
    strange[1::3] = 1000.0
    weights = np.ones(200)
    weights[1::3] = 0.0
    one, other = (complete_columns(known, 2, v, weights=weights) for v in (values, strange))
    np.testing.assert_allclose(one[::3], other[::3])


def test_few_patients_are_predicted_by_the_first_columns_alone() -> None:
    known, values = drawn(12)
    values = values[:, :1].copy()
    values[5:7] = np.nan
    wide = np.column_stack([known, np.random.default_rng(1).normal(size=(12, 4))])
    np.testing.assert_allclose(complete_columns(wide, 1, values), complete_columns(known[:, :1], 1, values))


def test_numbers_of_columns() -> None:
    people = pd.DataFrame({"format": ["group", "individual", "group"], "baseline": [10.0, np.nan, 20.0]})
    np.testing.assert_array_equal(as_numbers(people, ["format", "baseline"]), [[10, 0], [15, 1], [20, 0]])
    assert as_numbers(people, []).shape == (3, 0)
