"""Columns of new rows, read as the columns of the data were: numbers, and codes of levels that the model knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kap_analysis.mixed.design.columns import Columns
from kap_analysis.mixed.design.labels import Codes, Mask, positions
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


def check_known_groups(frame: pd.DataFrame, columns: tuple[str, ...], unknown: Mask, levels: tuple[Any, ...]) -> None:
    """Raise when rows belong to groups of which the data have no row, whose random effects are not known.

    Parameters
    ----------
    frame : pandas.DataFrame
        The new rows.
    columns : tuple of str
        What names the groups.
    unknown : numpy.ndarray
        Which rows.
    levels : tuple
        The groups that the data have.
    """
    if not unknown.any():
        return
    names = ":".join(columns)
    found = frame.loc[unknown, list(columns)].drop_duplicates().to_numpy(dtype=object).tolist()
    strange = [":".join("missing" if pd.isna(value) else str(value) for value in one) for one in found]
    n = int(unknown.sum())
    raise MixedModelError(
        f"{n:,} of the {len(frame):,} new rows {'belongs' if n == 1 else 'belong'} to no {names} of the data: "
        f"{listed(strange, 3)}. The data have {listed(levels, 3)}. Their own effects are not known: "
        "allow_new_groups=True predicts the average of new groups, conditional=False that of all."
    )


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
