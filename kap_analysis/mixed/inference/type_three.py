"""Which hypothesis each term of the fixed part stands for: the type-3 hypotheses of SAS and of R's lmerTest.

A parameter is given to every level and to every combination of levels. An estimable function is a combination of the
parameters that the rows determine. The hypothesis of a term is made of the estimable functions that hold no parameters
but its own and those of the terms that contain it, less what the containing terms test themselves: those functions that
are orthogonal to the ones without own parameters (Goodnight 1978, SAS technical report R-101). Where every combination
of levels has rows, these are the hypotheses of sum-to-zero coding: a main effect is averaged over the levels of the
factors it interacts with, each counted the same, and taken where covariates are 0. Where combinations are empty the
hypotheses are those of lmerTest. They depend on no order of levels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.formula.formula import Factor, Part

Array = NDArray[np.float64]
NEGLIGIBLE = 1e-8  # of directions between columns of length 1


@dataclass(frozen=True)
class FullTerm:
    """A term with a column for every combination of levels.

    Attributes
    ----------
    label : str
        As it stands in the formula; empty for the constant.
    variables, numbers : frozenset of str
        Its factors, and those among them that are numbers.
    names : tuple of str
        Its columns, "arm plc, visit w2"; the first factor varies fastest.
    is_reference : numpy.ndarray
        Which columns hold the first of the sorted levels of a factor.
    values : numpy.ndarray
        (n, columns).
    """

    label: str
    variables: frozenset[str]
    numbers: frozenset[str]
    names: tuple[str, ...]
    is_reference: NDArray[np.bool_]
    values: Array

    def contains(self, other: FullTerm) -> bool:
        """Whether the other is a margin of this one: fewer factors, the same numbers."""
        return other.variables < self.variables and other.numbers == self.numbers


def full_terms(fit: FittedModel) -> list[FullTerm]:
    """The terms of the fixed part that have a column in the fit."""
    fixed, rows, terms = fit.design.fixed, Rows.of(fit.design.frame), fit.design.formula.fixed.terms
    kept, known = set(fixed.kept.tolist()), [_texts(factors) for factors in terms]
    pairs = zip(terms, fixed.coding.terms, strict=True)
    return [_full_term(factors, rows, known) for factors, coded in pairs if kept & set(coded.columns)]


def _texts(factors: Sequence[Factor]) -> frozenset[str]:
    return frozenset(factor.text for factor in factors)


def _full_term(factors: Sequence[Factor], rows: Rows, known: list[frozenset[str]]) -> FullTerm:
    names: list[tuple[str, ...]] = [()]
    is_reference, values = np.zeros(1, dtype=bool), np.ones((len(rows), 1))
    numbers = []
    for factor in factors:
        column = _column_of_levels(factor, factors, rows, known)
        if column is None:
            numbers.append(factor.text)
            coding, own = make_coding(Part(factor.text, ((factor,),)), rows)
            own_names, first = coding.names, np.zeros(own.shape[1], dtype=bool)
        else:
            labels = rows.labels(column)
            order = _sorted(labels.levels)
            own = (labels.codes[:, None] == np.array(order)).astype(float)
            own_names = tuple(f"{column} {labels.levels[at]}" for at in order)
            # A factor whose margin is not in the model has no reference in this term: b in a + a:b counts within a.
            first = (np.arange(len(order)) == 0) & (_texts(factors) - {factor.text} in known)
        names = [(*done, name) for name in own_names for done in names]
        is_reference = (first[:, None] | is_reference).ravel()
        values = (own[:, :, None] * values[:, None, :]).reshape(len(rows), -1)
    shown = tuple(", ".join(name) for name in names)
    label = ":".join(factor.text for factor in factors)
    return FullTerm(label, _texts(factors), frozenset(numbers), shown, is_reference, values)


def _column_of_levels(factor: Factor, factors: Sequence[Factor], rows: Rows, known: list[frozenset[str]]) -> str | None:
    """The column whose levels a factor codes; None for numbers. True and false are levels, as in R."""
    if factor.kind != "column" or rows.is_factor(factor.text):
        return factor.text if factor.kind == "column" else factor.levels_of
    is_bool = pd.api.types.is_bool_dtype(rows.columns.column(factor.text).dtype)
    return factor.text if is_bool and _texts(factors) - {factor.text} in known else None


def _sorted(levels: tuple[Any, ...]) -> list[int]:
    """Positions of the levels in sorted order."""
    try:
        return sorted(range(len(levels)), key=levels.__getitem__)
    except TypeError:
        return sorted(range(len(levels)), key=lambda at: str(levels[at]))


@dataclass(frozen=True)
class TypeThree:
    """The hypotheses of one fit: its terms with all their columns, and its design matrix (n, p)."""

    terms: list[FullTerm]
    x: Array

    @classmethod
    def of(cls, fit: FittedModel) -> TypeThree:
        """The hypotheses of a fit."""
        return cls(full_terms(fit), fit.design.x)

    @property
    def empty(self) -> list[str]:
        """Combinations of levels without a row."""
        return [name for term in self.terms for name, v in zip(term.names, term.values.T, strict=True) if not v.any()]

    @cached_property
    def _slices(self) -> list[slice]:
        ends = list(itertools.accumulate(term.values.shape[1] for term in self.terms))
        return [slice(end - term.values.shape[1], end) for term, end in zip(self.terms, ends, strict=True)]

    @cached_property
    def _estimable(self) -> tuple[Array, Array]:
        """Estimable functions of the parameters (parameters, p), and the rows of L that they are (p, p)."""
        values = np.hstack([term.values for term in self.terms])
        size = np.sqrt(np.einsum("ij,ij->j", values, values))
        size[size == 0] = 1.0
        q, r = np.linalg.qr(values / size)
        u, s, vt = np.linalg.svd(r)
        p = self.x.shape[1]
        basis = q @ u[:, :p]
        gap = np.abs(self.x - basis @ (basis.T @ self.x)).max(initial=0.0)
        if (s[p:] > NEGLIGIBLE * s[0]).any() or gap > 1e-6 * np.abs(self.x).max(initial=1.0):
            raise MixedModelError(
                "The terms of this formula have no hypotheses of type 3: with all levels of its factors the fixed part "
                "would be another model. Test rows of L of your own with f_test()."
            )
        return (vt[:p] * size).T, (basis / s[:p]).T @ self.x

    def rows(self, term: FullTerm) -> Array:
        """The hypothesis of a term as rows of L (df, p); no row where other terms leave it none of its own.

        They are differences from the first of the sorted levels: Satterthwaite's df of an F depend a little on which
        rows span a hypothesis, and these are the rows of lmerTest where R has sorted the levels, as it does by default.
        """
        functions, rows = self._estimable
        own, others = self._columns([term]), np.ones(len(functions), dtype=bool)
        others[own] = others[self._columns([one for one in self.terms if one.contains(term)])] = False
        allowed = _null_space(functions[others])
        functions, rows = functions @ allowed, allowed.T @ rows
        without_own = functions @ _null_space(functions[own])
        alone = _null_space(without_own.T @ functions)
        functions, rows = functions @ alone, alone.T @ rows
        order = np.concatenate([own[~term.is_reference], own[term.is_reference]])
        chosen = _first_independent(functions[order])
        found = np.linalg.solve(functions[order][chosen].T, rows) if len(chosen) else rows[:0]
        return np.where(np.abs(found) > 1e-10 * np.abs(found).max(initial=0.0), found, 0.0)

    def _columns(self, terms: list[FullTerm]) -> NDArray[np.intp]:
        places = [
            np.arange(at.start, at.stop) for one, at in zip(self.terms, self._slices, strict=True) if one in terms
        ]
        return np.concatenate([np.zeros(0, dtype=np.intp), *places])


def _null_space(matrix: Array) -> Array:
    """Orthonormal columns that the matrix turns to 0."""
    size = np.abs(matrix).max(initial=0.0)
    if size == 0:
        return np.eye(matrix.shape[1])
    _, s, vt = np.linalg.svd(matrix)
    return np.asarray(vt[int((s > NEGLIGIBLE * s[0]).sum()) :].T)


def _first_independent(matrix: Array) -> list[int]:
    """The first rows that span what all rows span."""
    chosen: list[int] = []
    basis = np.zeros((0, matrix.shape[1]))
    least = 1e-6 * float(np.abs(matrix).max(initial=0.0))
    for at, row in enumerate(matrix):
        rest = row - basis.T @ (basis @ row)
        length = np.linalg.norm(rest)
        if length > least and len(chosen) < matrix.shape[1]:
            chosen.append(at)
            basis = np.vstack([basis, rest / length])
    return chosen
