"""Figure: how the power of a planned study, or the width of its interval, depends on one or two parts of its design."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.frames import checked_frame
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.statement import draw_statement
from kap_analysis.figures.page.style import SMALL_PT, Width
from kap_analysis.writing.numbers import number, percent
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
#: A line whose middle is nearer to an edge, as a share of the axis, has no number: it would touch those of the axis.
_EDGE: Final = 0.08
_MOST_LINES: Final = 5


def plot_planned_study(
    *,
    grid: pd.DataFrame,
    measure: Literal["power", "width"] = "width",
    design: Mapping[str, float] | None = None,
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
        The fields of the design that is planned; it is marked where the grid holds it.
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
    with open_page(ax, theme=theme, width=width, height=80.0, stamp=stamp) as page:
        if len(fields) == 1:
            _draw_curve(page, grid.sort_values(fields[0]), fields[0], measure)
        else:
            _draw_contours(page, grid, fields, measure)
        _mark_design(page, fields, design, grid, measure)
        page.describe(_alternative(grid, fields, measure))
    return page.result


def _nothing(grid: pd.DataFrame, measure: str) -> str:
    """What a figure without lines says."""
    if grid.empty or grid[measure].isna().all():
        return f"There is no {measure} to draw: no design tests anything, or every number was withheld."
    value = _written(grid[measure].iloc[0], measure)
    return f"There is nothing to draw: the grid has one design. {_title(measure)}: {value}."


def _written(value: float, measure: str) -> str:
    return percent(value) if measure == "power" else number(value)


def _draw_curve(page: Page, grid: pd.DataFrame, name: str, measure: str) -> None:
    ax, theme = page.axes[0], page.theme
    ax.plot(grid[name], grid[measure], color=theme.foreground, marker="o", markersize=3.5, gid="curve")
    ax.set_xlabel(sentence_case(_NAMES.get(name, name)))
    ax.set_ylabel(_title(measure))
    if measure == "power":
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda share, _: percent(share))
    else:
        ax.set_ylim(0, None)


def _draw_contours(page: Page, grid: pd.DataFrame, fields: list[str], measure: str) -> None:
    """Lines of equal power or width; a power that is not tested has no line."""
    ax, theme = page.axes[0], page.theme
    x, y = fields
    wide = grid.pivot_table(index=y, columns=x, values=measure, dropna=False, aggfunc="first")
    values = wide.to_numpy(dtype=float, na_value=np.nan)
    drawn = ax.contour(
        wide.columns.to_numpy(float),
        wide.index.to_numpy(float),
        np.ma.masked_invalid(values),
        levels=_levels(values, measure),
        colors=[theme.foreground],
        linewidths=1.2,
    )
    written = (lambda level: percent(level)) if measure == "power" else (lambda level: number(level, _decimals(drawn)))
    places = _middles(drawn, wide)
    if places:
        ax.clabel(drawn, fmt=written, fontsize=SMALL_PT, inline_spacing=4, manual=places)
    ax.set_xlabel(sentence_case(_NAMES.get(x, x)))
    ax.set_ylabel(sentence_case(_NAMES.get(y, y)))
    page.note(f"Lines: {_title(measure)[:1].lower()}{_title(measure)[1:]}.")


def _middles(drawn: Any, wide: pd.DataFrame) -> list[tuple[float, float]]:
    """The middle of each line, where its number stands; a line in a corner has no room for one."""
    places = []
    for lines in drawn.allsegs:
        if not lines:
            continue
        longest = max(lines, key=len)
        x, y = longest[len(longest) // 2]
        if all(_EDGE < _share_of(value, axis) < 1 - _EDGE for value, axis in ((x, wide.columns), (y, wide.index))):
            places.append((float(x), float(y)))
    return places


def _share_of(value: float, axis: pd.Index) -> float:
    """Where on an axis a value lies: 0 at its lower end, 1 at its upper one."""
    low, high = float(axis.min()), float(axis.max())
    return (value - low) / (high - low)


def _decimals(drawn: Any) -> int:
    return 0 if all(float(level).is_integer() for level in drawn.levels) else 1


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


def _mark_design(
    page: Page, fields: list[str], design: Mapping[str, float] | None, grid: pd.DataFrame, measure: str
) -> None:
    if design is None or any(name not in design for name in fields):
        return
    here = grid
    for name in fields:
        here = here[here[name] == design[name]]
    x = design[fields[0]]
    if len(fields) == 1 and here.empty:
        return
    y = design[fields[1]] if len(fields) == 2 else float(here[measure].iloc[0])
    mark = page.axes[0].plot(
        [x], [y], marker="D", markersize=6, color=page.theme.foreground, linestyle="none", label="the planned design"
    )
    page.key([*mark])


def _title(measure: str) -> str:
    return "Power" if measure == "power" else "Expected width of the interval, points"


def _alternative(grid: pd.DataFrame, fields: list[str], measure: str) -> str:
    known = grid.dropna(subset=[measure]).sort_values(measure)
    ends = []
    for row in (known.iloc[0], known.iloc[-1]):
        value = _written(row[measure], measure)
        ends.append(f"{value} with {join_words(f'{row[name]:g} {_NAMES.get(name, name)}' for name in fields)}")
    return f"{_title(measure)} by {join_words(_NAMES.get(name, name) for name in fields)}: from {ends[0]} to {ends[1]}."
