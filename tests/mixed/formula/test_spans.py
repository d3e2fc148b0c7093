"""Stretches of a formula with their brackets."""

import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.spans import whole_span


def test_signs_count_outside_brackets_and_quotes():
    text = "a + (b + c) + `d + e` + f('+')"
    assert whole_span(text).signs("+") == [2, 12, 22]
    assert [str(piece) for piece in whole_span(text).pieces("+")] == ["a", "(b + c)", "`d + e`", "f('+')"]


def test_a_stretch_without_the_brackets_around_it():
    assert str(whole_span("((a + b))").without_brackets()) == "a + b"
    assert str(whole_span("(a) + (b)").without_brackets()) == "(a) + (b)"


def test_a_stretch_keeps_its_place_in_the_formula():
    piece = whole_span("score ~  month ").cut(7, 15)
    assert (str(piece), piece.start, piece.stop) == ("month", 9, 14)
    assert str(piece.error("why.")).endswith("\n  score ~  month \n           ^")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a + (b", "character 5: '(' is never closed."),
        ("a + b]", "character 6: ']' closes nothing."),
        ("(a]", "character 3: ']' closes nothing."),
        ("'a", "character 1: the quote ' is never closed."),
    ],
)
def test_brackets_and_quotes_are_pairs(text, problem):
    with pytest.raises(MixedModelError, match=problem.replace("(", r"\(").replace("]", r"\]")):
        whole_span(text)
