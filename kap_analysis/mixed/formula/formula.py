"""A formula that has been read: response, fixed part, bar terms and residual covariance, each down to its columns.

Everything after the parser works with these records. No text of a formula is read a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from kap_analysis.mixed.covariance.structures import STRUCTURES

#: A column that needs no backticks; as in R a dot may stand in it.
NAME = r"[^\W\d]\w*(?:\.\w+)*"


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a term: a column, a number that scales the term, or an expression such as `log(age)`.

    Attributes
    ----------
    text : str
        As it is shown; a column without backticks.
    kind : {"column", "number", "expression"}
    columns : tuple of str
        The columns of the data that it reads.
    code : str
        For an expression, what is evaluated: its columns under the names of `placeholder`. Empty otherwise.
    levels_of : str or None
        The column of `C(column)`, whose values are levels also where they are numbers.
    listed : tuple
        The levels of `C(column, levels=[...])`.
    is_logical : bool
        Whether an expression is true or false, such as `I(age > 60)`.
    """

    text: str
    kind: Literal["column", "number", "expression"]
    columns: tuple[str, ...] = ()
    code: str = ""
    levels_of: str | None = None
    listed: tuple[Any, ...] = ()
    is_logical: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The fixed part, or the columns of a bar.

    Attributes
    ----------
    text : str
        As it stands in the formula.
    terms : tuple of tuple of Factor
        The terms in the order of the design columns, `a*b` written out; the constant is the term without factors.
    """

    text: str
    terms: tuple[tuple[Factor, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the part reads, each once, in the order in which they stand there."""
        return columns_of(factor for term in self.terms for factor in term)


@dataclass(frozen=True, slots=True)
class BarTerm:
    """One `(columns | grouping)` of a formula; `||` and `a/b` are already written out."""

    text: str
    part: Part
    grouping: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResidualTerm:
    """One `us(visit | stratum/subject)` of a formula."""

    text: str
    structure: str
    visit: str
    stratum: str | None
    subject: str


@dataclass(frozen=True, slots=True)
class MixedFormula:
    """A formula, read: `response ~ fixed + bars + residual`."""

    text: str
    response: Factor
    fixed: Part
    bars: tuple[BarTerm, ...]
    residual: ResidualTerm | None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the formula names, each once."""
        names = [*self.response.columns, *self.fixed.columns]
        for bar in self.bars:
            names += [*bar.part.columns, *bar.grouping]
        if self.residual is not None:
            names += filter(None, (self.residual.visit, self.residual.stratum, self.residual.subject))
        return tuple(dict.fromkeys(names))

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that name groups or subjects and stand nowhere else, so that no number is ever made of them."""
        residual = self.residual
        groups = [name for bar in self.bars for name in bar.grouping] + ([residual.subject] if residual else [])
        used = self._evaluated | ({residual.visit, residual.stratum or ""} if residual else set())
        return tuple(name for name in dict.fromkeys(groups) if name not in used)

    @property
    def labels(self) -> tuple[str, ...]:
        """The stratum and the visit of the residual covariance where they are labels and nothing else."""
        residual = self.residual
        if residual is None:
            return ()
        visit = None if STRUCTURES[residual.structure].in_time else residual.visit
        return tuple(name for name in (residual.stratum, visit) if name and name not in self._evaluated)

    @property
    def _evaluated(self) -> set[str]:
        """The columns that the response, the fixed part and the columns of the bars read."""
        of_bars = (name for bar in self.bars for name in bar.part.columns)
        return {*self.response.columns, *self.fixed.columns, *of_bars}


def columns_of(factors: Iterable[Factor]) -> tuple[str, ...]:
    """The columns that some factors read, each once."""
    return tuple(dict.fromkeys(column for factor in factors for column in factor.columns))


def placeholder(column: str, *, as_levels: bool = False) -> str:
    """The name of a column in code that is evaluated.

    It is made of the column's name alone and can be no word of Python and no function, so that columns may be called
    `C`, `class` or `t.x`. One column has two names, because `time + C(time)` needs its numbers and its levels.
    """
    return f"_{'levels' if as_levels else 'values'}_{column.encode().hex()}_"


def quoted(column: str) -> str:
    """A column as it is written in a formula."""
    return column if re.fullmatch(NAME, column) else f"`{column}`"


def column_factor(name: str) -> Factor:
    """The factor that is one column."""
    return Factor(name, "column", (name,))
