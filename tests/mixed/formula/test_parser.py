"""What a mixed-model formula is read as, and where it points when it cannot be read."""

import random

import pytest

from kap_analysis.mixed.covariance.structures import STRUCTURES
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.formula import BarTerm, Factor, MixedFormula, Part, ResidualTerm
from kap_analysis.mixed.formula.parser import read_formula


def bars_of(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(bar.part.text, bar.grouping) for bar in read_formula(f"score ~ month + {text}").bars]


def test_reads_response_fixed_part_bars_and_residual():
    visit, format_, is_group = (Factor(name, "column", (name,)) for name in ("visit", "format", "is_group"))
    assert read_formula("score ~ visit*format + (0 + is_group | cohort) + us(visit | format/patient)") == MixedFormula(
        text="score ~ visit*format + (0 + is_group | cohort) + us(visit | format/patient)",
        response=Factor("score", "column", ("score",)),
        fixed=Part("visit*format", ((), (visit,), (format_,), (visit, format_))),
        bars=(BarTerm("(0 + is_group | cohort)", Part("0 + is_group", ((is_group,),)), ("cohort",)),),
        residual=ResidualTerm("us(visit | format/patient)", "us", "visit", "format", "patient"),
    )


def test_a_formula_that_is_read_is_not_read_again():
    formula = read_formula("score ~ visit + (1 | patient)")
    assert read_formula(formula) is formula


@pytest.mark.parametrize(
    ("formula", "fixed"),
    [
        ("score ~ (1 | patient)", "1"),
        ("score ~ us(visit | patient)", "1"),
        ("score ~ 0 + (1 | patient)", "0"),
        ("score ~ (1 | patient) + month", "month"),
        ("score ~ month + (1 | patient) + format", "month + format"),
        ("score ~ month*format - month:format + (1 | patient)", "month*format - month:format"),
        ("score ~ month - 1 + (1 | patient)", "month - 1"),
        ("score ~ -1 + month + (1 | patient)", "-1 + month"),
        ("score ~ (month + age)*format + (1 | patient)", "(month + age)*format"),
        ("score ~ I(month - 1) + np.log(age) + (1 | patient)", "I(month - 1) + np.log(age)"),
        ("score ~ `site (a|b)` + C(visit, contr.sum) + (1 | patient)", "`site (a|b)` + C(visit, contr.sum)"),
        ("score ~ cs(month, df=3) + us(visit | patient)", "cs(month, df=3)"),
        ("score ~ month\n  + format\n  + (1 | patient)", "month + format"),
    ],
)
def test_the_fixed_part_is_what_has_no_bar(formula, fixed):
    assert read_formula(formula).fixed.text == fixed


@pytest.mark.parametrize(
    ("term", "bars"),
    [
        ("(1 | patient)", [("1", ("patient",))]),
        ("(month | patient)", [("month", ("patient",))]),
        ("((month + age)*format | patient)", [("(month + age)*format", ("patient",))]),
        ("((1 | patient))", [("1", ("patient",))]),
        ("(1 | a:b)", [("1", ("a", "b"))]),
        ("(1 | (a:b))", [("1", ("a", "b"))]),
        ("(1 | a/b)", [("1", ("a",)), ("1", ("a", "b"))]),
        ("(1 | a/b/c)", [("1", ("a",)), ("1", ("a", "b")), ("1", ("a", "b", "c"))]),
        ("(1 | a:b/c)", [("1", ("a", "b")), ("1", ("a", "b", "c"))]),
        ("(1 | `a/b`)", [("1", ("a/b",))]),
        ("(month || patient)", [("1", ("patient",)), ("0 + month", ("patient",))]),
        ("(0 + month || patient)", [("0 + month", ("patient",))]),
        ("(month - 1 || patient)", [("0 + month", ("patient",))]),
        ("(1 | a) + (0 + month | a)", [("1", ("a",)), ("0 + month", ("a",))]),
        (
            "(month*`my age` || patient)",
            [(c, ("patient",)) for c in ("1", "0 + month", "0 + `my age`", "0 + month:`my age`")],
        ),
        (
            "(month || a/b)",
            [("1", ("a",)), ("0 + month", ("a",)), ("1", ("a", "b")), ("0 + month", ("a", "b"))],
        ),
    ],
)
def test_bars_are_written_out_as_in_lme4(term, bars):
    assert bars_of(term) == bars


def test_the_text_of_a_bar_is_the_term_written_out():
    bars = read_formula("score ~ 1 + (month||clinic/therapist)").bars
    assert [bar.text for bar in bars] == [
        "(1 | clinic)",
        "(0 + month | clinic)",
        "(1 | clinic:therapist)",
        "(0 + month | clinic:therapist)",
    ]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_each_residual_covariance_is_read(structure):
    residual = read_formula(f"score ~ visit + {structure}(visit | patient)").residual
    assert residual == ResidualTerm(f"{structure}(visit | patient)", structure, "visit", None, "patient")


@pytest.mark.parametrize(
    ("response", "text", "columns"),
    [
        ("`my score`", "my score", ("my score",)),
        ("log(score + 1)", "log(score + 1)", ("score",)),
        ("score - baseline", "score - baseline", ("score", "baseline")),
        ("log(score) - log(baseline)", "log(score) - log(baseline)", ("score", "baseline")),
        ("score^2", "score ** 2", ("score",)),
        ("-score/10", "-score / 10", ("score",)),
    ],
)
def test_the_response_is_one_expression_as_in_r(response, text, columns):
    found = read_formula(f"{response} ~ month").response
    assert (found.text, found.columns) == (text, columns)


