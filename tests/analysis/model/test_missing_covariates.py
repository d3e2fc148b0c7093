"""Covariates that were not recorded: expected values and draws, by what must come out."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.analysis.model.missing_covariates import (
    EVERYTHING,
    FEW,
    KNOWN,
    MEAN,
    RegressionSums,
    as_numbers,
    drawn_columns,
    expected_columns,
    predictors,
)


def drawn(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Two known columns, and two others that depend on them and on each other."""
    rng = np.random.default_rng(7)
    known = rng.normal(size=(n, 2))
    first = known @ [1.0, -0.5] + rng.normal(size=n)
    second = 0.6 * first + known[:, 0] + 0.5 * rng.normal(size=n)
    return known, np.column_stack([first, second])


def one_group(values: np.ndarray) -> np.ndarray:
    return np.zeros(len(values), int)


def least_squares(x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What the regression of y on x among some rows says of all rows."""
    with_constant = np.column_stack([np.ones(len(x)), x])
    return with_constant @ np.linalg.lstsq(with_constant[rows], y[rows], rcond=None)[0]


def test_expected_values_are_those_of_the_regression_on_the_rest() -> None:
    known, values = drawn()
    holes = values.copy()
    holes[::3, 1] = np.nan
    filled = expected_columns(known, 2, holes, one_group(holes))
    seen = ~np.isnan(holes[:, 1])
    x = np.column_stack([known, values[:, 0]])
    np.testing.assert_allclose(filled[~seen, 1], least_squares(x, values[:, 1], seen)[~seen])
    np.testing.assert_array_equal(filled[seen], values[seen])


def test_patients_are_predicted_from_what_is_recorded_of_them() -> None:
    known, values = drawn()
    holes = values.copy()
    holes[::3, 0], holes[1::4, 1] = np.nan, np.nan
    filled = expected_columns(known, 2, holes, one_group(holes))
    first, second = np.isnan(holes).T
    alone, neither = first & ~second, first & second
    x = np.column_stack([known, values[:, 1]])
    np.testing.assert_allclose(filled[alone, 0], least_squares(x, values[:, 0], ~first & ~second)[alone])
    np.testing.assert_allclose(filled[neither, 0], least_squares(known, values[:, 0], ~first)[neither])
    # of both missing: E(second | known) = 1.6 known1 - 0.3 known2
    np.testing.assert_allclose(filled[neither, 1], known[neither] @ [1.6, -0.3], atol=0.2)


def test_a_regression_counts_no_value_that_was_filled_in() -> None:
    known, values = drawn()
    holes = values.copy()
    holes[np.random.default_rng(2).random(values.shape) < 0.5] = np.nan
    filled = expected_columns(known, 2, holes, one_group(holes))
    y = 2 * values[:, 0] + 3 * values[:, 1] + known @ [1.0, -1.0]
    found = np.linalg.lstsq(np.column_stack([np.ones(len(y)), known, filled]), y, rcond=None)[0]
    np.testing.assert_allclose(found, [0, 1, -1, 2, 3], atol=0.1)


def test_each_practice_has_its_level_and_one_that_recorded_nothing_that_of_all() -> None:
    known, values = drawn(600)
    groups = np.arange(600) % 3
    holes = values[:, :1] + 10.0 * groups[:, None]
    holes[groups == 2] = np.nan
    holes[::4] = np.nan
    filled = expected_columns(known, 2, holes, groups)[:, 0]
    seen = ~np.isnan(holes[:, 0])
    x = np.column_stack([known, groups == 1])
    of_these = (groups < 2) & ~seen
    np.testing.assert_allclose(filled[of_these], least_squares(x, holes[:, 0], seen)[of_these])
    beta = np.linalg.lstsq(np.column_stack([np.ones(seen.sum()), x[seen]]), holes[seen, 0], rcond=None)[0][1:3]
    expected = holes[seen, 0].mean() + (known[groups == 2] - known[seen].mean(axis=0)) @ beta
    np.testing.assert_allclose(filled[groups == 2], expected)


def alone_slopes(both: np.ndarray) -> np.ndarray:
    return np.asarray(RegressionSums.of(both).slopes()[:, 0])


def test_sums_of_practices_add_up_to_the_regression_with_a_level_each() -> None:
    known, values = drawn(90)
    groups = np.arange(90) % 3
    y = values[:, 0] + 5.0 * groups
    both = np.column_stack([1e3 + 40 * known[:, :1], known[:, 1:], y])
    total = sum((RegressionSums.of(both[groups == one]) for one in (1, 2)), RegressionSums.of(both[groups == 0]))
    x = np.column_stack([both[:, :2], groups == 0, groups == 1, groups == 2])
    beta = np.linalg.lstsq(x, y, rcond=None)[0][:2]
    np.testing.assert_allclose(total.slopes()[:, 0], beta, rtol=1e-9)
    assert total.n == 90
    np.testing.assert_allclose(total.total, both.sum(axis=0))
    twice = np.column_stack([both[:, :1], both])
    alone = alone_slopes(both)[0]
    assert RegressionSums.of(twice).slopes()[:2, 0] == pytest.approx([alone / 2] * 2)
    np.testing.assert_allclose(
        RegressionSums.of(np.column_stack([both, 2 * y])).slopes(2)[:, 1], 2 * alone_slopes(both)
    )
    assert not RegressionSums.of(np.ones((4, 3))).slopes().any()


def test_draws_have_the_spread_of_what_was_recorded_and_expected_values_have_less() -> None:
    known, values = drawn()
    holes = values.copy()
    holes[::2, 0] = np.nan
    noise = np.random.default_rng(3).standard_normal(values.shape)
    gone = np.isnan(holes[:, 0])
    expected = expected_columns(known, 2, holes, one_group(holes))
    draws = drawn_columns(known, 2, holes, weights=np.ones(len(holes)), noise=noise)
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
    noise = np.zeros(values.shape)
    one, other = (drawn_columns(known, 2, v, weights=weights, noise=noise) for v in (values, strange))
    np.testing.assert_allclose(one[::3], other[::3])


def test_few_patients_are_predicted_by_the_first_columns_alone() -> None:
    known, values = drawn(12)
    values = values[:, :1].copy()
    values[5:7] = np.nan
    wide = np.column_stack([known, np.random.default_rng(1).normal(size=(12, 4))])
    one, other = (expected_columns(x, 1, values, one_group(values)) for x in (wide, known[:, :1]))
    np.testing.assert_allclose(one, other)


def test_of_still_fewer_the_mean_is_taken() -> None:
    known, values = drawn(40)
    values = values[:, :1].copy()
    values[4:] = np.nan
    filled = expected_columns(known, 2, values, np.arange(40) % 3)
    np.testing.assert_allclose(filled[4:, 0], values[:4, 0].mean())


def test_what_predicts_is_the_most_that_enough_patients_have() -> None:
    columns = (6, 4, 2)
    assert predictors(45, 60, columns, 3) == EVERYTHING
    assert predictors(44, 60, columns, 3) == KNOWN
    assert predictors(10, 35, columns, 3) == KNOWN
    assert predictors(10, 34, columns, 3) == FEW
    assert predictors(10, 15, columns, 3) == FEW
    assert predictors(14, 14, columns, 3) == MEAN


def test_numbers_of_columns() -> None:
    people = pd.DataFrame({"format": ["group", "individual", "group"], "baseline": [10.0, np.nan, 20.0]})
    np.testing.assert_array_equal(as_numbers(people, ["format", "baseline"]), [[10, 0], [15, 1], [20, 0]])
    assert as_numbers(people, []).shape == (3, 0)
