"""A design: the rows that are used as matrices and codes, and its parts: fixed part, bar terms, residual covariance."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.families import Structure
from kap_analysis.mixed.design.grouping import Grouping
from kap_analysis.mixed.design.labels import Mask
from kap_analysis.mixed.design.term import Coding, Term
from kap_analysis.mixed.errors import listed
from kap_analysis.mixed.formula.formula import MixedFormula

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class FixedPart:
    """What the response is regressed on.

    Attributes
    ----------
    names : tuple of str
        The p columns of x, named as formulaic names them: "Intercept", "format[T.group]", "month:format[T.group]".
    dropped : tuple of str
        Columns that were left out because those before them say the same.
    terms : tuple of Term
        The terms that have a column left; their `columns` count in `names`.
    factors : mapping
        Each column that is coded by levels, with its levels in order; the first is the reference.
    numeric : mapping
        Each column of numbers, with its mean over the rows.
    coding : Coding
        What makes design rows, dropped columns included.
    kept : numpy.ndarray
        Which columns of the coding are the p columns.
    aliases : numpy.ndarray
        (p, d): the d dropped columns are x times these.
    """

    names: tuple[str, ...]
    dropped: tuple[str, ...]
    terms: tuple[Term, ...]
    factors: Mapping[str, tuple[Any, ...]]
    numeric: Mapping[str, float]
    coding: Coding
    kept: Index
    aliases: Array

    def __repr__(self) -> str:
        return f"<FixedPart {listed(self.names)}>"

    def rows(self, frame: pd.DataFrame) -> Array:
        """The design rows (m, p) of any frame that has the columns of the fixed part.

        Raises
        ------
        MixedModelError
            When a column is not there, or a factor has a level that the model does not know.
        """
        rows = self.coding.rows(frame)
        return rows[:, self.kept] if self.dropped else rows

    def beyond(self, frame: pd.DataFrame) -> Array:
        """What rows of a frame ask of the dropped columns beyond what the p columns say (m, d).

        It is linear in the design rows: a combination of rows is estimable when the same combination of these is 0.
        """
        rows = self.coding.rows(frame)
        lost = np.setdiff1d(np.arange(rows.shape[1]), self.kept)
        return rows[:, lost] - rows[:, self.kept] @ self.aliases

    def estimable(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows of a frame (m,) the model can say something about: all of them, unless columns were dropped."""
        if not self.dropped:
            return np.ones(len(frame), dtype=bool)
        return are_estimable(self.rows(frame), self.beyond(frame))


def are_estimable(rows: Array, beyond: Array) -> NDArray[np.bool_]:
    """Which combinations of design rows (m, p) ask nothing of the dropped columns (m, d), but for rounding."""
    size = np.abs(rows).max(axis=1, initial=1.0)
    return np.asarray((np.abs(beyond) <= 1e-6 * size[:, None]).all(axis=1))


@dataclass(frozen=True, eq=False)
class Bar:
    """One bar term `(columns | grouping)`.

    Attributes
    ----------
    text : str
        As it stands in the formula, `||` and `a/b` written out.
    grouping : str
        "patient", "clinic:therapist".
    names : tuple of str
        The q columns; the constant is "(Intercept)".
    z : numpy.ndarray
        (n, q) columns.
    codes : numpy.ndarray
        (n,) the group of each row, -1 where it has none. Bars of one grouping share their groups.
    levels : tuple
        The groups in which a column of this grouping is not zero; `a:b` as text.
    """

    text: str
    grouping: str
    names: tuple[str, ...]
    z: Array
    codes: Index
    levels: tuple[Any, ...]
    coding: Coding
    groups: Grouping

    def __repr__(self) -> str:
        return f"<Bar {self.text}, {len(self.levels):,} levels>"

    def rows(self, frame: pd.DataFrame) -> tuple[Array, Index]:
        """z (m, q) and group codes (m,; -1 for groups that are not known) of new rows."""
        return self.coding.rows(frame), self.groups.of(frame)


@dataclass(frozen=True, eq=False)
class Residual:
    """The covariance of what bars leave over.

    Attributes
    ----------
    structure : Structure
        The record of its structure; INDEPENDENT where the formula has no residual term.
    strata : tuple
        The levels that have a covariance of their own; ("",) where there is one for all.
    stratum : numpy.ndarray
        (n,) the stratum of each row.
    subject : numpy.ndarray or None
        (n,) the subject of each row; None where rows are independent.
    subjects : tuple
        Their labels.
    visit : numpy.ndarray or None
        (n,) the visit of each row as a code, its time for a structure in time; None where rows are independent.
    visits : tuple
        The visits in order, or the distinct times.
    text : str
        As it stands in the formula; empty where rows are independent.
    """

    structure: Structure
    strata: tuple[Any, ...]
    stratum: Index
    subject: Index | None = None
    subjects: tuple[Any, ...] = ()
    visit: Index | Array | None = None
    visits: tuple[Any, ...] = ()
    text: str = ""


@dataclass(frozen=True, eq=False)
class Design:
    """Everything that the likelihood needs of formula and data.

    Attributes
    ----------
    formula : MixedFormula
        The formula, read.
    frame : pandas.DataFrame
        The n rows that are used, with the columns of the formula and the index of the data. A categorical has the
        categories that these rows have.
    kept : numpy.ndarray
        Which rows of the data these are.
    n_left_out : int
        Rows left out because a needed value is missing.
    response : str
        The left-hand side.
    y : numpy.ndarray
        (n,) the response.
    x : numpy.ndarray
        (n, p) the fixed part, without collinear columns.
    weights : numpy.ndarray or None
        (n,) precision weights.
    fixed : FixedPart
        What the columns of x are.
    bars : tuple of Bar
        The bar terms in the order of the formula.
    residual : Residual
        The covariance of what the bars leave over.
    """

    formula: MixedFormula
    frame: pd.DataFrame
    kept: Mask
    n_left_out: int
    response: str
    y: Array
    x: Array
    weights: Array | None
    fixed: FixedPart
    bars: tuple[Bar, ...]
    residual: Residual

    def __repr__(self) -> str:
        return f"<Design {self.in_words}>"

    @property
    def in_words(self) -> str:
        """Formula, rows and columns in one line."""
        rows, columns = self.x.shape
        return f"{textwrap.shorten(self.formula.text, 120, placeholder=' ...')!r}, {rows:,} rows, {columns:,} columns"
