"""Rows of a table that say the same thing twice: the key of the dictionary stands in one row only."""

import numpy as np
import pandas as pd

from kap_analysis.study.contract.dictionary import TableSpec


def key_failures(frame: pd.DataFrame, spec: TableSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of rows whose key stood before, and the position of the first row with that key.

    Columns of the key that are absent are left out of it, but for those that it needs: without them there are no
    failures. Two missing values are equal.
    """
    key = [name for name in spec.key if name in frame.columns]
    if not key or len(frame) == 0 or not set(spec.key_needs) <= set(frame.columns):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    shared = frame.duplicated(key, keep=False).to_numpy()
    if not shared.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    positions = np.flatnonzero(shared)
    same = frame.iloc[positions].groupby(key, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    first = pd.Series(positions).groupby(same).transform("first").to_numpy()
    again = positions != first
    return positions[again], first[again]
