"""From columns of a frame to columns of a design matrix.

formulaic does this for any formula. A formula that only adds and multiplies columns, with every lower-order term of a
product present, is coded here directly: the same columns under the same names, without a second copy of the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from formulaic.errors import FormulaicError
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Codes, Rows, is_factor
from kap_analysis.mixed.errors import MixedModelError, listed, nearest
from kap_analysis.mixed.formula.terms import columns_of, factors_of, first_argument, parse_part, required_columns

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
        codes = np.asarray(pd.Index(levels).get_indexer(pd.Index(column)), dtype=np.intp)
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
        values: dict[str, NDArray[Any]] = {}
        for name in dict.fromkeys(name for variables in self.terms_of for name in variables):
            _require(name, frame)
            if name in self.factors:
                values[name] = level_codes(frame[name], self.factors[name])
            else:
                values[name] = _as_numbers(frame[name])
        return self.fill(values, len(frame))

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
    """Whatever formulaic can read: transforms, splines, own contrasts."""

    spec: Any
    factors: Mapping[str, tuple[Any, ...]]
    names: tuple[str, ...]
    terms: tuple[Term, ...]

    def rows(self, frame: pd.DataFrame) -> Matrix:
        """The design rows of `frame` (m, p)."""
        numbers = {}
        for name in dict.fromkeys(name for term in self.terms for name in term.variables):
            _require(name, frame)
            if name in self.factors:
                level_codes(frame[name], self.factors[name])
            elif is_factor(frame[name]):
                numbers[name] = _as_numbers(frame[name])
        return np.asarray(_materialise(self.spec, frame.assign(**numbers) if numbers else frame), dtype=float)


def _require(name: str, frame: pd.DataFrame) -> None:
    if name not in frame.columns:
        raise MixedModelError(f"The new rows have no column {name!r}. {nearest(name, frame.columns)}")


def _as_numbers(column: pd.Series) -> NDArray[np.float64]:
    try:
        return column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise MixedModelError(f"{column.name} must be a number in the new rows, as it was in the data.") from None


def _materialise(spec: Any, frame: pd.DataFrame) -> Any:
    try:
        with np.errstate(all="ignore"):  # what is not finite is reported with its column
            return spec.get_model_matrix(frame, na_action="ignore", context=None)
    except (FormulaicError, ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
        text = str(error).strip() or type(error).__name__
        raise MixedModelError(f"The columns of the formula cannot be computed: {text.splitlines()[0]}") from error


def make_coding(text: str, rows: Rows, *, direct: bool = True) -> tuple[Coding, Matrix]:
    """The coding of one part of a formula, and its matrix (n, p) on the rows that it is made on.

    Parameters
    ----------
    text : str
        A formula part without response and bars, for instance `visit*format + age`.
    rows : Rows
        The rows that are used, without missing values.
    direct : bool
        Code products of columns here; False has formulaic do it, with the same result.

    Raises
    ------
    MixedModelError
        When an expression of the part cannot be computed.
    """
    factors = {name: rows.labels(name).levels for name in required_columns(text) if rows.is_factor(name)}
    if direct and _is_simple(text, factors):
        coding = ProductCoding(_expressions(text), factors)
        values: dict[str, NDArray[Any]] = {
            name: rows.labels(name).codes if name in factors else rows.numbers(name) for name in required_columns(text)
        }
        return coding, coding.fill(values, len(rows))
    return _formulaic_coding(text, rows, factors)


def _is_simple(text: str, factors: Mapping[str, tuple[Any, ...]]) -> bool:
    """Plain columns only, and each factor has its margin in the model, so that every contrast is a reduced one."""
    if any(factor.eval_method.name != "LOOKUP" for term in factors_of(text) for factor in term):
        return False
    terms = _expressions(text)
    known = {frozenset(term) for term in terms}
    return all(frozenset(term) - {name} in known for term in terms for name in term if name in factors)


def _expressions(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(factor.expr) for factor in term) for term in factors_of(text))


def _formulaic_coding(text: str, rows: Rows, factors: dict[str, tuple[Any, ...]]) -> tuple[FormulaicCoding, Matrix]:
    """The coding by formulaic; a number under `C()` is a factor."""
    matrix = _materialise(parse_part(text), rows.frame)
    spec = matrix.model_spec
    terms = []
    for term in spec.formula:
        variables: dict[str, None] = {}
        for factor in term.factors:
            variables.update(dict.fromkeys(columns_of(factor)))
            inner = first_argument(factor)
            if inner is not None and inner not in factors:
                factors[inner] = rows.labels(inner).levels
        label = str(term) if str(term) != "1" else "Intercept"
        terms.append(Term(label, tuple(spec.term_indices[term]), tuple(variables)))
    coding = FormulaicCoding(spec, factors, tuple(map(str, matrix.columns)), tuple(terms))
    return coding, np.asarray(matrix, dtype=float)
