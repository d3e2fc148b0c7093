"""Building a design: which rows a formula can use, and these rows as matrices and codes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kap_analysis.mixed.design.checks import check_bars
from kap_analysis.mixed.design.coding import check_logicals, make_coding
from kap_analysis.mixed.design.collinearity import aliases_of, independent_columns
from kap_analysis.mixed.design.columns import Columns, Rows
from kap_analysis.mixed.design.design import Design, FixedPart
from kap_analysis.mixed.design.residual import check_one_residual, make_residual
from kap_analysis.mixed.design.response import read_response, read_weights
from kap_analysis.mixed.design.rows_used import needed_columns, usable_rows
from kap_analysis.mixed.design.tables import as_table
from kap_analysis.mixed.design.term import Term
from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning, listed
from kap_analysis.mixed.formula.formula import MixedFormula, Part
from kap_analysis.mixed.formula.parser import read_formula

Array = NDArray[np.float64]


def build_design(
    formula: str | MixedFormula,
    data: Any,
    *,
    residual_by: str | None = None,
    weights: str | ArrayLike | None = None,
) -> Design:
    """The design of a formula on the rows of a frame that have all that it needs.

    Parameters
    ----------
    formula : str or MixedFormula
        `response ~ fixed part + (columns | grouping) + structure(visit | stratum/subject)`, or what it was read as.
    data : pandas.DataFrame, or a table of polars or Arrow
        One row per observation. A row with a missing value in a needed column is left out; the group of a bar term may
        be missing where all columns of the bar are 0.
    residual_by : str, optional
        The column whose levels have a residual variance each.
    weights : str or array, optional
        Precision weights above 0, one per row of the data.

    Returns
    -------
    Design

    Raises
    ------
    MixedModelError
        When the formula does not parse or the data do not suit it.

    Warns
    -----
    MixedModelWarning
        Collinear columns of the fixed part are left out, as lme4 does; so are levels of a factor that no row has, as R
        does.
    """
    read = read_formula(formula)
    columns = _columns_of(data)
    _check_sides(read)
    check_one_residual(read.residual, residual_by)
    needed = needed_columns(read, residual_by, weights if isinstance(weights, str) else None)
    columns.require(needed.all, read.ids)
    rows, bars = usable_rows(read, columns, needed)
    y = read_response(read.response, columns, rows)
    used = read_weights(weights, columns, rows)
    rows.warn_of_lost_levels(name for name in needed.levels if rows.is_factor(name))
    fixed, x = _fixed_part(read.fixed, rows)
    residual = make_residual(read.residual, residual_by, rows)
    check_bars(bars, residual, weighted=used is not None)
    n = len(columns.data)
    kept = np.ones(n, dtype=bool) if rows.kept is None else rows.kept
    return Design(read, rows.frame, kept, n - len(y), read.response.text, y, x, used, fixed, bars, residual)


def _columns_of(data: Any) -> Columns:
    table = as_table(data)
    if not len(table):
        raise MixedModelError("The data have no rows.")
    return Columns(table)


def _fixed_part(part: Part, rows: Rows) -> tuple[FixedPart, Array]:
    """The fixed part and its matrix, without the columns that those before them already say."""
    check_logicals(part, rows)
    coding, x = make_coding(part, rows)
    _check_names(coding.names)
    _check_factors(part, coding.factors, rows)
    _check_finite(x, coding.names)
    kept = independent_columns(x)
    aliases = np.zeros((len(kept), 0))
    dropped = tuple(name for at, name in enumerate(coding.names) if at not in set(kept))
    if dropped:
        whole, x = x, np.asfortranarray(x[:, kept])
        aliases = aliases_of(x, np.delete(whole, kept, axis=1))
        _warn_of_dropped(dropped)
    _check_enough_rows(x)
    numbers = dict.fromkeys(name for term in coding.terms for name in term.variables if name not in coding.factors)
    fixed = FixedPart(
        names=tuple(coding.names[at] for at in kept),
        dropped=dropped,
        terms=_terms_left(coding.terms, kept),
        factors=coding.factors,
        numeric={name: float(rows.numbers(name).mean()) for name in numbers},
        coding=coding,
        kept=np.array(kept, dtype=np.intp),
        aliases=aliases,
    )
    return fixed, x


def _terms_left(terms: tuple[Term, ...], kept: list[int]) -> tuple[Term, ...]:
    at = {old: new for new, old in enumerate(kept)}
    moved = (replace(term, columns=tuple(at[column] for column in term.columns if column in at)) for term in terms)
    return tuple(term for term in moved if term.columns)


def _check_factors(part: Part, factors: Mapping[str, tuple[Any, ...]], rows: Rows) -> None:
    plain = {factor.text for term in part.terms for factor in term if factor.kind == "column"}
    for name, levels in factors.items():
        if len(levels) < 2:
            raise MixedModelError(
                f"{name} has one level ({levels[0]!r}) in the rows that are used, and nothing can be compared. "
                "Take it out of the formula."
            )
        if name in plain:
            rows.columns.check_stored(name)


def _check_sides(read: MixedFormula) -> None:
    if any(term == (read.response,) for term in read.fixed.terms):
        raise MixedModelError(f"{read.response.text} stands on both sides of '~'. Take it out of the right one.")


def _check_names(names: tuple[str, ...]) -> None:
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    if twice:
        raise MixedModelError(
            f"The fixed part has two columns called {twice[0]!r}, and no table could tell them apart. "
            "Rename the column of the data."
        )


def _check_finite(x: Array, names: tuple[str, ...]) -> None:
    if np.isfinite(np.einsum("ij->", x)):
        return
    for at, name in enumerate(names):
        wrong = x[~np.isfinite(x[:, at]), at]
        if len(wrong):
            raise MixedModelError(
                f"The column {name} of the fixed part is {wrong[0]:g} in {len(wrong)} of {len(x)} rows. "
                "Correct these values or make them missing."
            )


def _warn_of_dropped(dropped: tuple[str, ...]) -> None:
    what = f"{len(dropped)} columns of the fixed part are combinations of those before them"
    if len(dropped) == 1:
        what = "One column of the fixed part is a combination of those before it"
    warnings.warn(
        f"{what} and left out: {listed(dropped)}.",
        MixedModelWarning,
        stacklevel=5,  # where mixedlm is called
    )


def _check_enough_rows(x: Array) -> None:
    n, p = x.shape
    if n <= p:
        raise MixedModelError(
            f"{n} rows are too few for {p} coefficients: there must be more rows than coefficients. Take terms out."
        )
