"""Columns of new rows, read as the columns of the data were: numbers, and codes of levels that the model knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.design.labels import Codes, positions
from kap_analysis.mixed.errors import MixedModelError, listed, nearest


def level_codes(column: pd.Series, levels: tuple[Any, ...]) -> Codes:
    """Position of each value among `levels`; a value that is missing or not one of them is an error."""
    if isinstance(column.dtype, pd.CategoricalDtype) and tuple(column.cat.categories.tolist()) == levels:
        codes = column.cat.codes.to_numpy().astype(np.intp)
    else:
        codes = positions(column, levels)
    if (codes < 0).any():
        strange = column[codes < 0]
        if strange.isna().any():
            raise MixedModelError(
                f"{column.name} is missing in {int(strange.isna().sum())} of the {len(column)} new rows."
            )
        found = sorted(repr(value) for value in strange.unique().tolist())
        raise MixedModelError(
            f"{column.name} has {listed(found, 3)} in the new rows, which the model does not know. "
            f"Its levels are {listed(levels)}."
        )
    return codes


def new_values(
    frame: pd.DataFrame, names: Iterable[str], factors: Mapping[str, tuple[Any, ...]]
) -> dict[str, NDArray[Any]]:
    """Columns of new rows: numbers, and codes of factors."""
    columns = Columns(frame)
    values: dict[str, NDArray[Any]] = {}
    for name in names:
        if name not in frame.columns:
            raise MixedModelError(f"The new rows have no column {name!r}. {nearest(name, frame.columns)}")
        if name in factors:
            values[name] = level_codes(columns.column(name), factors[name])
            continue
        try:
            values[name] = columns.numbers(name)
        except (TypeError, ValueError):
            raise MixedModelError(f"{name} must be a number in the new rows, as it was in the data.") from None
    return values
