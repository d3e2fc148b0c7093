"""What one panel of trajectories holds: lines of patients, curves with bands, observed and adjusted means."""

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, PATIENT_ID, SCORE
from kap_analysis.figures.change.trajectory_layers import Layers
from kap_analysis.figures.marks.mean_lines import draw_faint_means, draw_means, marks_beside
from kap_analysis.figures.page.frames import numbers_of, rows_of
from kap_analysis.figures.page.page import Page
from kap_analysis.figures.page.style import Theme
from kap_analysis.writing.numbers import count

MOST_PATIENT_LINES: Final = 60
"""Patient lines per panel; of more patients every second, third and so on of each format is drawn."""


def draw_panel(
    page: Page, ax: Axes, formats: list[str], layers: Layers, *, time: str, most_lines: int
) -> tuple[int, int]:
    """Draw the lines of one panel; return how many patients there are and how many of them are drawn."""
    sampled = (0, 0) if layers.patients is None else _draw_patients(page, ax, layers.patients, time, most_lines)
    beside = marks_beside(formats, time)
    for name in formats:
        if layers.curves is not None and layers.draws_curve(name):
            _draw_curve(ax, rows_of(layers.curves, name).sort_values(time), name, page.theme, time)
        where: Any = {"time": time, "beside": beside[name]}
        if layers.means is not None and layers.adjusted is not None:
            draw_faint_means(ax, rows_of(layers.means, name), name, page.theme, value="mean", **where)
        elif layers.means is not None:
            joined = not layers.draws_curve(name)
            one = rows_of(layers.means, name)
            draw_means(ax, one, name, page.theme, value="mean", kind="means", joined=joined, **where)
        if layers.adjusted is not None:
            one = rows_of(layers.adjusted, name)
            draw_means(ax, one, name, page.theme, value=ESTIMATE, kind="adjusted", strong=True, **where)
    return sampled


def _draw_curve(ax: Axes, one: pd.DataFrame, name: str, theme: Theme, time: str) -> None:
    look, at = theme.look(name), numbers_of(one, time)
    low, high = numbers_of(one, CI_LOW), numbers_of(one, CI_HIGH)
    ax.fill_between(at, low, high, color=look.colour, alpha=0.18, lw=0, gid=f"band {name}")
    ax.plot(at, numbers_of(one, ESTIMATE), color=look.colour, ls=look.line_style, lw=1.6, gid=f"curve {name}")


def _draw_patients(page: Page, ax: Axes, patients: pd.DataFrame, time: str, most_lines: int) -> tuple[int, int]:
    chosen = thinned(patients, time, most_lines)
    shown = patients[patients[PATIENT_ID].astype(str).isin(chosen)].sort_values([PATIENT_ID, time])
    faint = float(np.clip(24 / max(len(chosen), 1), 0.2, 0.68))
    for name, one in shown.groupby(shown[FORMAT].astype(str), sort=True):
        lines = [line[[time, SCORE]].to_numpy(float) for _, line in one.groupby(PATIENT_ID, sort=True)]
        colour = page.theme.look(str(name)).colour
        ax.add_collection(LineCollection(lines, colors=colour, linewidths=0.45, alpha=faint, gid=f"patients {name}"))
    return patients[PATIENT_ID].nunique(), len(chosen)


def thinned(patients: pd.DataFrame, time: str, most_lines: int) -> set[str]:
    """Which patients have a line: all, or every k-th of each format in the order of their first score.

    Steps along the scores show the spread that all lines would show; the order of the rows plays no part.
    """
    first = patients.assign(**{PATIENT_ID: patients[PATIENT_ID].astype(str)}).sort_values([PATIENT_ID, time])
    first = first.drop_duplicates(PATIENT_ID).sort_values([SCORE, PATIENT_ID])
    step = max(1, -(-len(first) // max(most_lines, 1)))
    chosen: set[str] = set()
    for _, one in first.groupby(first[FORMAT].astype(str)):
        chosen |= set(one[PATIENT_ID].iloc[min(step // 2, len(one) - 1) :: step])
    return chosen


def say_sample(page: Page, drawn: list[tuple[int, int]]) -> None:
    """Say how many patient lines are drawn, of how many and by which rule, if not all are."""
    if all(there == shown for there, shown in drawn):
        return
    there, shown = (sum(numbers) for numbers in zip(*drawn, strict=True))
    page.note(
        f"Thin lines: {count(shown)} of {count(there)} patients, spread evenly over the first scores of each format."
    )
