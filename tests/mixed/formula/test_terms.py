"""Which columns a part of a formula needs."""

import pytest

from kap_analysis.mixed.formula.terms import PartError, factors_of, first_argument, parse_part, required_columns


@pytest.mark.parametrize(
    ("part", "columns"),
    [
        ("1", ()),
        ("0", ()),
        ("month*format", ("month", "format")),
        ("np.log(age) + I(month**2)", ("age", "month")),
        ("C(visit, contr.sum)", ("visit",)),
        ("bs(month, df=4) + poly(age, 2)", ("month", "age")),
        ("`my age`:month", ("my age", "month")),
        ("log(`my age`)", ("my age",)),
        ("Q('my age')", ("my age",)),
        ("bmi.now", ("bmi.now",)),
        ("age.clip(18, 90)", ("age",)),
        ("np.where(format == 'group', 1, 0)", ("format",)),
        ("2:month", ("month",)),
        ("{month + age}", ("month", "age")),
    ],
)
def test_names_the_columns_that_a_part_reads(part, columns):
    assert required_columns(part) == columns


def test_only_a_bare_column_under_c_is_a_factor():
    arguments = [
        first_argument(factor)
        for term in factors_of("C(a) + C(`b c`, contr.sum) + C(d > 1) + e + log(f)")
        for factor in term
    ]
    assert arguments == ["a", "b c", None, None, None]


def test_says_where_a_part_does_not_parse():
    with pytest.raises(PartError, match=r"^Missing operator between 'b' and 'c'\.$") as caught:
        parse_part("a + b c")
    assert caught.value.position == 4
    with pytest.raises(PartError) as caught:
        parse_part("a ~ b")
    assert caught.value.position == 2
