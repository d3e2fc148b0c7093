"""Numbers, lists and names inside a sentence: the rules of numbers, with a paragraph's words for what is missing."""

import pandas as pd
import pytest

from kap_analysis.writing import numbers, sentences
from kap_analysis.writing.sentences import (
    estimate_sentence,
    full_stop,
    join_words,
    n_statement,
    plural,
    sentence_case,
    share,
    within_sentence,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("number", (-11.24,)),
        ("count", (1234,)),
        ("interval", (0.013, 6.16)),
        ("ratio_interval", (0.82, 1.003)),
        ("percent", (0.004,)),
        ("percent_interval", (0.004, 0.5)),
        ("p_statement", (0.041,)),
    ],
)
def test_what_is_known_is_written_as_in_figures_and_tables(name, arguments):
    assert getattr(sentences, name)(*arguments) == getattr(numbers, name)(*arguments)


def test_what_is_missing_is_said_in_words():
    assert sentences.number(NAN) == sentences.interval(NAN, 2.0) == "not available"
    assert sentences.ratio_interval(NAN, NAN) == sentences.percent_interval(NAN, NAN) == "not available"
    assert sentences.p_statement(NAN) == "p not available"


def test_a_count_that_was_withheld_is_said_to_be():
    assert [sentences.percent(NAN), sentences.count(NAN), n_statement(pd.NA)] == [
        "a withheld share",
        "a withheld number",
        "n withheld",
    ]
    assert share(NAN, 235) == "a withheld number of 235"
    assert share(3, NAN) == "3 of a withheld number"
    assert plural(NAN, "patient") == "a withheld number of patients"


def test_a_share_is_said_with_its_counts():
    assert [share(1, 4), share(0, 0), share(0, 235)] == ["1 of 4 (25%)", "0 of 0", "0 of 235 (0%)"]
    assert share(1, 235) == f"1 of 235 ({numbers.LESS}1%)"
    assert n_statement(1234) == "n = 1,234"
    assert [plural(1, "patient"), plural(2, "diagnosis", "diagnoses")] == ["1 patient", "2 diagnoses"]


def test_an_untested_estimate_has_no_p_and_a_z_interval_no_df():
    row = pd.Series({"estimate": 1.23, "ci_low": 0.02, "ci_high": 2.44, "df": 33.3, "p_value": 0.046})
    assert estimate_sentence(row) == "1.23 points (95% interval 0.02 to 2.44; df 33.3; p = 0.046)"
    assert estimate_sentence(row, level=0.9).startswith("1.23 points (90% interval ")
    assert estimate_sentence(row.replace(0.046, NAN)) == "1.23 points (95% interval 0.02 to 2.44; df 33.3)"
    assert estimate_sentence(row.replace(33.3, float("inf"))) == "1.23 points (95% interval 0.02 to 2.44; p = 0.046)"


def test_a_sentence_begins_with_a_capital_and_a_name_inside_one_does_not():
    assert [sentence_case("age fell"), sentence_case("HAM-A"), sentence_case("")] == ["Age fell", "HAM-A", ""]
    assert [within_sentence(t) for t in ("At month 3", "BDI-II", "A mean", "")] == [
        "at month 3",
        "BDI-II",
        "a mean",
        "",
    ]


def test_a_sentence_ends_with_one_full_stop():
    assert [full_stop(t) for t in ("n: patients ", "So it is.", "Why?")] == ["n: patients.", "So it is.", "Why?"]


def test_words_are_joined_as_a_list():
    assert [join_words([]), join_words(["a"]), join_words("ab"), join_words(iter([1, 2, 3]))] == [
        "",
        "a",
        "a and b",
        "1, 2 and 3",
    ]
