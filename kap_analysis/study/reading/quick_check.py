"""Whether a typed table keeps its schema, without saying where it does not: for that `schemas` asks pandera."""

import re
from collections.abc import Collection
from typing import Final

import pandas as pd

from kap_analysis.study.contract.dictionary import ColumnSpec, TableSpec

PERIOD: Final = r"^(19|20)[0-9]{2}-Q[1-4]$"


def closed_list(column: ColumnSpec, instruments: Collection[str]) -> frozenset[str] | None:
    """The names that may stand in a column; None where other texts may."""
    if column.type in ("level", "yes_no"):
        return frozenset(column.level_names)
    if column.type == "instrument":
        return frozenset(instruments)
    if column.type == "measure":
        return frozenset(column.level_names) | frozenset(instruments)
    return None


def is_plainly_right(frame: pd.DataFrame, spec: TableSpec, instruments: Collection[str]) -> bool:
    """Whether no cell of a typed frame breaks the schema of its table."""
    declared = (spec.columns[name] for name in frame.columns if name in spec.columns)
    return all(_keeps(frame[column.name], column, instruments) for column in declared)


def _keeps(values: pd.Series, column: ColumnSpec, instruments: Collection[str]) -> bool:
    present = values.dropna()
    if not column.empty and len(present) < len(values):
        return False
    if len(present) == 0:
        return True
    if column.is_number:
        return column.min is None or column.max is None or bool(present.between(column.min, column.max).all())
    names = closed_list(column, instruments)
    if names is None and column.type != "period":
        return True
    texts = present.unique()
    return all(text in names for text in texts) if names is not None else all(re.match(PERIOD, t) for t in texts)
