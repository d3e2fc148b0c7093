"""How a value of a file is quoted in a message."""

import pytest

from kap_analysis.errors import LONGEST_QUOTE, quoted


@pytest.mark.parametrize(("value", "quote"), [("a'b", '"a\'b"'), (3, "3"), ([1, "x"], "[1, 'x']"), (None, "None")])
def test_a_small_value_is_quoted_as_it_is(value, quote):
    assert quoted(value) == quote


def test_of_a_large_value_the_beginning_is_quoted():
    assert quoted("x" * 1000) == "'" + "x" * (LONGEST_QUOTE - 1) + "…"
    assert quoted(10**400) == "1" + "0" * (LONGEST_QUOTE - 1) + "…"


def test_what_python_cannot_write_is_named():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert quoted(16**5000) == "a number of thousands of digits"
    assert quoted([16**5000]) == "a value too large to be quoted"
    assert quoted(deep) == "a value too large to be quoted"
