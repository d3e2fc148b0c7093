"""The time axis of trajectories: where visits or sessions stand, and which of their numbers can be read."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Text

from kap_analysis.columns import MONTH, N_PATIENTS, VISIT
from kap_analysis.figures.page.frames import numbers_of
from kap_analysis.figures.page.style import POINTS_PER_MM
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.writing.numbers import count
from kap_analysis.writing.sentences import sentence_case

SESSION: Final = "session_number"
THOSE_WHO_STOP: Final = (
    "Those who stop early leave the line: later points are fewer and other patients, not the same ones improving."
)
"""Said under every figure whose x axis counts sessions."""

_LABELS: Final = {MONTH: "Months since the first ketamine session", SESSION: "Ketamine session"}
_IN_LINES: Final = {MONTH: "Months since the first\nketamine session"}
_WORDS: Final = {SESSION: "session"}
_BESIDE_PANELS_PT: Final = 105.0
_BETWEEN_PANELS_PT: Final = 22.0
_APART_PT: Final = 4.0


def time_label(time: str, *, in_lines: bool = False) -> str:
    """The label of the axis, on two lines where panels stand side by side."""
    whole = _LABELS.get(time, sentence_case(time))
    return _IN_LINES.get(time, whole) if in_lines else whole


def time_word(time: str) -> str:
    """The unit of the axis in a sentence: ``month``, ``session``."""
    return _WORDS.get(time, time)


def visit_places(frame: pd.DataFrame, time: str, *, visits: bool) -> list[float]:
    """Where visits stand on the axis: the mean of the formats' times; without visits every time that occurs."""
    if visits and VISIT in frame.columns:
        return [float(at) for at in frame.groupby(VISIT, observed=True, sort=False)[time].mean()]
    return sorted({float(at) for at in frame[time]})


def numbers_at(one: pd.DataFrame, places: Sequence[float], time: str) -> dict[float, float]:
    """The number of patients of one format at each of the places."""
    at = [min(places, key=lambda place: abs(place - moment)) for moment in numbers_of(one, time)]
    return dict(zip(at, numbers_of(one, N_PATIENTS), strict=True))


def panel_points(ax: Axes, *, columns: int, given: bool) -> float:
    """Width of a panel in points, before the layout is known."""
    figure = ax.get_figure(root=True)
    wide = 400.0 if figure is None else float(figure.get_figwidth()) * 72
    if given:
        return wide * float(ax.get_position().width)
    return max((wide - _BESIDE_PANELS_PT - (columns - 1) * _BETWEEN_PANELS_PT) / columns, 10 * POINTS_PER_MM)


def places_with_room(places: Iterable[float], texts: Iterable[str], points_per_unit: float) -> list[float]:
    """The places whose texts do not touch those of their neighbours.

    Every place if all fit; of equally spaced ones every second, third and so on; else the first and each next one
    that is far enough from the last that was kept.
    """
    ordered = sorted(set(places))
    apart = (max((text_width(text) for text in texts), default=0.0) + _APART_PT) / points_per_unit
    gaps = np.diff(ordered)
    if len(ordered) < 2 or float(gaps.min()) >= apart:
        return ordered
    if np.allclose(gaps, gaps[0]):
        return ordered[:: int(np.ceil(apart / float(gaps[0])))]
    kept = ordered[:1]
    for place in ordered[1:]:
        if place - kept[-1] >= apart:
            kept.append(place)
    return kept


def hide_touching_numbers(ax: Axes) -> None:
    """Hide numbers under an axis that touch those to their left, once the width of the panel is known."""
    figure = ax.get_figure(root=True)
    if figure is None:
        return
    (low, high), wide = ax.get_xlim(), ax.get_window_extent().width * 72 / figure.dpi
    columns: dict[float, list[Text]] = {}
    for text in ax.texts:
        if text.get_gid() == "number under axis":
            columns.setdefault(float(text.xy[0]), []).append(text)  # type: ignore[attr-defined]
    end = -math.inf
    for place, texts in sorted(columns.items()):
        at, half = (place - low) * wide / (high - low), max(text_width(text.get_text()) for text in texts) / 2
        touches = at - half < end + _APART_PT / 2
        for text in texts:
            text.set_visible(not touches)
        end = end if touches else at + half


def counts_in(rows: Iterable[dict[float, float]]) -> list[str]:
    """The numbers of all rows as they will be written, for :func:`places_with_room`."""
    return [count(n) for row in rows for n in row.values()]
