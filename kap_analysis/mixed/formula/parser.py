"""Reading a mixed-model formula: the response, the fixed part, the bar terms and the residual covariance.

`score ~ visit*format + (month | patient_id) + us(visit | format/patient_id)` is cut at its top-level plus signs; what
has a bar is taken out, what remains is the fixed part, which formulaic reads.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kap_analysis.mixed.covariance.structures import STRUCTURES
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.bounds import check_brackets, check_length
from kap_analysis.mixed.formula.expressions import read_expression
from kap_analysis.mixed.formula.formula import NAME, BarTerm, MixedFormula, Part, ResidualTerm, quoted
from kap_analysis.mixed.formula.functions import FUNCTIONS, TRANSFORMS
from kap_analysis.mixed.formula.spans import Span, whole_span
from kap_analysis.mixed.formula.terms import read_part

_CALL = re.compile(r"(\w*)\s*\((.*)\)", flags=re.S)


def _addends(span: Span) -> list[tuple[str, Span]]:
    """The top-level addends with their signs."""
    parts: list[tuple[str, Span]] = []
    sign, start = "+", span.start
    for i in [*span.signs("+-"), span.stop]:
        piece = span.cut(start, i)
        if str(piece):
            parts.append((sign, piece))
        elif i == span.stop:
            raise span.error("a term is missing at the end.", max(i - 1, 0))
        elif start > span.start:
            raise span.error(f"'{span.formula[i]}' follows another sign.", i)
        if i < span.stop:
            sign, start = span.formula[i], i + 1
    return parts


def _column(span: Span, what: str) -> str:
    if not re.fullmatch(rf"{NAME}|`[^`]+`", str(span)):
        raise span.error(f"{what} must be a column, found {str(span)!r}.")
    return str(span).strip("`")


def _split_bar(span: Span) -> tuple[Span, bool, Span]:
    """`a || g` -> a, True, g."""
    bars = [i for i in range(span.start, span.stop) if span.formula[i] == "|" and span.depths[i] >= 0]
    independent = len(bars) == 2 and bars[1] == bars[0] + 1
    if len(bars) > 1 and not independent:
        raise span.error("one bar is expected between columns and grouping.", bars[1])
    left, right = span.cut(span.start, bars[0]), span.cut(bars[-1] + 1, span.stop)
    if not str(left):
        raise span.error("no columns stand before the bar.", bars[0])
    if not str(right):
        raise span.error("no grouping stands after the bar.", bars[-1])
    return left, independent, right


def _groupings(right: Span) -> list[tuple[str, ...]]:
    """`a/b` -> [(a,), (a, b)]; `a:b` -> [(a, b)]."""
    right = right.without_brackets()
    nested: list[tuple[str, ...]] = []
    for part in right.pieces("/"):
        names = tuple(_column(name.without_brackets(), "a grouping") for name in part.without_brackets().pieces(":"))
        nested.append((nested[-1] if nested else ()) + names)
    return nested if right.signs("/") else nested[-1:]


def _split_columns(left: Span) -> list[Part]:
    """The columns of a `||` term, one bar each: `1 + a*b` -> `1`, `0 + a`, `0 + b`, `0 + a:b`."""
    parts = []
    for term in read_part(left).terms:
        names = [quoted(factor.text) if factor.kind == "column" else factor.text for factor in term]
        parts.append(Part("0 + " + ":".join(names) if names else "1", (term,)))
    return parts


def _read_bar(span: Span) -> list[BarTerm]:
    left, independent, right = _split_bar(span.without_brackets())
    parts = _split_columns(left) if independent else [read_part(left)]
    return [
        BarTerm(f"({part.text} | {':'.join(grouping)})", part, grouping)
        for grouping in _groupings(right)
        for part in parts
    ]


def _read_residual(structure: str, span: Span) -> ResidualTerm:
    left, independent, right = _split_bar(span)
    if independent:
        raise span.error(f"{structure}() takes one bar.")
    parts = list(right.without_brackets().pieces("/"))
    if len(parts) > 2:
        raise parts[2].error(f"{structure}() takes subject or stratum/subject after the bar.")
    visit = _column(left, "the visit")
    names = [_column(part, what) for part, what in zip(reversed(parts), ("the subject", "the stratum"), strict=False)]
    stratum = names[1] if len(names) == 2 else None
    return ResidualTerm(f"{structure}({left} | {right})", structure, visit, stratum, names[0])


def _loose_bar(span: Span) -> MixedModelError:
    name = re.match(r"(\w+)\s*\(", str(span))
    if name and name.group(1) in (*FUNCTIONS, *TRANSFORMS):
        return span.error(f"a bar inside {name.group(1)}() is not read: write logical_or(a, b) for a | b.")
    if name and name.group(1) not in STRUCTURES:
        return span.error(f"{name.group(1)!r} is not a residual covariance; there are {', '.join(STRUCTURES)}.")
    bar = next(i for i in range(span.start, span.stop) if span.formula[i] == "|" and span.depths[i] >= 0)
    return span.error("a bar term stands in parentheses and is added with '+': + (month | patient_id).", bar)


def _check_structure(span: Span) -> None:
    """A structure without a bar is a mistake, except where it is also a function: cs() is a spline of formulaic."""
    name = str(span).partition("(")[0].strip()
    if name in STRUCTURES and name not in TRANSFORMS and str(span).endswith(")"):
        raise span.error(f"{name}() takes a visit, a bar and a subject: {name}(visit | patient_id).")


def _has_bar(span: Span) -> bool:
    return any(span.formula[i] == "|" and span.depths[i] >= 0 for i in range(span.start, span.stop))


def _inside_call(span: Span) -> tuple[str, Span] | None:
    """`us(visit | patient)` -> "us", `visit | patient`; None where it is no single bracket."""
    match = _CALL.fullmatch(str(span))
    if match is None or match.group(1) not in ("", *STRUCTURES):
        return None
    bracket = span.cut(span.start + match.start(2) - 1, span.stop)
    return (match.group(1), bracket.cut(bracket.start + 1, bracket.stop - 1)) if bracket.is_one_bracket() else None


def _sides(whole: Span) -> tuple[Span, Span]:
    """The two sides of the tilde."""
    tildes = [i for i, char in enumerate(whole.formula) if char == "~" and whole.depths[i] >= 0]
    if len(tildes) != 1:
        raise whole.error(f"one '~' is expected, found {len(tildes)}.", tildes[1] if tildes else whole.stop - 1)
    left, right = whole.cut(0, tildes[0]), whole.cut(tildes[0] + 1, whole.stop)
    if not str(left):
        raise whole.error("no response stands before '~'.", tildes[0])
    if _has_bar(left):
        raise left.error("bar terms stand on the right of '~'.")
    return left, right


def read_formula(formula: str | MixedFormula) -> MixedFormula:
    """Read a mixed-model formula; one that is read already is returned as it is.

    Parameters
    ----------
    formula : str or MixedFormula
        `response ~ fixed part + (columns | grouping) + structure(visit | subject)`. The response is an expression: of
        `score - baseline ~ ...` the difference is the response, as in R.

    Raises
    ------
    MixedModelError
        The formula does not parse (the message points at the character), or has two residual covariances.
    """
    if isinstance(formula, MixedFormula):
        return formula
    if not isinstance(formula, str):
        raise MixedModelError(f"The formula must be text, found {type(formula).__name__}.")
    if not formula.strip():
        raise MixedModelError("The formula is empty. Write response ~ columns + (columns | grouping).")
    check_length(formula)
    return _read(formula)


@lru_cache(maxsize=128)
def _read(formula: str) -> MixedFormula:
    """A text, read once: what it was read as does not change."""
    whole = whole_span(re.sub(r"\s", " ", formula).strip())
    check_brackets(whole)
    left, right = _sides(whole)
    bars: list[BarTerm] = []
    residuals: list[ResidualTerm] = []
    fixed = list(str(right))
    for sign, piece in _addends(right):
        if not _has_bar(piece):
            _check_structure(piece)
            continue
        inside = _inside_call(piece)
        if inside is None:
            raise _loose_bar(piece)
        if sign == "-":
            raise piece.error("a term with a bar is added, not taken away.")
        if inside[0]:
            residuals.append(_read_residual(*inside))
        else:
            bars.extend(_read_bar(inside[1]))
        _blank(fixed, piece.start - right.start, piece.stop - right.start)
    if len(residuals) > 1:
        raise MixedModelError(f"One residual covariance is possible, found {' and '.join(r.text for r in residuals)}.")
    response = read_expression(left)
    if not response.columns:
        raise left.error("the response holds no column.")
    residual = residuals[0] if residuals else None
    return MixedFormula(whole.formula, response, _fixed(right, fixed), tuple(bars), residual)


def _blank(characters: list[str], start: int, stop: int) -> None:
    """Blank a term and the sign before it."""
    before = start - 1
    while before >= 0 and characters[before] == " ":
        before -= 1
    if before >= 0 and characters[before] == "+":
        characters[before] = " "
    characters[start:stop] = " " * (stop - start)


def _fixed(right: Span, characters: list[str]) -> Part:
    """The fixed part: what is left when terms with bars are blanked, without a plus in front."""
    text = "".join(characters)
    if text.lstrip().startswith("+"):
        text = text.replace("+", " ", 1)
    return read_part(right, text) if text.strip() else Part("1", ((),))
