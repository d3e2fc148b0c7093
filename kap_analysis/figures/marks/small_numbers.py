"""From how many patients on a figure draws an interval, a band or a curve; of fewer it shows points and says so."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, N_PATIENTS
from kap_analysis.figures.page.frames import numbers_of

FEWEST: Final = 5
"""The fewest patients of which an interval, a band or a curve is drawn. Of fewer, an interval of t is as wide as the
page and a curve is one person's life; the number is a convention of this package, not a published threshold."""

POINTS_ONLY: Final = f"Of fewer than {FEWEST} patients there are points only: no interval, band or curve is drawn."


def is_enough(frame: pd.DataFrame, counted: str = N_PATIENTS) -> np.ndarray:
    """For each row whether its number allows an interval; yes where the frame does not count.

    A withheld number is missing, and so is then what would be drawn.
    """
    if counted not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    numbers = numbers_of(frame, counted)
    return np.isnan(numbers) | (numbers >= FEWEST)


def of_enough(
    frame: pd.DataFrame, ends: tuple[str, str] = (CI_LOW, CI_HIGH), counted: str = N_PATIENTS
) -> pd.DataFrame:
    """The frame with missing ends of intervals where they are of too few: not drawn, not written, not told."""
    enough = is_enough(frame, counted)
    return frame.assign(**{end: np.where(enough, numbers_of(frame, end), np.nan) for end in ends})


def said_of_few(*frames: pd.DataFrame | None) -> list[str]:
    """What a figure says of its frames: nothing, or that what is of too few patients has points only."""
    few = [frame.loc[~is_enough(frame), N_PATIENTS] for frame in frames if frame is not None]
    return [POINTS_ONLY] if any((numbers > 0).any() for numbers in few) else []
