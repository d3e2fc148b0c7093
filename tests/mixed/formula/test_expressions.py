"""What an expression of a formula may hold, which columns it reads, and what is evaluated."""

import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.expressions import read_expression
from kap_analysis.mixed.formula.formula import Factor, placeholder
from kap_analysis.mixed.formula.parser import read_formula
from kap_analysis.mixed.formula.spans import whole_span


def expression(text: str) -> Factor:
    return read_expression(whole_span(text))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("month", ("month",)),
        ("`my age`", ("my age",)),
        ("Q('my age')", ("my age",)),
        ("I(month**2)", ("month",)),
        ("score - baseline", ("score", "baseline")),
        ("bs(month, df=4, degree=2)", ("month",)),
        ("log(`my age` + 1.5e-3)", ("my age",)),
        ("log(bmi.now)", ("bmi.now",)),
        ("where(format == 'group', 1, 0)", ("format",)),
        ("np.where(format != 'group', age, month)", ("format", "age", "month")),
        ("I((age > 18) & (age <= 65))", ("age",)),
        ("C(visit, levels=['month 1', 'St. Ives (B)'])", ("visit",)),
        ("C(where(age > 65, 'old', where(age < 30, 'young', 'between')))", ("age",)),
    ],
)
def test_names_the_columns_that_it_reads(text, columns):
    assert expression(text).columns == columns


@pytest.mark.parametrize("name", ["C", "class", "yield", "log", "np", "Intercept", "if", "t.x", "month"])
def test_a_column_may_be_called_as_a_function_or_a_word_of_python(name):
    """R users write t.x and yield; neither is an attribute or a keyword here."""
    found = expression(f"I({name} / 2)")
    assert found.columns == (name,)
    assert found.code == f"I({placeholder(name)} / 2)"
    assert found.text == f"I({name} / 2)"


@pytest.mark.parametrize("text", ["I(month^2 + 1)", "I(month**2 + 1)", "I( month ^2+1 )"])
def test_a_caret_is_a_power_and_never_python_s_exclusive_or(text):
    assert expression(text) == Factor(
        "I(month ** 2 + 1)", "expression", ("month",), f"I({placeholder('month')} ** 2 + 1)"
    )


def test_only_a_bare_column_under_c_or_factor_is_read_by_its_levels():
    given = ["C(a)", "factor(`b c`)", "C(a, contr.sum)", "C(a > 1)", "a", "log(a)"]
    assert [expression(text).levels_of for text in given] == ["a", "b c", "a", None, None, None]
    assert expression("factor(a)").code == expression("C(a)").code == f"C({placeholder('a', as_levels=True)})"
    assert expression("C(a)").code != f"C({placeholder('a')})"


def test_numpy_functions_may_have_their_prefix():
    assert expression("np.log(age)").code == expression("log(age)").code
    assert expression("np.log(age)").text == "np.log(age)"


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("open('f', 'w')", 1, "there is no function 'open'. "),
        ("np.save('f', month)", 1, "there is no function 'np.save'. "),
        ("log(open('f'))", 5, "there is no function 'open'. "),
        ("C(month, contr.treatment.__init__('x'))", 10, "there is no function 'contr.treatment.__init__'. "),
        ("month.to_csv('f')", 1, "there is no function 'month.to_csv'. "),
        ("as.factor(month)", 1, "there is no function 'as.factor'. Here it is factor."),
        ("ifelse(month > 1, 1, 0)", 1, "there is no function 'ifelse'. Here it is where."),
        ("sqr(month)", 1, "there is no function 'sqr'. Did you mean 'sqrt'?"),
        ("log(log)(month)", 1, "'log(log)' is no function."),
        ("log(month).real", 1, "'log(month).real' cannot stand in a formula"),
        ("(lambda: 0)()", 8, "an operator or a term is missing here."),
        ("month if month else month", 7, "an operator or a term is missing here."),
        ("I(y := month)", 3, "'(y := month)' cannot stand in a formula"),
        ("month @ month", 1, "'month @ month' cannot stand in a formula"),
        ("I([x for x in (1,)])", 4, "an operator or a term is missing here."),
        ("I(month # open)", 9, "'#' means nothing in a formula."),
        ("I(month\\n)", 8, "'\\\\' means nothing in a formula."),
        ("I(3j * month)", 3, "'3j' cannot stand in a formula"),
        ("I(3month)", 3, "an operator or a term is missing here."),
        ("C(a, levels=['a\"]'])", 14, "the text 'a\"]' holds a sign that a formula cannot take."),
        ("center(month, open=month)", 1, "center() takes no argument 'open'."),
        ("center(month, _state=month)", 1, "center() takes no argument '_state'."),
        ("log(month, age)", 1, "log() takes 1 argument."),
        ("maximum(month)", 1, "maximum() takes 2 arguments."),
        ("I(9**9**9)", 3, "the power '9 ** 9 ** 9' of numbers is too large."),
        ("I(9^9^9)", 3, "the power '9 ** 9 ** 9' of numbers is too large."),
        ("I(month ** 9**99)", 12, "the power '9 ** 99' of numbers is too large."),
        ("I(10^3 * month^2 age)", 3, "an operator or a term is missing here."),
        ("where(age > 65, 'old', 'young')", 1, "where(age > 65, 'old', 'young') gives words: write C(where("),
        (
            "C(where(age > 65, 'old', 1))",
            3,
            "where(age > 65, 'old', 1) gives words in some rows and numbers in others.",
        ),
        ("log('a')", 5, "'a' gives words: numbers are needed here."),
        ("offset(age)", 1, "there is no offset() here: take it from the response, as in score - x ~ month."),
    ],
)
def test_nothing_else_is_admitted_and_the_character_is_named(text, at, problem):
    with pytest.raises(MixedModelError) as caught:
        expression(text)
    first, _, mark = str(caught.value).splitlines()
    assert first.startswith(f"The formula does not parse at character {at}: {problem}")
    assert mark == f"  {' ' * (at - 1)}^"


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ {open('f', 'w')}",
        "score ~ [x for x in (1,)]",
        "score ~ C('a\\' + open(1)')",
        "score ~ '''month'''",
        "score ~ f'{month}'",
        "score ~ b'abc'",
        "score ~ hashed(month)",
        "score ~ (y := month)",
        "score ~ month # open",
        "score ~ 'a) + open(1'",
        "score ~ C(month)[0]",
        "open('f', 'w') ~ month",
        "score ~ month + (0 + open('f', 'w') | patient)",
        "score ~ month + us(open('f', 'w') | patient)",
    ],
)
def test_no_part_of_a_formula_can_run_code(formula):
    with pytest.raises(MixedModelError):
        read_formula(formula)
