"""Numbers in sentences: a limit that is not zero is never written as zero."""

import pandas as pd
import pytest

from kap_analysis.writing.sentences import (
    count_words,
    estimate_sentence,
    exact,
    interval,
    interval_apart,
    join_words,
    n_words,
    number,
    p_value,
    percent,
    plural,
    sentence_case,
    share,
    within_sentence,
    words_of,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.6, 6.2, "0.6 to 6.2"),
        (0.03, 6.17, "0.03 to 6.17"),
        (-0.02, 3.0, "−0.02 to 3.00"),
        (-4.2, -0.004, "−4.200 to −0.004"),
        (0.0, 3.0, "0.0 to 3.0"),
        (1e-9, 3.0, "0.0 to 3.0"),
        (NAN, 2.0, "not available to 2.0"),
        (-float("inf"), 2.0, "−∞ to 2.0"),
    ],
)
def test_limits_are_seen_on_their_side_of_zero(low, high, said):
    assert interval_apart(low, high) == said


def test_a_limit_just_above_a_margin_does_not_read_as_the_margin():
    assert interval_apart(-1.0, 3.04, (0.0, 3.0)) == "−1.00 to 3.04"
    assert interval_apart(-1.0, 3.04) == "−1.0 to 3.0"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0004, "p < 0.001"),
        (0.0314, "p = 0.031"),
        (0.0496, "p = 0.0496"),
        (0.0504, "p = 0.0504"),
        (0.05, "p = 0.050"),
        (0.409, "p = 0.41"),
        (NAN, "p not available"),
    ],
)
def test_p_values_are_exact_and_never_rounded_onto_the_limit(value, said):
    assert p_value(value) == said


def test_an_untested_estimate_has_no_p_and_a_z_interval_no_df():
    row = pd.Series({"estimate": 1.23, "ci_low": 0.02, "ci_high": 2.44, "df": 33.3, "p_value": 0.046})
    assert estimate_sentence(row) == "1.2 points (95% interval 0.02 to 2.44; df 33.3; p = 0.046)"
    assert estimate_sentence(row.replace(0.046, NAN)) == "1.2 points (95% interval 0.02 to 2.44; df 33.3)"
    assert estimate_sentence(row.replace(33.3, float("inf"))) == "1.2 points (95% interval 0.02 to 2.44; p = 0.046)"


def test_small_words():
    assert [plural(1, "patient"), plural(2, "patient"), plural(1234, "score")] == [
        "1 patient",
        "2 patients",
        "1,234 scores",
    ]
    assert plural(NAN, "patient") == "a withheld number of patients"
    assert plural(2, "diagnosis", "diagnoses") == "2 diagnoses"
    assert [exact(3.0), exact(0.75), exact(2.5), exact(1 / 3)] == ["3", "0.75", "2.5", "0.333333"]
    assert [number(-0.04), number(-0.06), number(1234.5, 0)] == ["0.0", "−0.1", "1,234"]
    assert sentence_case("age fell") == "Age fell" and sentence_case("HAM-A") == "HAM-A" and sentence_case("") == ""
    assert words_of("ace_score") == "ACE score" and words_of("binge_eating") == "binge eating"
    assert [join_words([]), join_words(["a"]), join_words(["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert share(1, 4) == "1 of 4 (25%)" and share(0, 0) == "0 of 0"
    assert [within_sentence(t) for t in ("At month 3", "BDI-II", "A mean")] == ["at month 3", "BDI-II", "a mean"]


def test_some_are_never_none_and_nearly_all_are_never_all():
    assert share(1, 235) == "1 of 235 (under 1%)" and share(234, 235) == "234 of 235 (over 99%)"
    assert share(0, 235) == "0 of 235 (0%)" and share(235, 235) == "235 of 235 (100%)"


def test_a_count_that_was_withheld_is_said_to_be():
    assert share(NAN, 235) == "a withheld number of 235" and share(3, NAN) == "3 of a withheld number"
    assert [percent(NAN), count_words(NAN), n_words(NAN)] == ["a withheld share", "a withheld number", "n withheld"]
    assert n_words(1234) == "n = 1,234" and interval(NAN, NAN) == "not available"
