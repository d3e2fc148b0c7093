"""From how many patients on an interval, a band or a curve is shown; of fewer, figures and tables say so in words."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, N_PATIENTS, P_VALUE
from kap_analysis.writing.numbers import SCORE_DECIMALS, interval

FEWEST: Final = 5
"""The fewest patients of which an interval, a band or a curve is shown. Of fewer, an interval of t is as wide as the
page and a curve is one person's life; the number is a convention of this package, not a published threshold."""

POINTS_ONLY: Final = f"Of fewer than {FEWEST} patients there are points only: no interval, band or curve is drawn."
NO_INTERVAL: Final = f"Of fewer than {FEWEST} patients there is no interval and no p."
TOO_FEW: Final = "too few for an interval"
_TESTS: Final = (P_VALUE, "p_holm")
"""What is not told of too few either."""


def is_enough(frame: pd.DataFrame, counted: str = N_PATIENTS) -> np.ndarray:
    """For each row whether its number allows an interval; yes where the frame does not count.

    A withheld number is missing, and so is then what would be shown.
    """
    if counted not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    numbers = frame[counted].to_numpy(dtype=float, na_value=np.nan)
    return np.isnan(numbers) | (numbers >= FEWEST)


def of_enough(
    frame: pd.DataFrame, ends: tuple[str, str] = (CI_LOW, CI_HIGH), counted: str = N_PATIENTS
) -> pd.DataFrame:
    """The frame with missing ends of intervals, and p-values, where they are of too few: neither drawn nor written."""
    enough = is_enough(frame, counted)
    told = [*ends, *(name for name in _TESTS if name in frame.columns)]
    shown = {name: np.where(enough, frame[name].to_numpy(dtype=float, na_value=np.nan), np.nan) for name in told}
    return frame.assign(**shown)


def interval_words(row: pd.Series, more: str = "") -> str:
    """The interval of a row in words, with what else is told of it; or that it is of too few patients for either.

    ``95% interval −1.2 to 3.4; df 81.4``, or ``too few for an interval``.
    """
    limits = limits_words(row)
    told = limits if limits == TOO_FEW else f"95% interval {limits}"
    return f"{told}; {more}" if more and limits != TOO_FEW else told


def limits_words(row: pd.Series, decimals: int = SCORE_DECIMALS) -> str:
    """The limits of a row in words, ``−1.2 to 3.4``, or that it is of too few patients for an interval."""
    n = row[N_PATIENTS]
    if not pd.isna(n) and n < FEWEST:
        return TOO_FEW
    return interval(row[CI_LOW], row[CI_HIGH], decimals)


def said_of_few(*frames: pd.DataFrame | None) -> list[str]:
    """What a figure says of its frames: nothing, or that what is of too few patients has points only."""
    return [POINTS_ONLY] if any(has_few(frame) for frame in frames if frame is not None) else []


def has_few(frame: pd.DataFrame, counted: str = N_PATIENTS) -> bool:
    """Whether a row of the frame is of some patients, but of too few."""
    return counted in frame.columns and bool((frame.loc[~is_enough(frame, counted), counted] > 0).any())
