"""The terms of a part of a formula, as formulaic writes them out."""

import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.spans import whole_span
from kap_analysis.mixed.formula.terms import read_part


def terms_of(text: str) -> list[str]:
    return [":".join(factor.text for factor in term) or "1" for term in read_part(whole_span(text)).terms]


@pytest.mark.parametrize(
    ("part", "terms"),
    [
        ("1", ["1"]),
        ("0", []),
        ("month*format", ["1", "month", "format", "month:format"]),
        ("0 + month:format", ["month:format"]),
        ("(a + b)^2", ["1", "a", "b", "a:b"]),
        ("a/b", ["1", "a", "a:b"]),
        ("month - 1", ["month"]),
        ("2:month", ["1", "2:month"]),
        ("`my age`:month", ["1", "my age:month"]),
        ("`1` + `0` + 0", ["1", "0"]),
        ("`month` + month:`a+b` + `f(x)`", ["1", "month", "f(x)", "month:a+b"]),
        ("Q('my age') + Q('my age'):month", ["1", "my age", "my age:month"]),
        ("log(age)*format", ["1", "log(age)", "format", "log(age):format"]),
        ("{month + age}", ["1", "month + age"]),
        ("bs(month,df = 4) + C(visit,contr.sum):age", ["1", "bs(month, df=4)", "C(visit, contr.sum):age"]),
        ("log( age ) + log(age)", ["1", "log(age)"]),
    ],
)
def test_terms_stand_in_the_order_of_the_columns(part, terms):
    assert terms_of(part) == terms


def test_a_part_names_its_columns_once():
    assert read_part(whole_span("month*format + log(month) + poly(age, 2)")).columns == ("month", "format", "age")


@pytest.mark.parametrize(
    ("part", "at", "problem"),
    [
        ("a + b c", 5, "Missing operator between 'b' and 'c'."),
        ("log(a) log(b)", 1, "Missing operator between 'log(a)' and 'log(b)'."),
        ("a + .", 5, "'.' stands for no column here: name the columns."),
        ("a + b %in% a", 7, "%in% is not read here: write b:a for b %in% a."),
        ("I(a %in% 'b')", 5, "%in% is not read here: compare with ==, and join with logical_or(a, b)."),
        ("a + I(b %/% 2)", 9, "%/% is not read here: write //."),
        ("I(b %% 2)", 5, "%% is not read here: write %."),
        ("I(a > 1 && b)", 9, "&& is not read here: write &, with parentheses around comparisons."),
        ("I(!a)", 3, "! is not read here: write logical_not(a)."),
        ("I(a & b > 1)", 3, "& beside a comparison needs parentheses: (a > 1) & (b > 1)."),
        ("I(a > 1 & b)", 7, "& beside a comparison needs parentheses: (a > 1) & (b > 1)."),
        ("a > 1", 3, "a comparison stands in brackets: I(month > 1)."),
        ("a + b[1]", 6, "'[' stands in no function and means nothing here."),
    ],
)
def test_points_at_what_does_not_parse(part, at, problem):
    with pytest.raises(MixedModelError) as caught:
        read_part(whole_span(part))
    assert (
        str(caught.value) == f"The formula does not parse at character {at}: {problem}\n  {part}\n  {' ' * (at - 1)}^"
    )
