"""Which rows of the data a model can use: those that have every value it needs, and a group wherever a bar acts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Columns, Rows
from kap_analysis.mixed.design.design import Bar
from kap_analysis.mixed.design.grouping import Grouping, check_is_label, make_grouping
from kap_analysis.mixed.design.labels import Mask
from kap_analysis.mixed.design.term import Coding
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.formula.formula import BarTerm, MixedFormula

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Needed:
    """The columns that a model needs.

    Attributes
    ----------
    complete : tuple of str
        Those without which a row cannot be used.
    groups : tuple of str
        Those that name the groups of bars.
    levels : tuple of str
        Those that the user is told about when a level of them is left in no row.
    """

    complete: tuple[str, ...]
    groups: tuple[str, ...]
    levels: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        return list(dict.fromkeys(self.complete + self.groups))


def needed_columns(formula: MixedFormula, residual_by: str | None, weights: str | None) -> Needed:
    """The columns of a formula, of `residual_by` and of the weights."""
    response = formula.response.columns
    fixed = formula.fixed.columns
    in_bars = [name for bar in formula.bars for name in bar.part.columns]
    strata = [] if residual_by is None else [residual_by]
    subject = []
    if formula.residual is not None:
        strata = [name for name in (formula.residual.visit, formula.residual.stratum) if name is not None]
        subject = [formula.residual.subject]
    complete = [*response, *fixed, *in_bars, *strata, *subject]
    groups = [name for bar in formula.bars for name in bar.grouping]
    last = [] if weights is None else [weights]
    return Needed(
        tuple(dict.fromkeys(complete)), tuple(dict.fromkeys(groups + last)), tuple(dict.fromkeys([*fixed, *strata]))
    )


def usable_rows(formula: MixedFormula, columns: Columns, needed: Needed) -> tuple[Rows, tuple[Bar, ...]]:
    """The rows that can be used, and the bars on them.

    Raises
    ------
    MixedModelError
        When no row is left, or a bar is grouped by measurements.
    """
    kept = _complete_rows(columns, needed)
    groupings = _groupings(formula, columns)
    while True:
        rows = Rows(columns, kept, needed.all)
        bars, without = _bars_on(formula, rows, groupings)
        if not without.any():
            return rows, bars
        kept = kept.copy()
        kept[np.flatnonzero(kept)[without]] = False
        _check_some_left(kept, columns, needed.all)


def _complete_rows(columns: Columns, needed: Needed) -> Mask:
    kept = np.ones(len(columns.data), dtype=bool)
    for name in needed.complete:
        kept &= ~columns.missing(name)
    _check_some_left(kept, columns, needed.complete)
    return kept


def _check_some_left(kept: Mask, columns: Columns, names: list[str] | tuple[str, ...]) -> None:
    if kept.any():
        return
    counts = {name: int(columns.missing(name).sum()) for name in names}
    worst = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])[:3]
    missing = ", ".join(f"{name} in {counts[name]}" for name in worst)
    raise MixedModelError(
        f"None of the {len(kept)} rows has all that the formula needs: missing are {missing}. "
        "Fill these columns or leave them out of the formula."
    )


def _groupings(formula: MixedFormula, columns: Columns) -> dict[tuple[str, ...], Grouping]:
    """Each grouping once, on all rows of the data."""
    made: dict[tuple[str, ...], Grouping] = {}
    for bar in formula.bars:
        if bar.grouping in made:
            continue
        labels = [columns.labels(name) for name in bar.grouping]
        for name, one in zip(bar.grouping, labels, strict=True):
            check_is_label(
                name, one, f"the grouping of {bar.text}", "Group by a column of labels, such as the patient."
            )
        made[bar.grouping] = make_grouping(bar.grouping, labels)
    return made


def _bars_on(
    formula: MixedFormula, rows: Rows, groupings: dict[tuple[str, ...], Grouping]
) -> tuple[tuple[Bar, ...], Mask]:
    """The bars on some rows, and which of these rows have no group although a bar acts on them."""
    here = {columns: grouping.on(rows.kept) for columns, grouping in groupings.items()}
    without = np.zeros(len(rows), dtype=bool)
    acts: dict[tuple[str, ...], Mask] = {}
    made = []
    for bar in formula.bars:
        coding, z = make_coding(bar.part, rows)
        active = np.ones(len(rows), dtype=bool) if () in bar.part.terms else (z != 0).any(axis=1)
        acts[bar.grouping] = acts[bar.grouping] | active if bar.grouping in acts else active
        without |= active & (here[bar.grouping].codes < 0)
        made.append((bar, coding, z))
    shared = {columns: grouping.among(acts[columns]) for columns, grouping in here.items()}
    return tuple(_bar(term, coding, z, shared[term.grouping]) for term, coding, z in made), without


def _bar(term: BarTerm, coding: Coding, z: Array, groups: Grouping) -> Bar:
    constant = [column for one in coding.terms if not one.variables for column in one.columns]
    names = tuple("(Intercept)" if at in constant else name for at, name in enumerate(coding.names))
    return Bar(term.text, groups.name, names, z, groups.codes, groups.levels, coding, groups)