@pytest.mark.parametrize(
    ("formula", "at", "problem"),
    [
        ("score ~ month + (1 | patient", 17, "'(' is never closed."),
        ("score ~ month) + (1 | patient)", 14, "')' closes nothing."),
        ("score ~ (month] + 1", 15, "']' closes nothing."),
        ("score ~ `month", 9, "the quote ` is never closed."),
        ("score month", 11, "one '~' is expected, found 0."),
        ("score ~ month ~ age", 15, "one '~' is expected, found 2."),
        ("~ month", 1, "no response stands before '~'."),
        ("1 | patient ~ month", 1, "bar terms stand on the right of '~'."),
        ("score:month ~ age", 6, "an operator or a term is missing here."),
        ("1 ~ month", 1, "the response holds no column."),
        ("score ~", 7, "a term is missing at the end."),
        ("score ~ month +", 15, "a term is missing at the end."),
        ("score ~ month ++ age", 16, "'+' follows another sign."),
        ("score ~ month +* age + (1 | patient)", 15, "Operator '+*' is incorrectly used."),
        ("score ~ (1 | patient) + month age", 25, "Missing operator between 'month' and 'age'."),
        (
            "score ~ 5*month",
            9,
            "Numeric literals other than '1' can only be used to scale other terms. Use ':' rather than '*' when "
            "scaling terms.",
        ),
        ("score ~ .", 9, "'.' stands for no column here: name the columns."),
        ("score ~ month + (age + * b | patient)", 22, "Operator '+*' is incorrectly used."),
        ("score ~ month + ( | patient)", 19, "no columns stand before the bar."),
        ("score ~ month + (1 | )", 20, "no grouping stands after the bar."),
        ("score ~ month + (1 | a | b)", 24, "one bar is expected between columns and grouping."),
        ("score ~ month + (1 | a*b)", 22, "a grouping must be a column, found 'a*b'."),
        ("score ~ month + (1 | a/f(b))", 24, "a grouping must be a column, found 'f(b)'."),
        ("score ~ month - (1 | patient)", 17, "a term with a bar is added, not taken away."),
        (
            "score ~ month + 1 | patient",
            19,
            "a bar term stands in parentheses and is added with '+': + (month | patient_id).",
        ),
        (
            "score ~ month*(1 | patient)",
            18,
            "a bar term stands in parentheses and is added with '+': + (month | patient_id).",
        ),
        (
            "score ~ month + un(visit | patient)",
            17,
            f"'un' is not a residual covariance; there are {', '.join(STRUCTURES)}.",
        ),
        ("score ~ I(a | b)", 9, "a bar inside I() is not read: write logical_or(a, b) for a | b."),
        ("score ~ ar1(visit, patient)", 9, "ar1() takes a visit, a bar and a subject: ar1(visit | patient_id)."),
        ("score ~ us(visit || patient)", 12, "us() takes one bar."),
        ("score ~ us(visit | a/b/c)", 24, "us() takes subject or stratum/subject after the bar."),
        ("score ~ us(visit + month | patient)", 12, "the visit must be a column, found 'visit + month'."),
        ("score ~ us(visit | format/(patient))", 27, "the subject must be a column, found '(patient)'."),
        ("score ~ us(visit | f(x)/patient)", 20, "the stratum must be a column, found 'f(x)'."),
    ],
)
def test_points_at_the_character_that_does_not_parse(formula, at, problem):
    with pytest.raises(MixedModelError) as caught:
        read_formula(formula)
    assert str(caught.value) == (
        f"The formula does not parse at character {at}: {problem}\n  {formula}\n  {' ' * (at - 1)}^"
    )


@pytest.mark.parametrize("strange", [None, 5, ["score ~ month"]])
def test_a_formula_is_text(strange):
    with pytest.raises(MixedModelError, match=rf"^The formula must be text, found {type(strange).__name__}\.$"):
        read_formula(strange)


@pytest.mark.parametrize("nothing", ["", "   "])
def test_an_empty_formula_says_what_to_write(nothing):
    with pytest.raises(MixedModelError) as caught:
        read_formula(nothing)
    assert str(caught.value) == "The formula is empty. Write response ~ columns + (columns | grouping)."


def test_two_residual_covariances_are_named():
    with pytest.raises(MixedModelError) as caught:
        read_formula("score ~ us(visit | patient) + cs(visit|patient)")
    assert (
        str(caught.value) == "One residual covariance is possible, found us(visit | patient) and cs(visit | patient)."
    )


def test_whatever_is_typed_is_read_or_refused_in_words():
    """No other error escapes: 2000 strings of the signs of formulas."""
    pieces = [*"abm y~+*:/()|`'\"^%.,012=<>&{}[]#\\;@!-_é", "log(", "I(", "C(", "us(", "(1|a)", "**", "levels=", "np."]
    draws = random.Random(1)
    done = {"read": 0, "refused": 0}
    for _ in range(2000):
        text = draws.choice(["y ~ ", "y ~ a + ", ""]) + "".join(draws.choices(pieces, k=draws.randint(1, 12)))
        try:
            read_formula(text)
            done["read"] += 1
        except MixedModelError:
            done["refused"] += 1
    assert min(done.values()) > 20
