"""The scores of single patients beside a mean: one dot each, none on another."""

from typing import Final

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes

from kap_analysis.columns import BASELINE
from kap_analysis.figures.page.frames import numbers_of
from kap_analysis.figures.page.style import Theme
from kap_analysis.writing.numbers import count

FOLLOW_UP: Final = "follow_up"
MOST_DOTS: Final = 150
"""Patients of whom there are dots: of more, a swarm is wider than its place."""


def draw_patient_dots(ax: Axes, patients: pd.DataFrame, theme: Theme, aside: float) -> list[np.ndarray]:
    """Draw the scores of the patients as swarms, which are the same each time; returns the scores that are drawn.

    They lie left of the mean at baseline and right of that at follow-up, by ``aside`` of the way between the two.
    """
    chosen = chosen_patients(patients)
    drawn = []
    for column, place in ((BASELINE, -aside), (FOLLOW_UP, 1 + aside)):
        scores = numbers_of(chosen, column)
        before = len(ax.collections)
        seaborn.swarmplot(
            x=np.full(len(scores), place),
            y=scores,
            native_scale=True,
            ax=ax,
            size=2.0,
            color=theme.muted,
            warn_thresh=1.0,
            zorder=1.5,
        )
        for dots in ax.collections[before:]:
            dots.set_gid(f"patients {column}")
        drawn.append(scores)
    return drawn


def chosen_patients(patients: pd.DataFrame) -> pd.DataFrame:
    """All patients, or of many every second, third and so on, in the order of the score at baseline."""
    ordered = patients.sort_values([BASELINE, FOLLOW_UP], kind="stable")
    if len(ordered) <= MOST_DOTS:
        return ordered
    return ordered.iloc[np.linspace(0, len(ordered) - 1, MOST_DOTS).round().astype(int)]


def said_of_dots(patients: pd.DataFrame) -> str:
    """What the dots are, and of how many patients there are none."""
    most = patients["instrument"].value_counts().max()
    some = f" Of more than {count(MOST_DOTS)} some are drawn, spread evenly over the first scores."
    return f"Dots: patients, by their own score.{some if most > MOST_DOTS else ''}"
