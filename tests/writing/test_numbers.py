"""How numbers are written: each rule with its boundaries, the same for paragraphs, figures and tables."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.writing.numbers import (
    coefficient,
    count,
    count_of,
    count_percent,
    degrees,
    difference,
    exact,
    interval,
    is_missing,
    mean_sd,
    median_quartiles,
    number,
    p_statement,
    p_value,
    percent,
    percent_interval,
    plural,
    rate,
    ratio_interval,
    signed,
    whole_range,
    with_interval,
)

INF = float("inf")
MISSING = [None, np.nan, pd.NA, pd.NaT]
LESS, MORE = "<\N{NO-BREAK SPACE}", ">\N{NO-BREAK SPACE}"


class TestNumber:
    @pytest.mark.parametrize(
        ("value", "decimals", "text"),
        [
            (-11.24, 1, "−11.2"),
            (0.05, 2, "0.05"),
            (9016, 0, "9,016"),
            (-1234.5, 1, "−1,234.5"),
            (np.float64(2.04), 1, "2.0"),
            (np.int64(3), 0, "3"),
        ],
    )
    def test_decimals_are_fixed_the_minus_is_true_and_thousands_have_a_comma(self, value, decimals, text):
        assert number(value, decimals) == text

    @pytest.mark.parametrize("value", [-0.04, -0.0, 0.0, -1e-12])
    def test_there_is_no_negative_zero(self, value):
        assert number(value) == "0.0"
        assert signed(value) == "0.0"

    def test_a_negative_number_that_does_not_round_to_zero_keeps_its_minus(self):
        assert [number(-0.06), number(-0.5, 0), number(-0.51, 0)] == ["−0.1", "0", "−1"]

    def test_infinity_has_its_sign(self):
        assert [number(INF), number(-INF), count(INF), degrees(INF), signed(INF)] == ["∞", "−∞", "∞", "∞", "+∞"]

    @pytest.mark.parametrize("value", MISSING)
    def test_a_missing_number_is_a_dash_or_the_word_of_its_medium(self, value):
        assert is_missing(value)
        assert [number(value), count(value), coefficient(value), degrees(value), rate(value), signed(value)] == [
            "–"
        ] * 6
        assert number(value, missing="not available") == count(value, "not available") == "not available"

    def test_a_difference_may_show_its_plus(self):
        assert [signed(3.14), signed(-3.14), signed(0.004, 2)] == ["+3.1", "−3.1", "0.00"]

    def test_a_number_that_somebody_set_keeps_its_decimals(self):
        assert [exact(3.0), exact(0.75), exact(2.5), exact(1 / 3), exact(-5)] == ["3", "0.75", "2.5", "0.333333", "−5"]

    def test_a_rate_is_zero_only_where_nothing_happened(self):
        assert [rate(value) for value in (0.12, 0.005, 0.004, 0)] == ["0.12", "0.01", f"{LESS}0.01", "0.00"]

    def test_a_count_stands_with_what_is_counted(self):
        assert [plural(1, "cohort"), plural(0, "cohort"), plural(1234, "score")] == [
            "1 cohort",
            "0 cohorts",
            "1,234 scores",
        ]
        assert plural(2, "diagnosis", "diagnoses") == "2 diagnoses"
        assert plural(pd.NA, "patient") == "– patients"


class TestDifference:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (-0.044, "−0.04"),
            (0.04, "0.04"),
            (-0.0004, "−0.0004"),
            (-0.06, "−0.1"),
            (3.14, "3.1"),
            (0.0, "0.0"),
            (0, "0.0"),
        ],
    )
    def test_what_is_not_zero_shows_its_side(self, value, text):
        assert difference(value) == text

    def test_what_no_figure_could_show_apart_from_zero_reads_as_zero(self):
        assert difference(-1e-6) == "0.0"

    def test_an_estimate_beside_its_interval_has_the_decimals_of_its_limits(self):
        assert with_interval(0.003, -3.7, 3.7) == "0.0 (−3.7 to 3.7)"
        assert with_interval(-0.044, -1.98, 1.89) == "0.0 (−2.0 to 1.9)"
        assert with_interval(3.14, 0.013, 6.16) == "3.14 (0.01 to 6.16)"
        assert with_interval(3.14, None, None) == "3.1 (–)"
        assert with_interval(12.4, 3.0, 20.0, decimals=0) == "12 (3 to 20)"

    @pytest.mark.parametrize("value", MISSING)
    def test_a_missing_one_is_a_dash(self, value):
        assert difference(value) == "–"


class TestPValue:
    @pytest.mark.parametrize(
        ("p", "text"),
        [
            (0.0, f"{LESS}0.001"),
            (0.00099, f"{LESS}0.001"),
            (0.001, "0.001"),
            (0.0321, "0.032"),
            (0.041, "0.041"),
            (0.0994, "0.099"),
            (0.0996, "0.10"),
            (0.1, "0.10"),
            (0.41, "0.41"),
            (0.9949, "0.99"),
            (0.996, f"{MORE}0.99"),
            (0.9999, f"{MORE}0.99"),
            (1.0, f"{MORE}0.99"),
        ],
    )
    def test_two_decimals_from_a_tenth_three_below_and_never_0_or_1(self, p, text):
        assert p_value(p) == text

    @pytest.mark.parametrize(
        ("p", "text"),
        [(0.05, "0.050"), (0.0496, "0.0496"), (0.0504, "0.0504"), (0.04996, "0.04996"), (0.0494, "0.049")],
    )
    def test_a_p_beside_one_in_twenty_shows_its_side(self, p, text):
        assert p_value(p) == text

    def test_a_sentence_has_its_sign(self):
        assert [p_statement(p) for p in (0.41, 0.041, 0.0001, 1.0)] == [
            "p = 0.41",
            "p = 0.041",
            f"p {LESS}0.001",
            f"p {MORE}0.99",
        ]

    @pytest.mark.parametrize("value", MISSING)
    def test_a_missing_p_is_a_dash_or_the_word_of_its_medium(self, value):
        assert p_value(value) == "–"
        assert p_statement(value) == "p –"
        assert p_statement(value, "not available") == "p not available"


class TestShare:
    @pytest.mark.parametrize(
        ("share", "text"),
        [
            (0, "0%"),
            (1e-9, f"{LESS}1%"),
            (0.004, f"{LESS}1%"),
            (0.006, "1%"),
            (12 / 45, "27%"),
            (1 / 3, "33%"),
            (0.994, "99%"),
            (0.996, f"{MORE}99%"),
            (1, "100%"),
        ],
    )
    def test_only_nobody_is_0_percent_and_only_everybody_100(self, share, text):
        assert percent(share) == text

    @pytest.mark.parametrize(("n", "total", "text"), [(1, 3, "1/3 (33%)"), (2, 3, "2/3 (67%)"), (1, 1, "1/1 (100%)")])
    def test_a_percentage_of_few_stands_beside_its_counts(self, n, total, text):
        assert count_of(n, total) == text

    def test_a_share_carries_its_counts(self):
        assert count_of(12, 45) == "12/45 (27%)"
        assert count_of(12, 1045, of=" of ") == "12 of 1,045 (1%)"
        assert count_percent(1, 900) == f"1 ({LESS}1%)"
        assert count_percent(899, 900) == f"899 ({MORE}99%)"

    def test_of_nobody_there_is_no_percentage(self):
        assert count_of(0, 0) == "0/0"
        assert count_percent(4, 0) == count_percent(4, np.nan) == "4"

    @pytest.mark.parametrize("value", MISSING)
    def test_a_missing_share_is_a_dash_or_the_word_of_its_medium(self, value):
        assert [percent(value), count_of(value, 3), count_of(3, value), count_percent(value, 3)] == ["–"] * 4
        assert percent(value, "a withheld share") == "a withheld share"

    def test_the_interval_of_a_share_follows_the_same_rule(self):
        assert percent_interval(0.21, 0.46) == "21% to 46%"
        assert percent_interval(0.0012, 0.998) == f"{LESS}1% to {MORE}99%"
        assert percent_interval(0, 1) == "0% to 100%"
        assert percent_interval(np.nan, 1) == "–"


class TestInterval:
    def test_the_limits_are_joined_by_to(self):
        assert interval(-1.23, 3.4) == "−1.2 to 3.4"
        assert interval(-4.56, -1.23, 2) == "−4.56 to −1.23"

    @pytest.mark.parametrize(
        ("low", "high", "text"),
        [
            (0.6, 6.2, "0.6 to 6.2"),
            (0.013, 6.16, "0.01 to 6.16"),
            (-0.02, 3.0, "−0.02 to 3.00"),
            (-6.16, -0.0042, "−6.160 to −0.004"),
            (0.0001, 2.0, "0.0001 to 2.0000"),
            (-INF, 0.03, "−∞ to 0.03"),
            (0.03, INF, "0.03 to ∞"),
        ],
    )
    def test_a_limit_beside_zero_is_not_written_as_zero(self, low, high, text):
        assert interval(low, high) == text

    def test_a_limit_that_is_zero_is(self):
        assert interval(0.0, 0.28, 2) == "0.00 to 0.28"

    def test_three_decimals_more_are_the_most(self):
        assert interval(1e-9, 2.0) == "0.0 to 2.0"

    def test_whole_limits_stay_whole(self):
        assert interval(0.2, 8.0, 0) == "0 to 8"
        assert [whole_range(14, 19), whole_range(0, 1.5), whole_range(None, 19)] == ["14 to 19", "0.0 to 1.5", "–"]

    def test_a_limit_beside_another_mark_shows_its_side_too(self):
        assert interval(-1.0, 3.04) == "−1.0 to 3.0"
        assert interval(-1.0, 3.04, marks=(0.0, 3.0)) == "−1.00 to 3.04"
        assert ratio_interval(0.82, 1.003) == "0.820 to 1.003"
        assert ratio_interval(0.001, 0.9) == "0.00 to 0.90"

    def test_limits_may_show_their_plus(self):
        assert interval(0.013, 6.16, write=signed) == "+0.01 to +6.16"

    @pytest.mark.parametrize("value", MISSING)
    def test_without_both_limits_there_is_no_interval(self, value):
        assert [interval(value, 3.4), interval(3.4, value), ratio_interval(value, value)] == ["–"] * 3
        assert interval(value, value, missing="not available") == "not available"


class TestWithItsSpread:
    def test_an_estimate_stands_before_its_interval(self):
        assert with_interval(1.04, -1.23, 3.4) == "1.0 (−1.2 to 3.4)"
        assert with_interval(3.1, 0.013, 6.16) == "3.10 (0.01 to 6.16)"
        assert with_interval(1.04, None, None) == "1.0 (–)"
        assert with_interval(None, -1.23, 3.4) == "–"

    def test_a_mean_has_its_sd_without_a_plus_minus_sign(self):
        assert mean_sd(24.31, 8.06) == "24.3 (8.1)"
        assert mean_sd(24.31, np.nan) == "24.3 (–)"
        assert mean_sd(np.nan, 8.06) == "–"

    def test_a_median_has_its_quartiles(self):
        assert median_quartiles(3, 1, 5) == "3.0 [1.0 to 5.0]"
        assert median_quartiles(3, 0, 5) == "3.0 [0.0 to 5.0]"
        assert median_quartiles(None, 1, 5) == "–"
