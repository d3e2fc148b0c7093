"""Figure: how the power of a planned study, or the width of its interval, depends on one or two parts of its design."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.frames import checked_frame
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import NARROW_MM, SMALL_PT, Width
from kap_analysis.writing.numbers import exact, number, percent, plural
from kap_analysis.writing.sentences import join_words, sentence_case

_FIGURE: Final = "plot_planned_study"
_MEASURES: Final = ("power", "width")
_NAMES: Final = {
    "cohorts": "therapy groups (cohorts)",
    "individual": "patients in individual format",
    "cohort_size": "patients per cohort",
    "cohort_size_sd": "SD of the patients per cohort",
    "icc": "ICC of the cohorts",
    "difference": "true difference, points",
    "margin": "margin, points",
    "baseline_difference": "difference at baseline, points",
}
_LINES: Final = 7
#: Points between the label of a line and what else is there.
_AIR: Final = 2.0
_MOST_LINES: Final = 5


def plot_planned_study(
    *,
    grid: pd.DataFrame,
    measure: Literal["power", "width"] = "width",
    design: Mapping[str, Any] | None = None,
    smallest: pd.DataFrame | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = 120.0,
    stamp: str | None = None,
) -> Drawn:
    """Power or width of the interval over one field of the design as a curve, over two as contour lines.

    Parameters
    ----------
    grid : pandas.DataFrame
        The ``grid`` of :func:`plan_next_study`: one or two fields that vary, ``power`` (0 to 1, missing where nothing
        is tested) and ``width`` (points).
    measure : {"power", "width"}
    design : mapping, optional
        The fields of the design that is planned; it is marked where the grid holds it. ``alpha`` names the interval.
    smallest : pandas.DataFrame, optional
        The ``smallest`` of :func:`plan_next_study`: the line of the target stands out, and the smallest design found is
        marked; where it is outside the grid, a note says so.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`; the width is 120 mm if not given.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, or more than two fields vary. A grid of one design, or in which nothing is tested, gives
        a figure that says so.
    """
    if measure not in _MEASURES:
        raise FigureError(f"{_FIGURE} draws {' or '.join(_MEASURES)}; measure is {measure!r}.")
    grid = checked_frame(grid, (measure,), name="grid", caller=_FIGURE, may_be_empty=True)
    fields = [name for name in grid.columns if name not in (*_MEASURES, "withheld") and grid[name].nunique() > 1]
    if len(fields) > 2:
        raise FigureError(f"{_FIGURE} draws one or two fields that vary in grid; found {join_words(fields)}.")
    if not fields or grid[measure].isna().all():
        return draw_statement(_nothing(grid, measure), ax=ax, theme=theme, width=width, stamp=stamp)
    aim = _aim(smallest, measure)
    with open_page(ax, theme=theme, width=width, height=80.0, stamp=stamp) as page:
        title = _title(measure, design)
        if len(fields) == 1:
            keys = _draw_curve(page, grid.sort_values(fields[0]), fields[0], measure, title, aim)
        else:
            keys = _draw_contours(page, grid, fields, measure, title, aim)
        keys += _mark_smallest(page, fields, aim, measure)
        keys += _mark_design(page, fields, design, grid, measure)
        if keys:
            page.key(keys, ncols=len(keys) if page.width_mm >= NARROW_MM else 1)
        page.describe(_alternative(grid, fields, measure))
    return page.result


def _nothing(grid: pd.DataFrame, measure: str) -> str:
    """What a figure without lines says."""
    if grid.empty or grid[measure].isna().all():
        return why_nothing(f"There is no {measure} to draw: no design tests anything.", grid)
    value = _written(grid[measure].iloc[0], measure)
    return f"There is nothing to draw: the grid has one design. {_title(measure)}: {value}."


def _written(value: float, measure: str) -> str:
    return percent(value) if measure == "power" else number(value)


def _aim(smallest: pd.DataFrame | None, measure: str) -> pd.Series | None:
    """The row of the target that the measure is looked at for."""
    if smallest is None:
        return None
    rows = smallest[smallest["target"] == measure]
    return None if rows.empty else rows.iloc[0]


def _draw_curve(
    page: Page, grid: pd.DataFrame, name: str, measure: str, title: str, aim: pd.Series | None
) -> list[Line2D]:
    ax, theme = page.axes[0], page.theme
    ax.plot(grid[name], grid[measure], color=theme.foreground, marker="o", markersize=3.5, gid="curve")
    ax.set_xlabel(sentence_case(_NAMES.get(name, name)))
    ax.set_ylabel(title)
    if measure == "power":
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda share, _: percent(share))
    else:
        ax.set_ylim(0, None)
    if aim is None:
        return []
    line = ax.axhline(aim["value"], color=theme.muted, linewidth=1.2, linestyle="--", gid="target")
    line.set_label(f"the target, {_level_label(aim['value'], measure)}")
    return [line]


def _draw_contours(
    page: Page, grid: pd.DataFrame, fields: list[str], measure: str, title: str, aim: pd.Series | None
) -> list[Line2D]:
    """Lines of equal power or width; a power that is not tested has no line. The target's is thick."""
    ax, theme = page.axes[0], page.theme
    x, y = fields
    wide = grid.pivot_table(index=y, columns=x, values=measure, dropna=False, aggfunc="first")
    values = wide.to_numpy(dtype=float, na_value=np.nan)
    target = None if aim is None else float(aim["value"])
    levels = _levels(values, measure)
    if target is not None and np.nanmin(values) < target < np.nanmax(values):
        levels = np.unique(np.append(levels[~np.isclose(levels, target)], target))
    drawn = ax.contour(
        wide.columns.to_numpy(float), wide.index.to_numpy(float), np.ma.masked_invalid(values), levels=levels
    )
    found = [(float(level), lines) for level, lines in zip(drawn.levels, drawn.allsegs, strict=True)]
    drawn.remove()
    ax.set_xlim(float(wide.columns.min()), float(wide.columns.max()))
    ax.set_ylim(float(wide.index.min()), float(wide.index.max()))
    whole = all(level.is_integer() for level, _ in found)
    labelled: list[tuple[Line2D, str]] = []
    keys: list[Line2D] = []
    for level, lines in sorted(found, key=lambda one: one[0] != target):
        is_target = level == target
        for points in lines:
            (line,) = ax.plot(
                *points.T,
                color=theme.foreground if is_target else theme.muted,
                linewidth=2.6 if is_target else 1.0,
                gid=f"line {level:g}",
            )
            if is_target and not keys:
                line.set_label(f"the target, {_level_label(level, measure)}")
                keys.append(line)
            labelled.append((line, _level_label(level, measure, whole)))
    page.when_laid_out(lambda: _label_lines(page, labelled))
    ax.set_xlabel(sentence_case(_NAMES.get(x, x)))
    ax.set_ylabel(sentence_case(_NAMES.get(y, y)))
    page.note(f"Lines: {title[:1].lower()}{title[1:]}.")
    return keys


def _level_label(level: float, measure: str, whole: bool = False) -> str:
    if measure == "power":
        return f"{exact(round(100 * level, 6))}%"
    return number(level, 0) if whole else number(level) if round(level, 1) == round(level, 6) else exact(level)


def _label_lines(page: Page, lines: list[tuple[Line2D, str]]) -> None:
    """Put the number of each line on it, as near to its middle as there is room, or beside it; else the line goes.

    In a corner a line may have no room for a number inside the axes, and a line without one says nothing. The first in
    the list, the target, has its name in the key, so it stays.
    """
    ax = page.axes[0]
    marks = [one for one in ax.get_lines() if one.get_gid() in ("planned", "smallest")]
    taken = [one.get_window_extent().padded(3 * _AIR) for one in marks]
    for line, words in lines:
        text = ax.text(
            0, 0, words, fontsize=SMALL_PT, ha="center", va="center", color=page.theme.foreground, clip_on=False,
            fontweight="bold" if line.get_linewidth() > 2 else "normal", gid=f"label {line.get_gid()}",
            bbox={"facecolor": page.theme.background, "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
        text.set_in_layout(False)
        box = text.get_window_extent()
        half = np.array([box.width / 2 + _AIR * page.figure.dpi / 72, box.height / 2 + _AIR * page.figure.dpi / 72])
        place = _place(ax, line, half, taken)
        if place is None:
            text.remove()
            if str(line.get_label()).startswith("_"):
                line.remove()
            continue
        text.set_position(tuple(ax.transData.inverted().transform(place)))
        taken.append(Bbox([place - half, place + half]))


def _place(ax: Axes, line: Line2D, half: np.ndarray, taken: list[Bbox]) -> np.ndarray | None:
    """Centre of a label in pixels: the point of the line nearest to its middle that has room, else one beside it."""
    points = ax.transData.transform(np.column_stack(line.get_data()))
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    along = np.linspace(0, steps[-1], 81)
    places = np.column_stack([np.interp(along, steps, points[:, k]) for k in (0, 1)])
    places = places[np.argsort(np.abs(along - steps[-1] / 2), kind="stable")]
    for move in (0.0, 1.0):
        for place in places:
            centre = place + move * np.sign(np.mean(ax.bbox.get_points(), axis=0) - place) * half
            box = Bbox([centre - half, centre + half])
            inside = bool(np.all(box.min >= ax.bbox.min) and np.all(box.max <= ax.bbox.max))
            if inside and not any(box.overlaps(other) for other in taken):
                return np.asarray(centre)
    return None


def _levels(values: np.ndarray, measure: str) -> np.ndarray:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if measure == "power":
        known = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])
        return known[(known > low) & (known < high)] if ((known > low) & (known < high)).any() else np.array([low])
    for step in (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0):
        levels = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
        if len(levels) <= _LINES:
            return levels if len(levels) else np.array([low])
    return np.linspace(low, high, _MOST_LINES)


def _mark_smallest(page: Page, fields: list[str], aim: pd.Series | None, measure: str) -> list[Line2D]:
    """The smallest design found, where it lies among the lines; else a note."""
    if aim is None or not aim["reached"]:
        return []
    ax, target = page.axes[0], _level_label(aim["value"], measure)
    if len(fields) == 2 and set(fields) <= set(aim.index):
        place = [float(aim[name]) for name in fields]
        limits = (ax.get_xlim(), ax.get_ylim())
        if all(low <= at <= high for at, (low, high) in zip(place, limits, strict=True)):
            return ax.plot(
                *([one] for one in place), marker="o", markersize=11, markeredgewidth=1.6, linestyle="none", zorder=5,
                markerfacecolor="none", markeredgecolor=page.theme.foreground, gid="smallest",
                label="the smallest design", clip_on=False,
            )  # fmt: skip
    page.note(
        f"The smallest design for {'a power' if measure == 'power' else 'a width'} of {target} has "
        f"{plural(aim['cohorts'], 'cohort')} and {plural(aim['individual'], 'individual patient')}; it is not among "
        "those drawn."
    )
    return []


def _mark_design(
    page: Page, fields: list[str], design: Mapping[str, Any] | None, grid: pd.DataFrame, measure: str
) -> list[Line2D]:
    if design is None or any(name not in design for name in fields):
        return []
    here = grid
    for name in fields:
        here = here[here[name] == design[name]]
    x = design[fields[0]]
    if len(fields) == 1 and here.empty:
        return []
    y = design[fields[1]] if len(fields) == 2 else float(here[measure].iloc[0])
    ax = page.axes[0]
    limits = (ax.get_xlim(), ax.get_ylim())
    if len(fields) == 2 and not all(low <= at <= high for at, (low, high) in zip((x, y), limits, strict=True)):
        return []
    return ax.plot(
        [x], [y], marker="D", markersize=6, color=page.theme.foreground, linestyle="none", gid="planned", zorder=5,
        label="the planned design", clip_on=False,
    )  # fmt: skip


def _title(measure: str, design: Mapping[str, Any] | None = None) -> str:
    if measure == "power":
        return "Power"
    level = f"{exact(100 * (1 - design['alpha']))}% " if design and "alpha" in design else ""
    return f"Expected width of the {level}interval, points"


def _alternative(grid: pd.DataFrame, fields: list[str], measure: str) -> str:
    known = grid.dropna(subset=[measure]).sort_values(measure)
    ends = []
    for row in (known.iloc[0], known.iloc[-1]):
        value = _written(row[measure], measure)
        ends.append(f"{value} with {join_words(f'{row[name]:g} {_NAMES.get(name, name)}' for name in fields)}")
    return f"{_title(measure)} by {join_words(_NAMES.get(name, name) for name in fields)}: from {ends[0]} to {ends[1]}."
