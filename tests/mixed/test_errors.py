"""Sentences about names that users give."""

import numpy as np
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError, as_names, listed, nearest, numbers_of, require_name


def test_the_nearest_name_is_offered_as_it_is():
    assert nearest("scroe", ["month", "score"]) == "Did you mean 'score'?"
    assert nearest("2", [1, 2, 3]) == "Did you mean 2?"
    assert nearest("zzz", ["month", "score"]) == "There are: month, score."
    assert nearest("FALSE", ["flag", "score"]) == "Python writes False."
    assert nearest("zzz", range(9)) == "There are: 0, 1, 2, 3, 4, 5, 6, 7, ...."


def test_a_name_that_is_there_is_no_error():
    assert require_name("score", ["month", "score"], "column") is None
    with pytest.raises(MixedModelError, match=r"^There is no level of visit '2'\. Did you mean 2\?$"):
        require_name("2", (1, 2), "level of visit")


def test_names_as_lists_and_lists_as_text():
    assert (as_names(None), as_names("a"), as_names(("a", "b"))) == ([], ["a"], ["a", "b"])
    assert listed(range(10), 3) == "0, 1, 2 and 7 more"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["1", "2"], "text"),
        (pd.Series(["1", 2.0], dtype=object), "text"),
        (np.array([1, 2j]), "complex numbers"),
        (pd.to_datetime(["2024-01-01"]), "dates"),
        ([[1, 2], [3]], "rows of different lengths, or values that are no numbers"),
        ([1, {}], "rows of different lengths, or values that are no numbers"),
    ],
)
def test_what_is_no_number_never_passes_for_one(values, found):
    with pytest.raises(MixedModelError) as caught:
        numbers_of(values, "The responses")
    assert str(caught.value) == f"The responses must be numbers, missing ones nan; found {found}."


@pytest.mark.parametrize("values", [[1, 2], [True, False], pd.Series([1, None], dtype=object), np.float32([1, 2])])
def test_numbers_are_read_as_64_bit_floats(values):
    found = numbers_of(values, "The responses")
    assert found.dtype == np.float64 and found[0] == 1
