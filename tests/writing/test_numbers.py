"""How numbers are written: boundaries of each rule."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.writing import numbers


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (-11.24, 1, "−11.2"),
        (-0.04, 1, "0.0"),
        (0.05, 2, "0.05"),
        (9016, 0, "9,016"),
        (float("inf"), 1, "∞"),
        (float("-inf"), 1, "−∞"),
        (None, 1, "–"),
        (pd.NA, 1, "–"),
        (np.nan, 0, "–"),
    ],
)
def test_fixed_decimals_true_minus_and_no_minus_zero(value, decimals, text):
    assert numbers.fixed(value, decimals) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0321, "0.032"),
        (0.001, "0.001"),
        (0.00099, "< 0.001"),
        (0.0, "< 0.001"),
        (0.0496, "0.050"),
        (0.999, "0.999"),
        (0.9991, "> 0.999"),
        (1.0, "> 0.999"),
        (np.nan, "–"),
    ],
)
def test_p_is_exact_and_never_zero(p, text):
    assert numbers.p_value(p) == text


def test_intervals_use_to_and_vanish_when_an_end_is_missing():
    assert numbers.interval(-1.23, 3.4) == "−1.2 to 3.4"
    assert numbers.interval(np.nan, 3.4) == "–"


def test_an_end_beside_zero_is_not_written_as_zero():
    assert numbers.interval(0.013, 6.16) == "0.01 to 6.16"
    assert numbers.interval(-6.16, -0.0042) == "−6.160 to −0.004"
    assert numbers.interval(0.0, 0.28, 2) == "0.00 to 0.28"
    assert numbers.interval(1e-9, 2.0) == "0.0 to 2.0"
    assert numbers.interval(0.2, 8.0, 0) == "0 to 8"
    assert numbers.interval(-np.inf, 0.03) == "−∞ to 0.03"


def test_an_estimate_stands_before_its_interval():
    assert numbers.with_interval(1.04, -1.23, 3.4) == "1.0 (−1.2 to 3.4)"
    assert numbers.with_interval(1.04, None, None) == "1.0 (–)"
    assert numbers.with_interval(None, -1.23, 3.4) == "–"


def test_shares_carry_their_counts():
    assert numbers.count_of(12, 45) == "12/45 (27%)"
    assert numbers.count_of(0, 45) == "0/45 (0%)"
    assert numbers.count_of(3, 0) == "3/0"
    assert numbers.count_percent(1, 900) == "1 (< 1%)"
    assert numbers.count_percent(899, 900) == "899 (> 99%)"
    assert numbers.count_percent(4, np.nan) == "4"


def test_means_carry_their_spread_without_a_plus_minus_sign():
    assert numbers.mean_sd(24.31, 8.06) == "24.3 (8.1)"
    assert numbers.mean_sd(24.31, np.nan) == "24.3 (–)"
    assert numbers.median_quartiles(3, 1, 5) == "3.0 [1.0 to 5.0]"
    assert numbers.whole_range(14, 19) == "14 to 19"
    assert numbers.degrees(28.66) == "28.7"


def test_a_rate_is_zero_only_where_nothing_happened():
    assert [numbers.rate(value) for value in (0.12, 0.004, 0, None)] == ["0.12", "<\u00a00.01", "0.00", "–"]
