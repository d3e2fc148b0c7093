"""Which formulas the command line admits; none of them is ever evaluated here."""

import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.safe_formula import check_formula

COLUMNS = ("score", "visit", "format", "baseline", "patient_id", "cohort_id", "is_group", "month", "two words")


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ visit*(format + baseline) + (0 + is_group | cohort_id) + us(visit | format/patient_id)",
        "score ~ month + (1 + month || patient_id)",
        "score ~ visit:format - 1 + (1 | cohort_id/patient_id)",
        "score ~ bs(month, df=3) + log(baseline) + C(visit) + (1 | patient_id)",
        "score ~ `two words` + month ** 2 + poly(month, degree=2) + (1 | patient_id)",
        "score ~ 1 + I(baseline / 10) + (1 | patient_id)",
    ],
)
def test_admits_columns_arithmetic_and_listed_functions(formula):
    assert check_formula(formula, COLUMNS) is None


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ {open('f', 'w')}",
        "score ~ np.save('f', month)",
        "score ~ open('f', 'w')",
        "score ~ C(month, contr.treatment('x'))",
        "score ~ month.__class__",
        "score ~ [x for x in (1,)]",
        "score ~ (lambda: 0)()",
        "score ~ C('a\\' + open(1)')",
        "score ~ '''month'''",
        "score ~ f'{month}'",
        "score ~ Q('month')",
        "score ~ hashed(month)",
        "score ~ month if month else month",
        "score ~ (y := month)",
        "score ~ month @ month",
        "score ~ log(month).real",
        "score ~ b'abc'",
        "score ~ month # open",
        "score ~ log(log)(month)",
        "score ~ center(month, open=open)",
        "score ~ month\n+ visit",
        "score ~ 'a) + open(1'",
        "score ~ I(9**9**9)",
        "score ~ I(month ** 99)",
        "score ~ I(2 ** month)",
    ],
)
def test_refuses_everything_that_could_run(formula):
    with pytest.raises(MixedModelError):
        check_formula(formula, COLUMNS)


def test_names_what_it_refuses():
    with pytest.raises(MixedModelError) as caught:
        check_formula("score ~ open('f')", COLUMNS)
    assert str(caught.value) == (
        "The formula \"score ~ open('f')\" holds the call open(...), which is not admitted here. It may hold columns, "
        "numbers, strings, + - * / : ^ ** |, and the functions C, I, center, scale, standardize, poly, bs, cr, cc, "
        "log, log2, log10, exp, exp2, us, cs, csh, ar1, ar1h, toep, toeph, exponential."
    )


def test_offers_the_nearest_column():
    with pytest.raises(MixedModelError, match=r"^There is no column 'mnth' in the data\. Did you mean 'month'\?$"):
        check_formula("score ~ mnth + (1 | patient_id)", COLUMNS)


def test_names_columns_in_backticks_as_they_are_written():
    with pytest.raises(MixedModelError, match=r"holds '`two words`\.T', which is not admitted here"):
        check_formula("score ~ `two words`.T + (1 | patient_id)", COLUMNS)


@pytest.mark.parametrize(
    ("formula", "at", "problem"),
    [
        ("score ~ month + (1 | patient_id", 17, "'(' is never closed."),
        ("score ~ month) + (1 | patient_id)", 14, "')' closes nothing."),
        ("score ~ `two words", 9, "the quote ` is never closed."),
        ("score month", 11, "one '~' is expected, found 0."),
        ("~ month", 1, "no response stands before '~'."),
        ("score ~ month baseline", 15, "an operator or a term is missing here."),
        ("score ~ `two words` baseline", 21, "an operator or a term is missing here."),
        ("score ~ 3month", 9, "an operator or a term is missing here."),
        ("score ~ month + (1 || )", 23, "an operator or a term is missing here."),
        ("score ~ month + (1 | patient_id) (1 | cohort_id)", 34, "an operator is missing here."),
    ],
)
def test_points_at_the_character_that_does_not_parse(formula, at, problem):
    with pytest.raises(MixedModelError) as caught:
        check_formula(formula, COLUMNS)
    assert str(caught.value) == (
        f"The formula does not parse at character {at}: {problem}\n  {formula}\n  {' ' * (at - 1)}^"
    )
