"""From columns of a frame to columns of a design matrix.

formulaic does this for any formula. A formula that only adds and multiplies columns, with every lower-order term of a
product present, is coded here directly: the same columns under the same names, without a second copy of the data.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from formulaic import SimpleFormula
from formulaic.errors import DataMismatchWarning, FormulaicError
from formulaic.parser.types import Factor as FormulaicFactor
from formulaic.parser.types import Term as FormulaicTerm
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Codes, Columns, Rows, positions
from kap_analysis.mixed.errors import MixedModelError, listed, nearest
from kap_analysis.mixed.formula.formula import Factor, Part, columns_of, placeholder
from kap_analysis.mixed.formula.functions import FUNCTIONS

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """One term of a formula part.

    Attributes
    ----------
    label : str
        As it stands in the formula, `visit:format`; "Intercept" for the constant.
    columns : tuple of int
        Which columns of the matrix are its own.
    variables : tuple of str
        The columns of the data that it is made of.
    """

    label: str
    columns: tuple[int, ...]
    variables: tuple[str, ...]


class Coding(Protocol):
    """What turns rows of a frame into rows of a design matrix."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def terms(self) -> tuple[Term, ...]: ...

    @property
    def factors(self) -> Mapping[str, tuple[Any, ...]]: ...

    def rows(self, frame: pd.DataFrame) -> Matrix: ...


def level_codes(column: pd.Series, levels: tuple[Any, ...]) -> Codes:
    """Position of each value among `levels`; a value that is missing or not one of them is an error."""
    if isinstance(column.dtype, pd.CategoricalDtype) and tuple(column.cat.categories.tolist()) == levels:
        codes = column.cat.codes.to_numpy().astype(np.intp)
    else:
        codes = positions(column, levels)
    if (codes < 0).any():
        strange = column[codes < 0]
        if strange.isna().any():
            raise MixedModelError(
                f"{column.name} is missing in {int(strange.isna().sum())} of the {len(column)} new rows."
            )
        found = sorted(repr(value) for value in strange.unique().tolist())
        raise MixedModelError(
            f"{column.name} has {listed(found, 3)} in the new rows, which the model does not know. "
            f"Its levels are {listed(levels)}."
        )
    return codes


