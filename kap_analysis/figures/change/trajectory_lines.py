"""What one panel of trajectories holds: thin lines of patients, model curves with bands, observed means."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, MONTH, PATIENT_ID, SCORE
from kap_analysis.figures.marks.marks import side_by_side
from kap_analysis.figures.page.frames import numbers_of, rows_of
from kap_analysis.figures.page.page import Page
from kap_analysis.writing.numbers import count

MOST_PATIENT_LINES: Final = 300
"""Patient lines per panel; of more patients this many are drawn, chosen at random with a fixed seed."""
_SEED: Final = 20190327


def draw_panel(
    page: Page,
    ax: Axes,
    formats: list[str],
    means: pd.DataFrame | None,
    curves: pd.DataFrame | None,
    patients: pd.DataFrame | None,
    *,
    time: str,
    most_lines: int,
) -> tuple[int, int]:
    """Draw the lines of one panel; return how many patients there are and how many of them are drawn."""
    sampled = (0, 0) if patients is None else _draw_patients(page, ax, patients, time, most_lines)
    beside = marks_beside(formats, time)
    for name in formats:
        look, face = page.theme.look(name), page.theme.marker_face(name)
        if curves is not None:
            one = rows_of(curves, name).sort_values(time)
            at = numbers_of(one, time)
            ax.fill_between(at, numbers_of(one, CI_LOW), numbers_of(one, CI_HIGH), color=look.colour, alpha=0.18, lw=0)
            ax.plot(at, numbers_of(one, ESTIMATE), color=look.colour, ls=look.line_style, lw=1.6, gid=f"curve {name}")
        if means is not None:
            one = rows_of(means, name).sort_values(time)
            mean, low, high = (numbers_of(one, column) for column in ("mean", CI_LOW, CI_HIGH))
            ax.errorbar(
                numbers_of(one, time) + beside[name],
                mean,
                yerr=[mean - low, high - mean],
                color=look.colour,
                marker=look.marker,
                markerfacecolor=face,
                linestyle="none" if curves is not None else look.line_style,
                capsize=2,
                elinewidth=0.9,
                zorder=4,
                gid=f"means {name}",
            )
    return sampled


def marks_beside(formats: list[str], time: str) -> dict[str, float]:
    """Horizontal offset of the marks of each format, so that none covers another."""
    return side_by_side(formats, 0.06 if time == MONTH else 0.1)


def _draw_patients(page: Page, ax: Axes, patients: pd.DataFrame, time: str, most_lines: int) -> tuple[int, int]:
    ids = np.sort(patients[PATIENT_ID].astype(str).unique())
    chosen = ids
    if len(ids) > most_lines:
        chosen = np.random.default_rng(_SEED).choice(ids, size=most_lines, replace=False)
    shown = patients[patients[PATIENT_ID].astype(str).isin(set(chosen))].sort_values([PATIENT_ID, time])
    faint = float(np.clip(40 / max(len(chosen), 1), 0.16, 0.6))
    for name, one in shown.groupby(shown[FORMAT].astype(str), sort=True):
        lines = [line[[time, SCORE]].to_numpy(float) for _, line in one.groupby(PATIENT_ID, sort=True)]
        colour = page.theme.look(str(name)).colour
        ax.add_collection(LineCollection(lines, colors=colour, linewidths=0.45, alpha=faint, gid=f"patients {name}"))
    return len(ids), len(chosen)


def say_sample(page: Page, drawn: list[tuple[int, int]]) -> None:
    """Say how many patient lines are drawn, of how many, if not all are."""
    if all(there == shown for there, shown in drawn):
        return
    most, there = max(shown for _, shown in drawn), sum(n for n, _ in drawn)
    per_panel = " per panel at most" if len(drawn) > 1 else ""
    page.note(f"Thin lines: {count(most)}{per_panel} of {count(there)} patients, chosen at random.")
