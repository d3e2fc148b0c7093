"""Which hypothesis each term of the fixed part stands for: the type-3 hypotheses of SAS and of R's lmerTest.

A parameter is given to every level and to every combination of levels. An estimable function is a combination of the
parameters that the rows determine. The hypothesis of a term is made of the estimable functions that hold no parameters
but its own and those of the terms that contain it, less what the containing terms test themselves: those functions that
are orthogonal to the ones without own parameters (Goodnight 1978, SAS technical report R-101). Where every combination
of levels has rows, these are the hypotheses of sum-to-zero coding: a main effect is averaged over the levels of the
factors it interacts with, each counted the same, and taken where covariates are 0. Where combinations are empty the
hypotheses are those of lmerTest, but where rows fall into parts that share no level of another factor: what lmerTest
then tests depends on the order of the levels, and these depend on none.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.design.coding import is_logical, make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.fitted_model import FittedModel
from kap_analysis.mixed.formula.formula import Factor, Part

Array = NDArray[np.float64]
#: What some levels are called, and which rows have each (n, levels).
Levels = tuple[tuple[str, ...], Array]
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
    is_empty : numpy.ndarray
        Which columns are combinations that no row has and some row could have: not a class within another school.
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
    is_empty: NDArray[np.bool_]
    values: Array

    def contains(self, other: FullTerm) -> bool:
        """Whether the other is a margin of this one: fewer factors, the same numbers."""
        return other.variables < self.variables and other.numbers == self.numbers


def full_terms(fit: FittedModel) -> list[FullTerm]:
    """The terms of the fixed part that have a column in the fit, and interactions of levels that lost all of theirs."""
    fixed, rows, terms = fit.design.fixed, Rows.of(fit.design.frame), fit.design.formula.fixed.terms
    kept, known = set(fixed.kept.tolist()), [_texts(factors) for factors in terms]
    whole = [_full_term(factors, rows, known) for factors in terms]
    pairs = zip(whole, fixed.coding.terms, strict=True)
    return [term for term, coded in pairs if kept & set(coded.columns) or len(term.variables - term.numbers) > 1]


def _texts(factors: Sequence[Factor]) -> frozenset[str]:
    return frozenset(factor.text for factor in factors)


def _full_term(factors: Sequence[Factor], rows: Rows, known: list[frozenset[str]]) -> FullTerm:
    names: list[tuple[str, ...]] = [()]
    is_reference, values = np.zeros(1, dtype=bool), np.ones((len(rows), 1))
    numbers, of_levels = [], {}
    for factor in factors:
        levels = _levels(factor, factors, rows, known)
        if levels is None:
            numbers.append(factor.text)
            own_names, own = _coded(factor, rows)
            first = np.zeros(own.shape[1], dtype=bool)
        else:
            own_names, own = levels
            of_levels[len(names[0])] = levels
            # A factor whose margin is not in the model has no reference in this term: b in a + a:b counts within a.
            first = (np.arange(len(own_names)) == 0) & (_texts(factors) - {factor.text} in known)
        names = [(*done, name) for name in own_names for done in names]
        is_reference = (first[:, None] | is_reference).ravel()
        values = (own[:, :, None] * values[:, None, :]).reshape(len(rows), -1)
    is_empty = ~values.any(axis=0) & ~_cannot_be(names, of_levels)
    shown = tuple(", ".join(name) for name in names)
    label = ":".join(factor.text for factor in factors)
    return FullTerm(label, _texts(factors), frozenset(numbers), shown, is_reference, is_empty, values)


def _cannot_be(names: list[tuple[str, ...]], of_levels: Mapping[int, Levels]) -> NDArray[np.bool_]:
    """Which combinations put a level with another than the one that it lies in, where each level lies in one."""
    found = np.zeros(len(names), dtype=bool)
    for (one, (inner, is_inner)), (other, (outer, is_outer)) in itertools.permutations(of_levels.items(), 2):
        together = is_inner.T @ is_outer > 0
        if (together.sum(axis=1) == 1).all():
            found |= [not together[inner.index(name[one]), outer.index(name[other])] for name in names]
    return found


def _levels(factor: Factor, factors: Sequence[Factor], rows: Rows, known: list[frozenset[str]]) -> Levels | None:
    """What a factor's sorted levels are called, and which rows have each; None for numbers.

    True and false are levels where the margin without them is in the model, as in R.
    """
    has_margin = _texts(factors) - {factor.text} in known
    if factor.kind == "expression" and is_logical(factor, rows) and has_margin:
        (value,) = _coded(factor, rows)[1].T
        return (f"{factor.text} False", f"{factor.text} True"), np.column_stack([1.0 - value, value])
    column = factor.text if factor.kind == "column" else factor.levels_of
    if column is None or not (factor.levels_of or rows.is_factor(column) or (is_logical(factor, rows) and has_margin)):
        return None
    labels = rows.labels(column)
    order = _sorted(labels.levels)
    return tuple(f"{column} {labels.levels[at]}" for at in order), (labels.codes[:, None] == order).astype(float)


def _coded(factor: Factor, rows: Rows) -> tuple[tuple[str, ...], Array]:
    """The columns that a factor has alone, by name."""
    coding, own = make_coding(Part(factor.text, ((factor,),)), rows)
    return tuple(coding.names), own


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
        return [term.names[at] for term in self.terms for at in np.flatnonzero(term.is_empty)]

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
