"""From columns of a frame to columns of a design matrix.

formulaic does this for any formula. A formula that only adds and multiplies columns, with every lower-order term of a
product present, is coded here directly: the same columns under the same names, without a second copy of the data.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pandas as pd
from formulaic import Formula
from formulaic.errors import FormulaicError
from numpy.typing import NDArray

from kap_analysis.mixed.errors import MixedModelError, nearest

Matrix = NDArray[np.float64]


class Coding(Protocol):
    """What turns rows of a frame into rows of a design matrix."""

    names: tuple[str, ...]
    terms: tuple[tuple[str, tuple[int, ...], tuple[str, ...]], ...]
    factors: dict[str, tuple[Any, ...]]

    def rows(self, frame: pd.DataFrame) -> Matrix: ...


@lru_cache(maxsize=256)
def parse_fixed(text: str) -> Any:
    """formulaic's formula of a fixed part, read once."""
    try:
        return Formula(text)
    except Exception as error:  # formulaic raises several unrelated kinds here
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MixedModelError(f"The fixed part {text!r} does not parse: {first}") from error


@lru_cache(maxsize=256)
def _term_factors(text: str) -> tuple[tuple[str, ...], ...]:
    formula = parse_fixed(text)
    if hasattr(formula, "lhs"):
        raise MixedModelError(f"The fixed part {text!r} must not hold '~'.")
    return tuple(tuple(f.expr for f in term.factors) for term in formula)


@lru_cache(maxsize=256)
def required_columns(text: str) -> tuple[str, ...]:
    """The columns that a formula part needs."""
    return tuple(sorted(str(v) for v in parse_fixed(text).required_variables))


def is_factor(column: pd.Series) -> bool:
    """Whether a column is coded by its levels: text, object or category; numbers and booleans are numbers."""
    return not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype))


