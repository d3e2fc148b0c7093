"""The reference grid: which design rows a marginal mean averages, and with which weights.

A marginal mean is ``l'beta``. Its row ``l`` is an average of design rows over a grid of levels, as in emmeans (Searle,
Speed & Milliken 1980, doi:10.1080/00031305.1980.10483031), or over the patients who were analysed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.errors import MixedModelError, require_name
from kap_analysis.mixed.fitted_model import Answering
from kap_analysis.mixed.means.nesting import Nests, counts_of, find_nests

Array = np.ndarray


@dataclass(frozen=True)
class ReferenceGrid:
    """The values that the columns of the fixed part take on the grid.

    Attributes
    ----------
    fit : FittedModel or FitInParts
        The fit.
    values : mapping
        For each column its values: the levels of a factor, both values of a number that has two, the mean of any other
        number, or what was asked for.
    counted : pandas.DataFrame
        (rows, columns): where each analysed row stands among the values of factors and of numbers with two values; rows
        with a level that was not asked for are left out.
    """

    fit: Answering
    values: dict[str, list[Any]]
    counted: pd.DataFrame

    @classmethod
    def of(cls, fit: Answering, at: Mapping[str, Any]) -> ReferenceGrid:
        """The grid of a fit, some columns restricted to the values in ``at``."""
        fixed, rows = fit.design.fixed, Rows.of(fit.design.frame)
        values: dict[str, list[Any]] = {}
        codes: dict[str, Array] = {}
        for column in fit.design.formula.fixed.columns:
            wanted = _as_list(at[column]) if column in at else None
            if wanted == []:
                raise MixedModelError(f"at gives {column!r} no value. Give one or more, or leave it out of at.")
            if column in fixed.factors:
                levels = fixed.factors[column]
                for level in wanted or ():
                    require_name(level, levels, f"level of {column}")
                values[column] = list(levels) if wanted is None else wanted
                place = np.array([_index(level, values[column]) for level in levels])
                codes[column] = place[rows.labels(column).codes]
            elif wanted is not None:
                odd = [value for value in wanted if not _is_finite(value)]
                if odd:
                    raise MixedModelError(f"at sets {column!r} to {odd[0]!r}; give finite numbers.")
                values[column] = wanted
            else:
                numbers = rows.numbers(column)
                distinct = np.unique(numbers)
                if len(distinct) == 2:
                    values[column] = [_as_given(value, fit.design.frame[column]) for value in distinct]
                    codes[column] = (numbers == distinct[1]).astype(int)
                else:
                    values[column] = [fixed.numeric[column]]
        counted = pd.DataFrame(codes, index=range(len(rows)))
        return cls(fit, values, counted[(counted >= 0).all(axis=1)])

    @cached_property
    def nests(self) -> Nests:
        """The factors that each nested factor lies in."""
        several = [column for column in self.counted.columns if len(self.values[column]) > 1]
        return find_nests(self.counted[several], self.fit.design.formula.fixed)

    @property
    def sizes(self) -> dict[str, int]:
        """How many values each column has."""
        return {column: len(values) for column, values in self.values.items()}

    def combinations(self, columns: Sequence[str]) -> Array:
        """Positions of the values (combinations, columns), the last column fastest."""
        places = list(itertools.product(*(range(self.sizes[column]) for column in columns)))
        return np.array(places, dtype=np.intp).reshape(len(places), len(columns))

    def seen(self, columns: Sequence[str], places: Array) -> Array:
        """Which combinations (m,) have a row, as far as nested columns and those that they lie in are concerned."""
        nested = [c for c in columns if c in self.nests and set(self.nests[c]) <= set(columns)]
        kept = np.ones(len(places), dtype=bool)
        for column in nested:
            part = [*self.nests[column], column]
            table = counts_of(self.counted, self.sizes, part)
            kept &= table[tuple(places[:, list(columns).index(c)] for c in part)] > 0
        return kept

    def frame(self, columns: Sequence[str], places: Array) -> pd.DataFrame:
        """The values of combinations, in the types of the data."""
        data = self.fit.design.frame
        made = {c: column_like(data, c, [self.values[c][at] for at in places[:, i]]) for i, c in enumerate(columns)}
        return pd.DataFrame(made, index=range(len(places)))


def _as_list(chosen: Any) -> list[Any]:
    return list(chosen) if isinstance(chosen, Iterable) and not isinstance(chosen, str) else [chosen]


def _is_finite(value: Any) -> bool:
    return isinstance(value, Real | np.bool_) and bool(np.isfinite(float(value)))


def _index(level: Any, values: list[Any]) -> int:
    return values.index(level) if level in values else -1


def _as_given(value: float, column: pd.Series) -> Any:
    """True and false as such; a number without fractions as a whole one where the data hold whole ones."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return bool(value)
    return int(value) if pd.api.types.is_integer_dtype(column.dtype) else float(value)


def column_like(frame: pd.DataFrame, column: str, values: Sequence[Any]) -> Any:
    """Values as the frame holds that column: a categorical keeps its categories."""
    dtype = frame[column].dtype
    return pd.Categorical(values, dtype=dtype) if isinstance(dtype, pd.CategoricalDtype) else list(values)


def grid_weights(
    grid: ReferenceGrid, shown: Sequence[str], places: Array, hidden: Sequence[str], over: Array, *, proportional: bool
) -> Array:
    """How much each combination of the hidden columns counts in each mean (means, combinations).

    Equal: each value of a hidden column counts the same, but of a nested one only those that are seen within the levels
    that it lies in. Proportional: combinations count by their rows. Both as emmeans.
    """
    at = {c: np.repeat(places[:, i], len(over)) for i, c in enumerate(shown)}
    at |= {c: np.tile(over[:, i], len(places)) for i, c in enumerate(hidden)}
    weights = np.ones(len(places) * len(over))
    left = list(hidden)
    while nested := [c for c in left if c in grid.nests]:
        # The innermost first, within what it lies in and within the other nested columns that are still to be averaged.
        column = max(reversed(nested), key=lambda c: len(grid.nests[c]))
        part = list(dict.fromkeys([*grid.nests[column], *(c for c in nested if c != column)]))
        away = [c for c in left if c not in part and (proportional or c == column) and c in grid.counted]
        table = counts_of(grid.counted, grid.sizes, [*part, *away]).astype(float)
        table = table if proportional else np.sign(table)
        total = table.sum(axis=tuple(range(len(part), table.ndim)), keepdims=True)
        shares = np.divide(table, total, out=np.zeros(table.shape), where=total > 0)
        weights *= shares[tuple(at[c] for c in [*part, *away])]
        left = [c for c in left if c not in away]
    if proportional:
        rest = [c for c in left if c in grid.counted]
        weights *= counts_of(grid.counted, grid.sizes, rest)[tuple(at[c] for c in rest)]
    each = weights.reshape(len(places), len(over))
    total = each.sum(axis=1, keepdims=True)
    return np.divide(each, total, out=np.full(each.shape, 1 / len(over)), where=total > 0)
