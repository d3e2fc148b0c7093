"""From how many patients on a figure draws an interval, a band or a curve; of fewer it shows points and says so."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import N_PATIENTS
from kap_analysis.figures.page.frames import numbers_of

FEWEST: Final = 5
"""The fewest patients of which an interval, a band or a curve is drawn. Of fewer, an interval of t is as wide as the
page and a curve is one person's life; the number is a convention of this package, not a published threshold."""

POINTS_ONLY: Final = f"Of fewer than {FEWEST} patients there are points only: no interval, band or curve is drawn."


def is_enough(frame: pd.DataFrame) -> np.ndarray:
    """For each row whether its number of patients allows an interval; yes where the frame does not count them.

    A withheld number is missing, and so is then what would be drawn.
    """
    if N_PATIENTS not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    counted = numbers_of(frame, N_PATIENTS)
    return np.isnan(counted) | (counted >= FEWEST)


def shown_interval(row: pd.Series) -> tuple[float, float]:
    """The limits of one estimate, NaN where it is of too few patients."""
    limits = (row["ci_low"], row["ci_high"])
    if not is_enough(row.to_frame().T)[0] or any(pd.isna(limit) for limit in limits):
        return np.nan, np.nan
    return float(limits[0]), float(limits[1])
