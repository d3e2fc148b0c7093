"""Figure 12: how much worse the patients who dropped out would have to be before the conclusion changes."""

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, GROUP, INDIVIDUAL
from kap_analysis.errors import FigureError
from kap_analysis.figures.marks.time_axis import places_with_room
from kap_analysis.figures.missing.tipping_grid import Grid, X, Y, boundary, grid_of, one_way, side_of
from kap_analysis.figures.missing.tipping_path import AT_RANDOM, changed, draw_path
from kap_analysis.figures.page.frames import check_positive, checked_frame, numbers_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import POINTS_PER_MM, SMALL_PT, Theme, Width, width_in_mm
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.numbers import difference, number, with_interval

_FIGURE: Final = "plot_tipping_point"
_COLUMNS: Final = (X, Y, ESTIMATE, CI_LOW, CI_HIGH)
_NOTHING: Final = "There is no tipping point to draw: no difference was estimated."
_CELL_MM: Final = 7.5
_LEAST_MM: Final = 52.0
_BESIDE_MM: Final = 20.0
_NARROW_MM: Final = 110.0
_KEY_IN_COLUMNS_MM: Final = 150.0
_STRONGEST: Final = 0.62
"""How much of the colour the largest difference takes; the text in the cell must stay readable."""


def plot_tipping_point(
    *,
    tipping: pd.DataFrame,
    primary: pd.DataFrame | None = None,
    margin: float | None = None,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = 120.0,
    stamp: str | None = None,
) -> Drawn:
    """Tipping point: the difference between the formats if patients had done worse after dropout, by how much.

    Each cell is one analysis; a line runs where the 95% interval begins to exclude 0, a broken one where it reaches a
    margin that was stated. If only one number varies, the estimate is drawn against it with its interval.

    Parameters
    ----------
    tipping : pandas.DataFrame
        The ``tipping`` of the missing-data analysis: ``delta_individual``, ``delta_group`` (points by which scores of
        that format are worse at every visit from the first after dropout), ``estimate``, ``ci_low``, ``ci_high``
        (group minus individual, in points). Missing ones are cells with a dash.
    primary : pandas.DataFrame, optional
        The ``contrasts`` of the comparison. The primary estimate imputes nothing and is no cell of the grid; it is
        written below it, and where one number varies drawn at the left edge.
    margin : float, optional
        Non-inferiority margin in points, if one was stated; there is no default.
    instrument : Instrument or str, optional
        For the unit and the direction.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`; the width is 120 mm if not given.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, two rows have the same points, or the margin is not positive. A frame without rows or
        numbers gives a figure that says so.
    """
    tipping = checked_frame(tipping, _COLUMNS, name="tipping", caller=_FIGURE, may_be_empty=True)
    check_positive(margin, "A margin is a positive number of points")
    twice = tipping[tipping.duplicated([X, Y])]
    if len(twice):
        first = twice.iloc[0]
        raise FigureError(
            f"{_FIGURE} found two rows for {number(first[X])} points added in individual and {number(first[Y])} in "
            "group format; keep one."
        )
    if not np.isfinite(numbers_of(tipping, ESTIMATE)).any():
        return draw_statement(why_nothing(_NOTHING, tipping), ax=ax, theme=theme, width=width, stamp=stamp)
    scale = scale_of(instrument)
    planned = None if primary is None else _primary_row(primary)
    signed = None if margin is None else scale.in_disfavour(margin)
    varies = one_way(tipping)
    grid = grid_of(tipping)
    height = 62.0 if varies else _tall(len(grid.y)) + 22.0
    with open_page(ax, theme=theme, width=width, height=height, stamp=stamp) as page:
        if varies:
            draw_path(page, tipping, varies, scale, signed, planned)
        else:
            _draw_grid(page, grid, scale, signed, width_in_mm(width))
        if planned is not None:
            page.note(f"Primary analysis, which imputes nothing: {_told(planned)}.")
        page.note(_worse(scale))
        page.note_withheld(tipping)
        page.describe(_alternative(tipping, grid, scale, margin, planned))
    return page.result