@dataclass(frozen=True)
class ProductCoding:
    """Sums of products of columns: numbers as they stand, factors by treatment contrasts against their first level."""

    terms_of: tuple[tuple[str, ...], ...]
    factors: Mapping[str, tuple[Any, ...]]
    names: tuple[str, ...] = field(init=False)
    terms: tuple[Term, ...] = field(init=False)
    recipe: tuple[tuple[tuple[str, int], ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        names: list[str] = []
        terms: list[Term] = []
        recipe: list[tuple[tuple[str, int], ...]] = []
        for variables in self.terms_of:
            columns: list[tuple[tuple[str, int], ...]] = [()]
            for name in variables:
                choices = range(1, len(self.factors[name])) if name in self.factors else (-1,)
                columns = [(*done, (name, choice)) for choice in choices for done in columns]
            start = len(names)
            names += [":".join(self._part(*part) for part in column) or "Intercept" for column in columns]
            recipe += columns
            terms.append(Term(":".join(variables) or "Intercept", tuple(range(start, len(names))), variables))
        object.__setattr__(self, "names", tuple(names))
        object.__setattr__(self, "terms", tuple(terms))
        object.__setattr__(self, "recipe", tuple(recipe))

    def _part(self, name: str, choice: int) -> str:
        return name if choice < 0 else f"{name}[T.{self.factors[name][choice]}]"

    def rows(self, frame: pd.DataFrame) -> Matrix:
        """The design rows of `frame` (m, p)."""
        names = dict.fromkeys(name for variables in self.terms_of for name in variables)
        return self.fill(_new_values(frame, names, self.factors), len(frame))

    def fill(self, values: Mapping[str, NDArray[Any]], n: int) -> Matrix:
        """The design rows (n, p) of columns that are read: numbers, and codes of factors."""
        out = np.empty((n, len(self.recipe)), order="F")
        for j, column in enumerate(self.recipe):
            if not column:
                out[:, j] = 1.0
            for at, (name, choice) in enumerate(column):
                part = values[name] if choice < 0 else values[name] == choice
                if at:
                    out[:, j] *= part
                else:
                    out[:, j] = part
        return out


@dataclass(frozen=True)
class FormulaicCoding:
    """Whatever formulaic can read: transforms, splines, own contrasts.

    Attributes
    ----------
    spec
        formulaic's record of the matrix: knots, centres, levels.
    inputs : mapping
        For each name that the code of the formula uses, the column and whether its levels are meant.
    """

    spec: Any
    inputs: Mapping[str, tuple[str, bool]]
    factors: Mapping[str, tuple[Any, ...]]
    names: tuple[str, ...]
    terms: tuple[Term, ...]
    shown: Mapping[str, str]

    def rows(self, frame: pd.DataFrame) -> Matrix:
        """The design rows of `frame` (m, p)."""
        made: dict[str, Any] = {}
        for key, (name, as_levels) in self.inputs.items():
            factors = {name: self.factors[name]} if as_levels else {}
            made[key] = _as_input(_new_values(frame, [name], factors)[name], factors.get(name))
        return np.asarray(_materialise(self.spec, pd.DataFrame(made, frame.index), self.shown), dtype=float)


def _new_values(
    frame: pd.DataFrame, names: Iterable[str], factors: Mapping[str, tuple[Any, ...]]
) -> dict[str, NDArray[Any]]:
    """Columns of new rows: numbers, and codes of factors."""
    columns = Columns(frame)
    values: dict[str, NDArray[Any]] = {}
    for name in names:
        if name not in frame.columns:
            raise MixedModelError(f"The new rows have no column {name!r}. {nearest(name, frame.columns)}")
        if name in factors:
            values[name] = level_codes(columns.column(name), factors[name])
            continue
        try:
            values[name] = columns.numbers(name)
        except (TypeError, ValueError):
            raise MixedModelError(f"{name} must be a number in the new rows, as it was in the data.") from None
    return values


def _as_input(values: Any, levels: tuple[Any, ...] | None) -> Any:
    return values if levels is None else pd.Categorical.from_codes(values, pd.Index(levels, dtype=object))


def _materialise(spec: Any, frame: pd.DataFrame, shown: Mapping[str, str]) -> Any:
    functions = {name: function for name, (function, _) in FUNCTIONS.items()}
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():  # what is not finite is reported with its column
            warnings.simplefilter("ignore", DataMismatchWarning)  # levels that are not listed are an error here
            return spec.get_model_matrix(frame, na_action="ignore", context=functions)
    except (FormulaicError, ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
        text = _restored((str(error).strip() or type(error).__name__).splitlines()[0], shown)
        words = [name for code, name in shown.items() if f"`{name}`" in text and _reads_words(code, frame)]
        why = f"{words[0]} cannot be computed, for it reads words where numbers are needed." if words else ""
        raise MixedModelError(why or f"The columns of the formula cannot be computed: {text}") from error


def _reads_words(code: str, frame: pd.DataFrame) -> bool:
    return any(name in code and isinstance(frame[name].dtype, pd.CategoricalDtype) for name in frame.columns)


def _restored(text: str, shown: Mapping[str, str]) -> str:
    """A text of formulaic with factors as they stand in the formula, the longest code first."""
    for code in sorted(shown, key=len, reverse=True):
        text = text.replace(code, shown[code])
    return text


def make_coding(part: Part, rows: Rows, *, direct: bool = True) -> tuple[Coding, Matrix]:
    """The coding of one part of a formula, and its matrix (n, p) on the rows that it is made on.

    Parameters
    ----------
    part : Part
        The terms, for instance of `visit*format + age`.
    rows : Rows
        The rows that are used, without missing values.
    direct : bool
        Code products of columns here; False has formulaic do it, with the same result.

    Raises
    ------
    MixedModelError
        When an expression of the part cannot be computed.
    """
    factors = {name: rows.labels(name).levels for name in part.columns if rows.is_factor(name)}
    if direct and _is_simple(part, factors):
        coding = ProductCoding(tuple(tuple(factor.text for factor in term) for term in part.terms), factors)
        values: dict[str, NDArray[Any]] = {
            name: rows.labels(name).codes if name in factors else rows.numbers(name) for name in part.columns
        }
        return coding, coding.fill(values, len(rows))
    return _formulaic_coding(part, rows, factors)


def _is_simple(part: Part, factors: Mapping[str, tuple[Any, ...]]) -> bool:
    """Plain columns only, and each factor has its margin in the model, so that every contrast is a reduced one."""
    if any(factor.kind != "column" for term in part.terms for factor in term):
        return False
    terms = [tuple(factor.text for factor in term) for term in part.terms]
    known = {frozenset(term) for term in terms}
    return all(frozenset(term) - {name} in known for term in terms for name in term if name in factors)


def _formulaic_coding(part: Part, rows: Rows, factors: dict[str, tuple[Any, ...]]) -> tuple[FormulaicCoding, Matrix]:
    """The coding by formulaic; a number under `C()` is a factor."""
    inputs = _inputs(part, rows)
    for name, as_levels in inputs.values():
        if as_levels:
            factors.setdefault(name, rows.labels(name).levels)
    frame = pd.DataFrame(
        {
            key: _as_input(rows.labels(name).codes, factors[name]) if as_levels else rows.numbers(name)
            for key, (name, as_levels) in inputs.items()
        },
        index=range(len(rows)),
    )
    shown = {_code(factor): factor.text for term in part.terms for factor in term if factor.kind != "number"}
    formula = SimpleFormula([_formulaic_term(term) for term in part.terms], _ordering="none")
    matrix = _materialise(formula, frame, shown)
    spec = matrix.model_spec
    _check_levels_are_listed(part, factors, spec)
    terms = tuple(
        Term(
            ":".join(factor.text for factor in term) or "Intercept",
            tuple(spec.term_indices[found]),
            columns_of(term),
        )
        for term, found in zip(part.terms, spec.formula, strict=True)
    )
    names = tuple(_restored(str(name), shown) for name in matrix.columns)
    return FormulaicCoding(spec, inputs, factors, names, terms, shown), np.asarray(matrix, dtype=float)


def _check_levels_are_listed(part: Part, factors: Mapping[str, tuple[Any, ...]], spec: Any) -> None:
    """Rows of a level that `C(x, levels=[...])` leaves out would count as the reference level."""
    for factor in (factor for term in part.terms for factor in term if factor.levels_of):
        listed_levels = spec.encoder_state[factor.code][1]["categories"]
        left_out = [level for level in factors[str(factor.levels_of)] if level not in listed_levels]
        if left_out:
            raise MixedModelError(
                f"{factor.text} leaves out {listed([repr(level) for level in left_out])} of {factor.levels_of}. "
                "List every level."
            )


def _inputs(part: Part, rows: Rows) -> dict[str, tuple[str, bool]]:
    """The names in the code of a part: which column each is, and whether its levels are meant."""
    found: dict[str, tuple[str, bool]] = {}
    for factor in (factor for term in part.terms for factor in term):
        for name in factor.columns:
            for key, as_levels in (
                (placeholder(name), rows.is_factor(name)),
                (placeholder(name, as_levels=True), True),
            ):
                if key in _code(factor):
                    found[key] = (name, as_levels)
    return found


def _code(factor: Factor) -> str:
    return placeholder(factor.columns[0]) if factor.kind == "column" else factor.code or factor.text


def _formulaic_term(term: tuple[Factor, ...]) -> FormulaicTerm:
    methods = {"column": "lookup", "number": "literal", "expression": "python"}
    factors = [FormulaicFactor(_code(factor), eval_method=methods[factor.kind]) for factor in term]
    return FormulaicTerm(factors or [FormulaicFactor("1", eval_method="literal")])
