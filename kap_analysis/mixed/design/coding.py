"""From columns of a table to columns of a design matrix.

formulaic does this for any formula. The usual formula only adds and multiplies columns: it is coded directly, into the
same columns under the same names, without the second copy of the data that formulaic makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype

from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.design.formulaic_coding import code_by_formulaic
from kap_analysis.mixed.design.product_coding import ProductCoding
from kap_analysis.mixed.design.term import Coding
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.bounds import check_columns
from kap_analysis.mixed.formula.formula import Factor, Part, quoted

Matrix = NDArray[np.float64]


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
    check_width(part, factors)
    if direct and is_product(part, factors):
        coding = ProductCoding(tuple(tuple(factor.text for factor in term) for term in part.terms), factors)
        values: dict[str, NDArray[Any]] = {
            name: rows.labels(name).codes if name in factors else rows.numbers(name) for name in part.columns
        }
        return coding, coding.fill(values, len(rows))
    return code_by_formulaic(part, rows, factors)


def check_width(part: Part, factors: Mapping[str, tuple[Any, ...]]) -> None:
    """Raise where a part has more columns than a design can have."""
    check_columns(sum(_columns_of(term, factors) for term in part.terms), part.text)


def _columns_of(term: tuple[Factor, ...], factors: Mapping[str, tuple[Any, ...]]) -> int:
    """How many columns a term makes at least: the levels beyond the first of its factors multiplied."""
    names = [factor.text if factor.kind == "column" else factor.levels_of for factor in term]
    return prod(max(len(factors[name]) - 1, 1) for name in names if name is not None and name in factors)


def is_logical(factor: Factor, rows: Rows) -> bool:
    """Whether a factor is true or false: such a column, or what a formula computes, as `I(age > 60)`."""
    if factor.kind != "column":
        return factor.is_logical
    return not rows.is_factor(factor.text) and is_bool_dtype(rows.columns.column(factor.text).dtype)


def check_logicals(part: Part, rows: Rows) -> None:
    """Raise where R would give true and false a column each, and one column of 0 and 1 would be another model."""
    known = {frozenset(factor.text for factor in term) for term in part.terms}
    for term in part.terms:
        for factor in term:
            if frozenset(one.text for one in term) - {factor.text} not in known and is_logical(factor, rows):
                name = quoted(factor.text) if factor.kind == "column" else factor.text
                raise MixedModelError(
                    f"{factor.text} is true or false, and stands in {part.text!r} where R gives each of the two a "
                    f"column: write C({name}) for that, or I({name} + 0) for one column of 0 and 1."
                )


def is_product(part: Part, factors: Mapping[str, tuple[Any, ...]]) -> bool:
    """Whether a part multiplies plain columns only, and with each interaction the term without this factor.

    Where that term is missing, as in `0 + visit` or `month:format` alone, R and formulaic code the factor by all of its
    levels instead of treatment contrasts. formulaic knows when.
    """
    if any(factor.kind != "column" for term in part.terms for factor in term):
        return False
    terms = [tuple(factor.text for factor in term) for term in part.terms]
    known = {frozenset(term) for term in terms}
    return all(frozenset(term) - {name} in known for term in terms for name in term if name in factors)
