"""Groupings of bar terms: which group a row belongs to, also on new rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.mixed.design.labels import Codes, Labels, Mask, compress, positions
from kap_analysis.mixed.errors import MixedModelError

#: A column of fractions with more distinct values than this is a measurement, not a label.
MOST_FRACTIONS = 10


@dataclass(frozen=True)
class Grouping:
    """One grouping of the rows.

    Attributes
    ----------
    columns : tuple of str
        One column, or several that are crossed as `a:b`.
    codes : numpy.ndarray
        (n,) the group of each row, -1 where it has none.
    levels : tuple
        The groups in order: the labels of one column, or `one:other` as text.
    parts : tuple of tuple
        The labels of each column.
    keys : numpy.ndarray
        The groups as mixed-radix numbers of the codes in `parts`, sorted.
    """

    columns: tuple[str, ...]
    codes: Codes
    levels: tuple[Any, ...]
    parts: tuple[tuple[Any, ...], ...]
    keys: Codes

    @property
    def name(self) -> str:
        """`patient`, `clinic:therapist`."""
        return ":".join(self.columns)

    def on(self, kept: Mask | None) -> Grouping:
        """The same groups on some of the rows."""
        return self if kept is None else replace(self, codes=self.codes[kept])

    def among(self, active: Mask | None) -> Grouping:
        """The groups that have an active row; other rows have none."""
        codes, old = compress(self.codes, len(self.levels), active)
        levels = self.levels if len(old) == len(self.levels) else tuple(self.levels[i] for i in old)
        return replace(self, codes=codes, levels=levels, keys=self.keys[old])

    def of(self, frame: pd.DataFrame) -> Codes:
        """The group of each row of a new frame (m,), -1 for groups that are not known."""
        codes = []
        for name, levels in zip(self.columns, self.parts, strict=True):
            if name not in frame.columns:
                raise MixedModelError(f"The new rows have no column {name!r}, which names the groups of a bar term.")
            codes.append(positions(frame[name], levels))
        if not len(self.keys):
            return np.full(len(frame), -1, dtype=np.intp)
        keys = _keys(codes, self.parts)
        at = np.searchsorted(self.keys, keys)
        at = np.minimum(at, len(self.keys) - 1)
        return np.where(self.keys[at] == keys, at, -1)


def make_grouping(columns: Sequence[str], labels: Sequence[Labels]) -> Grouping:
    """The grouping by one column, or by the combinations of several that the rows have."""
    parts = tuple(one.levels for one in labels)
    if len(labels) == 1:
        return Grouping(tuple(columns), labels[0].codes, parts[0], parts, np.arange(len(parts[0])))
    numbers = _keys([one.codes for one in labels], parts)
    keys, codes = np.unique(numbers, return_inverse=True)
    missing = int(keys[0] == -1) if len(keys) else 0
    keys, codes = keys[missing:], codes.astype(np.intp) - missing
    levels, left = [], keys
    for part in reversed(parts):
        levels.append([part[i] for i in (left % len(part)).tolist()])
        left = left // len(part)
    joined = tuple(":".join(map(str, label)) for label in zip(*reversed(levels), strict=True))
    return Grouping(tuple(columns), codes, joined, parts, keys)


def _keys(codes: Sequence[Codes], parts: Sequence[tuple[Any, ...]]) -> Codes:
    """One number per combination of codes, -1 where any of them is missing."""
    keys = codes[0].copy()
    for more, levels in zip(codes[1:], parts[1:], strict=True):
        missing = (keys < 0) | (more < 0)
        keys = keys * len(levels) + more
        keys[missing] = -1
    return keys


def check_is_label(name: str, labels: Labels, role: str, instead: str) -> None:
    """Raise when a column that should hold labels holds measurements.

    Parameters
    ----------
    name, labels
        The column.
    role : str
        What it should be, such as "the grouping of (1 | month)".
    instead : str
        What to do, as a sentence.
    """
    if not labels.exact:
        raise MixedModelError(
            f"{name} cannot be {role}: its numbers are too large for their floating-point type, which does not "
            "tell neighbours apart. Read the column as text or as integers."
        )
    fractions = [level for level in labels.levels[:1000] if isinstance(level, float) and level % 1 != 0]
    if fractions and len(labels.levels) > MOST_FRACTIONS:
        raise MixedModelError(
            f"{name} is continuous ({len(labels.levels)} distinct values, such as {fractions[0]:g}) and cannot be "
            f"{role}. {instead}"
        )
