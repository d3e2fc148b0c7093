"""A design whose levels are given, not found: the same columns on any part of the rows, and on none of them.

A part of the data may lack a level, a visit or a stratum that another part has. Where all parts agree on the levels
beforehand, each makes its own design, and all have the same columns and the same covariance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.structures import INDEPENDENT, STRUCTURES
from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.design.design import Bar, Design, FixedPart, Residual
from kap_analysis.mixed.design.grouping import make_grouping
from kap_analysis.mixed.design.labels import compress
from kap_analysis.mixed.design.new_rows import level_codes
from kap_analysis.mixed.design.product_coding import ProductCoding
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.formula import BarTerm, MixedFormula, Part
from kap_analysis.mixed.formula.parser import read_formula

Levels = Mapping[str, tuple[Any, ...]]


def design_with_levels(
    formula: str | MixedFormula,
    frame: pd.DataFrame,
    levels: Levels,
    *,
    residual_by: str | None = None,
    weights: str | None = None,
    numbers: Collection[str] = (),
) -> Design:
    """The design of a formula of products of columns on some rows, or on none.

    Parameters
    ----------
    formula : str or MixedFormula
        Its fixed part and bars add and multiply columns; the factors are those of `levels`.
    frame : pandas.DataFrame
        Rows without missing values; a frame without rows gives the columns alone.
    levels : mapping
        Of each factor, of the visits and of the strata, in order.
    residual_by : str, optional
        The column whose levels have a residual variance each.
    weights : str, optional
        The column of precision weights.
    numbers : collection of str
        Columns that the formula multiplies as numbers although they have levels, which are then those of strata.

    Raises
    ------
    MixedModelError
        When the formula holds more than columns, or a row has a level that is not given.
    """
    read = read_formula(formula)
    factors = {name: found for name, found in levels.items() if name not in numbers}
    coding = _coding(read.fixed, factors)
    n, p = len(frame), len(coding.names)
    x = np.asfortranarray(coding.rows(frame)) if n else np.zeros((0, p))
    fixed = FixedPart(
        names=coding.names,
        dropped=(),
        terms=coding.terms,
        factors=coding.factors,
        numeric={},
        coding=coding,
        kept=np.arange(p, dtype=np.intp),
        aliases=np.zeros((p, 0)),
    )
    y = frame[read.response.text].to_numpy(dtype=float)
    bars = tuple(_bar(bar, frame, factors) for bar in read.bars)
    residual = _residual(read, frame, levels, residual_by)
    used = None if weights is None else frame[weights].to_numpy(dtype=float)
    return Design(read, frame, np.ones(n, dtype=bool), 0, read.response.text, y, x, used, fixed, bars, residual)


def _coding(part: Part, levels: Levels) -> ProductCoding:
    strange = [factor.text for term in part.terms for factor in term if factor.kind != "column"]
    if strange:
        raise MixedModelError(f"Where levels are given, a formula multiplies columns only; found {strange[0]}.")
    factors = {name: levels[name] for name in part.columns if name in levels}
    return ProductCoding(tuple(tuple(factor.text for factor in term) for term in part.terms), factors)


def _bar(term: BarTerm, frame: pd.DataFrame, levels: Levels) -> Bar:
    coding, columns = _coding(term.part, levels), Columns(frame)
    z = coding.rows(frame) if len(frame) else np.zeros((0, len(coding.names)))
    groups = make_grouping(term.grouping, [columns.labels(name) for name in term.grouping])
    groups = groups.among((z != 0).any(axis=1))
    names = tuple("(Intercept)" if name == "Intercept" else name for name in coding.names)
    return Bar(term.text, groups.name, names, z, groups.codes, groups.levels, coding, groups)


def _residual(read: MixedFormula, frame: pd.DataFrame, levels: Levels, residual_by: str | None) -> Residual:
    term = read.residual
    if term is None:
        return Residual(INDEPENDENT, *_strata(residual_by, frame, levels))
    labels = Columns(frame).labels(term.subject)
    subject, old = compress(labels.codes, len(labels.levels))
    return Residual(
        STRUCTURES[term.structure],
        *_strata(term.stratum, frame, levels),
        subject,
        tuple(labels.levels[i] for i in old),
        level_codes(frame[term.visit], levels[term.visit]),
        levels[term.visit],
        term.text,
    )


def _strata(name: str | None, frame: pd.DataFrame, levels: Levels) -> tuple[tuple[Any, ...], NDArray[np.intp]]:
    if name is None:
        return ("",), np.zeros(len(frame), dtype=np.intp)
    return levels[name], level_codes(frame[name], levels[name])
