"""What all parts agree on after the first look: the levels of every factor, and in which order."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.covariance.structures import STRUCTURES
from kap_analysis.mixed.design.coding import check_width, is_product
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.design.given_levels import design_with_levels
from kap_analysis.mixed.design.labels import Labels
from kap_analysis.mixed.design.residual import check_order
from kap_analysis.mixed.errors import MixedModelError, MixedModelWarning, listed
from kap_analysis.mixed.parts.part_counts import MIXED, PartCounts, SeenColumn
from kap_analysis.mixed.parts.wanted import Wanted


@dataclass(frozen=True)
class AgreedCoding:
    """How every part is coded.

    Attributes
    ----------
    wanted : Wanted
    levels : mapping
        Of each factor, of the visits and of the strata, in order.
    means : mapping
        Of each column of numbers of the fixed part.
    """

    wanted: Wanted
    levels: Mapping[str, tuple[Any, ...]]
    means: Mapping[str, float]

    def design(self, frame: pd.DataFrame) -> Design:
        """The design on some rows."""
        wanted = self.wanted
        return design_with_levels(
            wanted.formula,
            frame,
            self.levels,
            residual_by=wanted.residual_by,
            weights=wanted.weights,
            numbers=tuple(self.means),
        )

    def empty_design(self) -> Design:
        """The columns and the covariance without rows."""
        ids = {name for grouping in self.wanted.groupings for name in grouping}
        kinds = {name: "object" if name in self.levels or name in ids else "float64" for name in self.wanted.columns}
        return self.design(pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()}))


def agree(wanted: Wanted, counts: PartCounts) -> AgreedCoding:
    """The coding of all parts.

    Raises
    ------
    MixedModelError
        When no row can be used, a column is words here and numbers there, or categories contradict each other.
    """
    if not counts.n_used:
        missing = sorted((-n, name) for name, n in counts.missing.items() if n)[:3]
        lost = ", ".join(f"{name} in {-n}" for n, name in missing)
        raise MixedModelError(
            f"None of the {counts.n_left_out} rows of all parts has all that the formula needs"
            + (f": missing are {lost}. Fill these columns or leave them out of the formula." if lost else ".")
        )
    for name, column in counts.columns.items():
        if column.kind == MIXED:
            raise MixedModelError(f"{name} holds {MIXED}. Write it in one type, such as text, in all of them.")
    _check_numbers(wanted, counts)
    levels = {name: _levels(name, column) for name, column in counts.columns.items() if column.levels}
    numbers = [name for name in wanted.formula.fixed.columns if counts.columns[name].kind == "numbers"]
    _check_levels(wanted, levels, numbers)
    for name, column in counts.columns.items():
        never = sorted(column.lost - column.levels, key=str)
        if never:
            what = f"level {never[0]!r} of {name} is" if len(never) == 1 else f"levels {listed(never)} of {name} are"
            warnings.warn(
                f"The {what} never observed in the {counts.n_used} rows that are used, and left out of the model.",
                MixedModelWarning,
                stacklevel=4,
            )
    return AgreedCoding(wanted, levels, {name: counts.columns[name].total / counts.n_used for name in numbers})


def _check_numbers(wanted: Wanted, counts: PartCounts) -> None:
    response = wanted.formula.response.text
    for name, what in ((response, "The response"), (wanted.weights, "The weight")):
        if name is not None and counts.columns[name].kind == "words":
            raise MixedModelError(f"{what} {name} must be a number, found words. Convert it with pandas.to_numeric.")


def _check_levels(wanted: Wanted, levels: Mapping[str, tuple[Any, ...]], numbers: list[str]) -> None:
    fixed, residual = wanted.formula.fixed, wanted.formula.residual
    factors = {name: levels[name] for name in fixed.columns if name not in numbers}
    for name, found in factors.items():
        if len(found) < 2:
            raise MixedModelError(
                f"{name} has one level ({found[0]!r}) in the rows that are used, and nothing can be compared. "
                "Take it out of the formula."
            )
        if not isinstance(found[0], str | bool):
            raise MixedModelError(
                f"{name} is no column of numbers, and holds levels such as {found[0]!r}. Convert it with "
                "pandas.to_numeric, or to text if they are labels."
            )
    check_width(fixed, factors)
    if not is_product(fixed, factors):
        raise MixedModelError(
            f"{fixed.text.strip()} has an interaction without the terms it is made of, or no intercept, and its coding "
            "depends on all rows. Of data in parts write the terms out, such as visit*format."
        )
    if residual is not None and STRUCTURES[residual.structure].visits_in_order:
        check_order(Labels(np.zeros(0, dtype=np.intp), levels[residual.visit]), residual)


def _levels(name: str, column: SeenColumn) -> tuple[Any, ...]:
    """In the order of the categories where all parts have the same, or parts of one list; sorted otherwise."""
    lists = sorted(column.categories, key=len, reverse=True)
    if lists and all(lists):
        longest = lists[0]
        if all(_is_within(one, longest) for one in lists[1:]):
            return tuple(level for level in longest if level in column.levels)
        if column.ordered:
            raise MixedModelError(
                f"The ordered categories of {name} differ between parts: {listed(longest)} and {listed(lists[1])}. "
                "Write the same categories in the same order in all of them."
            )
    try:
        return tuple(sorted(column.levels))
    except TypeError:
        raise MixedModelError(f"{name} mixes words and numbers. Make them all text or all numbers.") from None


def _is_within(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether one list stands in the other in its order."""
    rest = iter(other)
    return all(level in rest for level in one)
