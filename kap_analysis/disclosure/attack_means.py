"""An attack on means: scores are whole numbers, so that a mean and its SD tell something of how many they are of.

A sum of n whole numbers lies within n times the rounding of the mean, and their sum of squares within that of the SD.
Where no whole number lies there, n is not the number of patients. The mean of all is, besides, the weighted mean of
those of the formats. Every number of patients is tried that could stand in the place of a withheld one.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from kap_analysis.columns import FORMAT, MONTH
from kap_analysis.disclosure.counts import rows_alike
from kap_analysis.disclosure.policy import MINIMUM_COUNT, TOTAL_LEVEL, is_small

#: Means of people, with the column of their number.
MEANS: Final = {"mean": "n_patients", "mean_per_patient": "of_patients"}
MOST_DECIMALS: Final = 6
EXACT: Final = 1e-9


class _Mean(NamedTuple):
    """A mean and SD as they are shown, and how far each may be from what it was."""

    mean: float
    sd: float
    half: float
    half_sd: float

    def sums(self, n: int) -> tuple[int, int]:
        """The least and the largest sum of n whole numbers with this mean."""
        low, high = (self.mean - self.half) * n, (self.mean + self.half) * n
        return int(np.ceil(low - EXACT)), int(np.floor(high + EXACT))

    def squares(self, n: int, total: int) -> tuple[float, float]:
        """Between which numbers the sum of squares of n whole numbers with this sum lies."""
        of_mean = total**2 / n
        low, high = ((n - 1) * max(0.0, self.sd + way * self.half_sd) ** 2 for way in (-1, 1))
        return of_mean + low, of_mean + high

    def can_be_of(self, n: int) -> bool:
        low, high = self.sums(n)
        if np.isnan(self.sd) or n < 2:
            return low <= high
        ranges = (self.squares(n, total) for total in range(low, high + 1))
        return any(np.floor(most + EXACT) >= np.ceil(least - EXACT) for least, most in ranges)


def rows_told_by_means(frame: pd.DataFrame, seen: pd.DataFrame) -> tuple[int, list[int]]:
    """How many means were tried, and the rows whose withheld number of patients they tell.

    Parameters
    ----------
    frame, seen : DataFrame
        As it was and as it is shown, the same rows in the same order.

    Returns
    -------
    A number is told if no other within 10 of it suits the means, or if it is 1 to 10 below a number of the format
    that the frame shows, and they do not suit that number: then it is known that somebody is left out.
    """
    found, tried = [], 0
    for column, counted in MEANS.items():
        if not {column, counted, "sd", FORMAT} <= set(frame.columns) or not {column, "sd"} <= set(seen.columns):
            continue
        means = _means(seen, column)
        tried += len(means)
        hidden = {r for r in means if pd.notna(frame[counted].iloc[r]) and pd.isna(seen[counted].iloc[r])}
        if not hidden:
            continue
        keys = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c]) and c not in (FORMAT, MONTH)]
        numbers = frame[counted].to_numpy(float, na_value=np.nan)
        formats = frame[FORMAT].astype("str").to_numpy()
        largest = seen[counted].groupby(formats).max()
        whole = dict(zip(largest.index.astype("str"), largest.to_numpy(float, na_value=np.nan), strict=True))
        found += [r for r in sorted(hidden) if _is_alone(means[r], int(numbers[r]))]
        for rows in rows_alike(frame, keys):
            group = {formats[r]: r for r in rows.tolist() if r in means}
            found += _told_by_all(group, means, hidden, whole, numbers)
    return tried, sorted(set(found))


def _told_by_all(
    group: dict[str, int], means: dict[int, _Mean], hidden: set[int], whole: dict[str, float], numbers: np.ndarray
) -> Iterator[int]:
    """The rows of formats whose number the mean of all tells, beside the means of the formats."""
    parts = [name for name in group if name != TOTAL_LEVEL]
    if TOTAL_LEVEL not in group or len(parts) != 2:
        return
    for name, other in (parts, parts[::-1]):
        row, beside = group[name], group[other]
        largest = whole.get(name, np.nan)
        if row not in hidden or not is_small(largest - numbers[row]):
            continue
        most = whole.get(other, np.nan)
        others = [int(numbers[beside])] if beside not in hidden else range(1, int(most if most == most else 400) + 1)
        here, there, of_all = means[row], means[beside], means[group[TOTAL_LEVEL]]
        if not any(_can_be_together(here, int(largest), there, n, of_all) for n in others):
            yield row


def _can_be_together(one: _Mean, n: int, other: _Mean, m: int, both: _Mean) -> bool:
    """Whether n with one mean and m with the other can be those of both; of the squares only their bounds."""
    (low, high), (low_m, high_m), (least, most) = one.sums(n), other.sums(m), both.sums(n + m)
    sums = range(max(low + low_m, least), min(high + high_m, most) + 1)
    if low > high or low_m > high_m or not sums:
        return False
    if any(np.isnan(part.sd) for part in (one, other, both)):
        return True
    apart = one.squares(n, low)[0] + other.squares(m, low_m)[0], one.squares(n, high)[1] + other.squares(m, high_m)[1]
    return both.squares(n + m, sums[0])[0] <= apart[1] and both.squares(n + m, sums[-1])[1] >= apart[0]


def _is_alone(mean: _Mean, n: int) -> bool:
    near = range(max(1, n - MINIMUM_COUNT + 1), n + MINIMUM_COUNT)
    return not any(mean.can_be_of(other) for other in near if other != n)


def _means(seen: pd.DataFrame, column: str) -> dict[int, _Mean]:
    values, spread = (seen[c].to_numpy(float, na_value=np.nan) for c in (column, "sd"))
    half, half_sd = _half(values), _half(spread)
    return {
        int(r): _Mean(float(values[r]), float(spread[r]), half, half_sd) for r in np.flatnonzero(np.isfinite(values))
    }


def _half(values: Sequence[float] | np.ndarray) -> float:
    """Half of the last decimal that a column shows."""
    known = np.asarray(values)[np.isfinite(values)]
    decimals = 0
    while decimals < MOST_DECIMALS and (np.abs(np.round(known, decimals) - known) > EXACT).any():
        decimals += 1
    return 0.5 * 10.0**-decimals
