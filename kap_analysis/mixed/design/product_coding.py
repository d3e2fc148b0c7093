"""Design columns of sums of products, without formulaic: `visit*format + age`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.new_rows import new_values
from kap_analysis.mixed.design.term import Term

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class ProductCoding:
    """Sums of products of columns: numbers as they stand, factors by treatment contrasts against their first level.

    Names and order of the columns are formulaic's, which a test holds: the levels of the first factor change fastest.

    Attributes
    ----------
    terms_of : tuple of tuple of str
        The columns of the data in each term.
    factors : mapping
        Each column of levels with its levels in order.
    recipe : tuple
        For each design column, the data columns that are multiplied: each with the level that is meant, or -1.
    """

    terms_of: tuple[tuple[str, ...], ...]
    factors: Mapping[str, tuple[Any, ...]]
    names: tuple[str, ...] = field(init=False)
    terms: tuple[Term, ...] = field(init=False)
    recipe: tuple[tuple[tuple[str, int], ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        names: list[str] = []
        terms: list[Term] = []
        recipe: list[tuple[tuple[str, int], ...]] = []
        for variables in self.terms_of:
            columns: list[tuple[tuple[str, int], ...]] = [()]
            for name in variables:
                choices = range(1, len(self.factors[name])) if name in self.factors else (-1,)
                columns = [(*done, (name, choice)) for choice in choices for done in columns]
            start = len(names)
            names += [":".join(self._part(*part) for part in column) or "Intercept" for column in columns]
            recipe += columns
            terms.append(Term(":".join(variables) or "Intercept", tuple(range(start, len(names))), variables))
        object.__setattr__(self, "names", tuple(names))
        object.__setattr__(self, "terms", tuple(terms))
        object.__setattr__(self, "recipe", tuple(recipe))

    def _part(self, name: str, choice: int) -> str:
        return name if choice < 0 else f"{name}[T.{self.factors[name][choice]}]"

    def rows(self, frame: pd.DataFrame) -> Matrix:
        """The design rows of `frame` (m, p)."""
        names = dict.fromkeys(name for variables in self.terms_of for name in variables)
        return self.fill(new_values(frame, names, self.factors), len(frame))

    def fill(self, values: Mapping[str, NDArray[Any]], n: int) -> Matrix:
        """The design rows (n, p) of columns that are read: numbers, and codes of factors."""
        out = np.empty((n, len(self.recipe)), order="F")
        for j, column in enumerate(self.recipe):
            if not column:
                out[:, j] = 1.0
            for at, (name, choice) in enumerate(column):
                part = values[name] if choice < 0 else values[name] == choice
                if at:
                    out[:, j] *= part
                else:
                    out[:, j] = part
        return out
