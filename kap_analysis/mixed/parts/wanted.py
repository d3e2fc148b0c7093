"""What a model asks of each part, and the rows of a part that have it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.covariance.structures import STRUCTURES
from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.design.rows_used import Needed, needed_columns
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.formula import BarTerm, MixedFormula
from kap_analysis.mixed.parts.parts_of_data import Part

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Wanted:
    """What a model asks of each part.

    Attributes
    ----------
    formula : MixedFormula
    residual_by, weights : str or None
        Columns.
    """

    formula: MixedFormula
    residual_by: str | None
    weights: str | None

    @cached_property
    def needed(self) -> Needed:
        return needed_columns(self.formula, self.residual_by, self.weights)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return tuple(self.needed.all)

    @property
    def strata(self) -> tuple[str, ...]:
        """Columns that are coded by their levels whatever they hold: visits and strata."""
        residual = self.formula.residual
        names = [self.residual_by] if residual is None else [residual.visit, residual.stratum]
        return tuple(name for name in names if name is not None)

    @property
    def groupings(self) -> tuple[tuple[str, ...], ...]:
        """The groupings of the bars and the subject of the residual, each once."""
        subject = [(self.formula.residual.subject,)] if self.formula.residual is not None else []
        return tuple(dict.fromkeys([*(bar.grouping for bar in self.formula.bars), *subject]))


def check_formula(wanted: Wanted) -> None:
    """Raise for what cannot be coded part by part.

    Raises
    ------
    MixedModelError
        Naming the term, and what to do.
    """
    formula = wanted.formula
    odd = [factor.text for term in formula.fixed.terms for factor in term if factor.kind != "column"]
    odd += [
        factor.text for bar in formula.bars for term in bar.part.terms for factor in term if factor.kind != "column"
    ]
    if formula.response.kind != "column":
        odd.insert(0, formula.response.text)
    if odd:
        raise MixedModelError(
            f"Of data in parts a formula names columns, and adds and multiplies them; found {odd[0]}. "
            "Make a column of it in the data first."
        )
    if formula.residual is not None and STRUCTURES[formula.residual.structure].in_time:
        raise MixedModelError(
            f"{formula.residual.text} is a correlation in time, which is not fitted from parts. Use scheduled visits."
        )


@dataclass(frozen=True)
class UsedRows:
    """The rows of a part that have all that the model needs.

    Attributes
    ----------
    columns : Columns
        The needed columns of these rows.
    n_left_out : int
        The other rows.
    whole : Columns
        All rows of the part.
    """

    columns: Columns
    n_left_out: int
    whole: Columns

    def __len__(self) -> int:
        return len(self.columns.data)


def used_rows(part: Part, wanted: Wanted) -> UsedRows:
    """The rows of a part that a model can use: as of a table in memory."""
    frame = part.read(wanted.columns).reset_index(drop=True)
    whole = Columns(frame)
    kept = np.ones(len(frame), dtype=bool)
    for name in wanted.needed.complete:
        kept &= ~whole.missing(name)
    here = Columns(frame) if kept.all() else Columns(frame[kept].reset_index(drop=True))
    without = np.zeros(len(here.data), dtype=bool)
    if len(without):
        whole.require(wanted.columns)
        for bar in wanted.formula.bars:
            lost = np.zeros(len(without), dtype=bool)
            for name in bar.grouping:
                lost |= here.missing(name)
            without |= lost & (bar_columns(bar, here) != 0).any(axis=1)
    if without.any():
        here = Columns(here.data[~without].reset_index(drop=True))
    return UsedRows(here, len(frame) - len(here.data), whole)


def bar_columns(bar: BarTerm, columns: Columns) -> Array:
    """The columns of a bar (n, q), products of numbers.

    Raises
    ------
    MixedModelError
        For a factor, whose levels decide how many columns there are.
    """
    n = len(columns.data)
    out = np.ones((n, len(bar.part.terms)))
    for at, term in enumerate(bar.part.terms):
        for factor in term:
            if columns.is_factor(factor.text):
                raise MixedModelError(
                    f"Of data in parts the columns of a bar are numbers; {factor.text} of {bar.text} holds words. "
                    "Make a column of 0 and 1 for each of its levels."
                )
            out[:, at] *= columns.numbers(factor.text)
    return out