def _tall(rows: int) -> float:
    """Height of the panel in mm: enough for its rows and for the label of its axis."""
    return min(max(rows * _CELL_MM, _LEAST_MM), 90.0)


def _draw_grid(page: Page, grid: Grid, scale: Scale, margin: float | None, wide: float) -> None:
    ax, theme = page.axes[0], page.theme
    rows, columns = grid.estimate.shape
    ax.set_xlim(-0.5, columns - 0.5)
    ax.set_ylim(-0.5, rows - 0.5)
    panel = (wide - _BESIDE_MM) * POINTS_PER_MM, _tall(rows) * POINTS_PER_MM
    ax.imshow(_colours(grid, scale, theme), origin="lower", aspect="auto", interpolation="nearest", gid="cells")
    widest = max(text_width(difference(value), bold=True) for value in grid.estimate.ravel().tolist())
    is_written = panel[0] / columns > widest + 2 and panel[1] / rows > SMALL_PT + 1
    excluded = grid.excludes_zero()
    if is_written:
        _write_cells(ax, grid, excluded, theme)
        page.note("Cells: group minus individual in points. Bold: the 95% interval excludes 0.")
    else:
        page.note("Too many cells for numbers: the stronger the colour, the larger the difference.")
    handles: list[Artist | None] = [
        _mark_at_random(ax, grid, theme),
        _draw_line(page, excluded, "95% interval excludes 0", "-", theme.foreground),
    ]
    if margin is not None:
        reached = f"95% interval reaches the margin {number(abs(margin))}"
        handles.append(_draw_line(page, grid.reaches(margin), reached, (0, (2.2, 1.2)), theme.worse))
    handles += _colour_key(scale, theme)
    _name_axes(ax, grid, scale, panel)
    kept = [handle for handle in handles if handle is not None]
    page.key(kept, loc="upper left", ncols=1 if wide < _KEY_IN_COLUMNS_MM else 2, handlelength=2.0)


def _better(scale: Scale) -> tuple[str, str]:
    """Which format does better where the difference is below 0, and above it."""
    return scale.from_low_to_high(GROUP, INDIVIDUAL)


def _colours(grid: Grid, scale: Scale, theme: Theme) -> np.ndarray:
    below, above = (np.array(to_rgb(theme.look(name).colour)) for name in _better(scale))
    background = np.array(to_rgb(theme.background))
    largest = float(np.nanmax(np.abs(grid.estimate))) or 1.0
    share = np.nan_to_num(np.abs(grid.estimate) / largest)[..., None] * _STRONGEST
    return background * (1 - share) + np.where((grid.estimate > 0)[..., None], above, below) * share


def _colour_key(scale: Scale, theme: Theme) -> list[Patch]:
    if not scale.direction_known:
        return []
    background = np.array(to_rgb(theme.background))
    return [
        Patch(facecolor=tuple(background * 0.5 + np.array(to_rgb(theme.look(name).colour)) * 0.5), label=text)
        for name, text in ((name, f"{name} better") for name in _better(scale)[::-1])
    ]


def _write_cells(ax: Axes, grid: Grid, excluded: np.ndarray, theme: Theme) -> None:
    for row, column in np.ndindex(grid.estimate.shape):
        ax.text(
            column,
            row,
            difference(float(grid.estimate[row, column])),
            ha="center",
            va="center",
            fontsize=SMALL_PT,
            fontweight="bold" if excluded[row, column] == 1 else "normal",
            color=theme.foreground,
            gid="cell",
        )