def levels_of(column: pd.Series) -> tuple[Any, ...]:
    """The levels of a factor in their order: the categories', else sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return tuple(column.cat.categories)
    return tuple(sorted(pd.unique(column.dropna())))


def level_codes(column: pd.Series, levels: tuple[Any, ...], name: str) -> NDArray[np.intp]:
    """Position of each value among `levels`; a value that is not one of them is an error."""
    if isinstance(column.dtype, pd.CategoricalDtype) and tuple(column.cat.categories) == levels:
        codes = column.cat.codes.to_numpy().astype(np.intp)
    else:
        codes = np.asarray(pd.Index(levels).get_indexer(pd.Index(column)), dtype=np.intp)
    if (codes < 0).any():
        strange = sorted({str(v) for v in column[codes < 0].unique()[:3]})
        raise MixedModelError(
            f"{name} has {', '.join(map(repr, strange))}, which the model does not know; its levels are {', '.join(map(str, levels))}."
        )
    return codes


@dataclass(frozen=True)
class ProductCoding:
    """Sums of products of columns: numbers as they stand, factors by treatment contrasts against their first level."""

    terms_of: tuple[tuple[str, ...], ...]
    factors: dict[str, tuple[Any, ...]]
    names: tuple[str, ...] = field(init=False)
    terms: tuple[tuple[str, tuple[int, ...], tuple[str, ...]], ...] = field(init=False)
    recipe: tuple[tuple[tuple[str, int], ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        names: list[str] = []
        terms = []
        recipe: list[tuple[tuple[str, int], ...]] = []
        for variables in self.terms_of:
            columns: list[tuple[tuple[str, int], ...]] = [()]
            for name in variables:
                choices = range(1, len(self.factors[name])) if name in self.factors else (-1,)
                columns = [(*done, (name, c)) for c in choices for done in columns]
            start = len(names)
            names += [":".join(self._part(n, c) for n, c in column) or "Intercept" for column in columns]
            recipe += columns
            terms.append((":".join(variables) or "Intercept", tuple(range(start, len(names))), variables))
        object.__setattr__(self, "names", tuple(names))
        object.__setattr__(self, "terms", tuple(terms))
        object.__setattr__(self, "recipe", tuple(recipe))

    def _part(self, name: str, code: int) -> str:
        return name if code < 0 else f"{name}[T.{self.factors[name][code]}]"

    def rows(self, frame: pd.DataFrame) -> Matrix:
        """The design rows of `frame` (m, p)."""
        used = {name for column in self.recipe for name, _ in column}
        values: dict[str, NDArray[Any]] = {}
        for name in used:
            if name not in frame.columns:
                raise MixedModelError(f"There is no column {name!r}. {nearest(name, frame.columns)}")
            if name in self.factors:
                values[name] = level_codes(frame[name], self.factors[name], name).astype(np.int32)
            else:
                values[name] = frame[name].to_numpy(dtype=float, na_value=np.nan)
        out = np.empty((len(frame), len(self.recipe)), order="F")
        for j, column in enumerate(self.recipe):
            out[:, j] = 1.0
            for name, code in column:
                out[:, j] *= values[name] if code < 0 else values[name] == code
        return out


@dataclass(frozen=True)
class FormulaicCoding:
    """Whatever formulaic can read: transforms, splines, own contrasts."""

    spec: Any
    factors: dict[str, tuple[Any, ...]]
    names: tuple[str, ...]
    terms: tuple[tuple[str, tuple[int, ...], tuple[str, ...]], ...]

    def rows(self, frame: pd.DataFrame) -> Matrix:
        """The design rows of `frame` (m, p)."""
        return np.asarray(_materialise(self.spec, frame), dtype=float)


def _materialise(spec: Any, frame: pd.DataFrame) -> Any:
    try:
        return spec.get_model_matrix(frame, na_action="ignore", context=None)
    except (FormulaicError, NameError, TypeError, ValueError, KeyError) as error:
        raise MixedModelError(f"The columns of the formula cannot be computed: {str(error).splitlines()[0]}") from error


def _is_simple(terms: tuple[tuple[str, ...], ...], frame: pd.DataFrame, factors: dict[str, tuple[Any, ...]]) -> bool:
    """Plain columns only, and each factor has its margin in the model, so that every contrast is a reduced one."""
    variables = [tuple(v for v in t if v != "1") for t in terms]
    if any(v not in frame.columns or not v.isidentifier() for t in variables for v in t):
        return False
    known = {frozenset(t) for t in variables}
    return all(frozenset(t) - {v} in known for t in variables for v in t if v in factors)


def make_coding(text: str, frame: pd.DataFrame, *, direct: bool = True) -> Coding:
    """The coding of one part of a formula on the rows of `frame`.

    Parameters
    ----------
    text : str
        A formula part without response and bars, for instance `visit*format + age`.
    frame : pandas.DataFrame
        The rows that are used, without missing values.
    direct : bool
        Code products of columns here; False has formulaic do it, with the same result.
    """
    terms = _term_factors(text)
    factors = {v: levels_of(frame[v]) for v in required_columns(text) if v in frame.columns and is_factor(frame[v])}
    if direct and _is_simple(terms, frame, factors):
        return ProductCoding(tuple(tuple(v for v in t if v != "1") for t in terms), factors)
    matrix = _materialise(parse_fixed(text), frame)
    spec = matrix.model_spec
    coded = tuple(
        (str(term) if str(term) != "1" else "Intercept", tuple(spec.term_indices[term]), tuple(sorted(map(str, spec.term_variables[term]))))
        for term in spec.formula
    )
    for term in spec.formula:
        for factor in term.factors:
            inner = factor.expr[2:].split(",")[0].rstrip(")").strip() if factor.expr.startswith("C(") else ""
            if inner in frame.columns:
                factors[inner] = levels_of(frame[inner])
    return FormulaicCoding(spec, factors, tuple(map(str, matrix.columns)), coded)
