"""Labels of a grouping as codes."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.intp]


def group_codes(frame: pd.DataFrame, columns: tuple[str, ...]) -> tuple[Codes, tuple[Any, ...]]:
    """Codes (n,; -1 for a missing label) and sorted levels of one grouping; several columns are crossed as `a:b`."""
    parts = [_codes(frame[name]) for name in columns]
    codes, levels = parts[0]
    if len(parts) == 1:
        return codes, levels
    labels: list[Any] = [(level,) for level in levels]
    for more, more_levels in parts[1:]:
        missing = (codes < 0) | (more < 0)
        pair = codes * len(more_levels) + more
        pair[missing] = -1
        seen, codes = np.unique(pair, return_inverse=True)
        offset = int(seen[0] == -1) if len(seen) else 0
        codes = codes.astype(np.intp) - offset
        labels = [(*labels[s // len(more_levels)], more_levels[s % len(more_levels)]) for s in seen[offset:]]
    return codes, tuple(":".join(map(str, label)) for label in labels)


def _codes(column: pd.Series) -> tuple[Codes, tuple[Any, ...]]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        return column.cat.codes.to_numpy().astype(np.intp), tuple(column.cat.categories)
    codes, levels = pd.factorize(column, sort=False)
    order = np.argsort(np.asarray(levels), kind="stable") if len(levels) else np.empty(0, dtype=np.intp)
    rank = np.empty(len(order) + 1, dtype=np.intp)
    rank[order] = np.arange(len(order))
    rank[-1] = -1
    return rank[codes], tuple(np.asarray(levels)[order].tolist())


def compress(codes: Codes, active: NDArray[np.bool_]) -> tuple[Codes, Codes]:
    """Codes of the active rows only, renumbered without gaps (-1 elsewhere), and the old code of each new one."""
    kept = np.where(active, codes, -1)
    size = int(codes.max(initial=-1)) + 1
    used = np.zeros(size + 1, dtype=bool)
    used[kept] = True
    old = np.flatnonzero(used[:size])
    renumber = np.full(size + 1, -1, dtype=np.intp)
    renumber[old] = np.arange(len(old))
    return renumber[kept], old