def _mark_at_random(ax: Axes, grid: Grid, theme: Theme) -> Patch | None:
    if grid.at_random is None:
        return None
    row, column = grid.at_random
    look: dict[str, Any] = {
        "facecolor": "none",
        "edgecolor": theme.foreground,
        "linewidth": 1.0,
        "linestyle": (0, (1, 1)),
    }
    ax.add_patch(Rectangle((column - 0.42, row - 0.42), 0.84, 0.84, gid="at random", **look))
    return Patch(label=AT_RANDOM, **look)


def _draw_line(page: Page, answers: np.ndarray, what: str, style: Any, colour: str) -> Line2D | None:
    """The line around the cells of one answer, and its entry in the key; a note where there is no line."""
    edges = boundary(answers)
    if not edges:
        known = answers[~np.isnan(answers)]
        where = "in every cell" if len(known) and known.all() else "in no cell"
        page.note(f"{what} {where} of this grid.")
        return None
    lines = LineCollection(edges, colors=colour, linewidths=2.0, linestyles=[style], capstyle="butt", zorder=3)
    lines.set_gid(what)
    page.axes[0].add_collection(lines)
    side = side_of(answers)
    return Line2D(
        [], [], color=colour, linestyle=style, linewidth=2.0, label=f"{side}: {what}" if side else f"beyond: {what}"
    )


def _name_axes(ax: Axes, grid: Grid, scale: Scale, panel: tuple[float, float]) -> None:
    for name, values, points in (("x", grid.x, panel[0]), ("y", grid.y, panel[1])):
        decimals = 0 if np.all(values % 1 == 0) else 1
        texts = [number(value, decimals) for value in values]
        scaled = points / len(values)
        kept = [int(at) for at in places_with_room(range(len(values)), texts, scaled if name == "x" else 2 * scaled)]
        ax.set(**{f"{name}ticks": kept, f"{name}ticklabels": [texts[at] for at in kept]})
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel(f"{changed(scale)} after dropout in individual format,\n{scale.points}")
    ax.set_ylabel(f"{changed(scale)} after dropout in group format,\n{scale.points}")


def _worse(scale: Scale) -> str:
    verb = {"Added": "added", "Subtracted": "subtracted"}.get(changed(scale))
    every = "at every visit from the first after dropout"
    if verb is None:
        return f"Scores are made worse {every}."
    return f"Points are {verb} {every}; {'fewer' if scale.higher_is_better else 'more'} points are a worse score."


def _primary_row(primary: pd.DataFrame) -> pd.Series:
    frame = checked_frame(primary, (ESTIMATE, CI_LOW, CI_HIGH, "is_primary"), name="primary", caller=_FIGURE)
    rows = frame[frame["is_primary"].astype(bool)]
    if len(rows) != 1:
        raise FigureError(f"{_FIGURE} found {len(rows)} primary rows in primary; give the contrasts of one comparison.")
    return rows.iloc[0]


def _told(row: pd.Series) -> str:
    return with_interval(row[ESTIMATE], row[CI_LOW], row[CI_HIGH])


def _alternative(
    tipping: pd.DataFrame, grid: Grid, scale: Scale, margin: float | None, planned: pd.Series | None
) -> str:
    ends = [f"{number(float(values.min()))} to {number(float(values.max()))}" for values in (grid.x, grid.y)]
    text = (
        f"Tipping-point analysis of the difference group minus individual ({scale.name}): points "
        f"{changed(scale).lower()} after dropout, "
        f"{ends[0]} in individual and {ends[1]} in group format."
    )
    for _, row in tipping[(tipping[X] == 0) & (tipping[Y] == 0)].iterrows():
        text += f" Imputed at random: {_told(row)}."
    if planned is not None:
        text += f" Primary analysis: {_told(planned)}."
    known = grid.excludes_zero()
    n, of = int(np.nansum(known)), int(np.isfinite(known).sum())
    text += f" The 95% interval excludes 0 in {n} of {of} analyses."
    if margin is not None:
        reached = grid.reaches(scale.in_disfavour(margin))
        text += f" It reaches the margin of {number(margin)} points in {int(np.nansum(reached))}."
    return text
