"""The forest layout: a label, a mark with its interval, and the numbers in columns, one row below the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.style import LINE_HEIGHT, POINTS_PER_MM, SMALL_PT, Theme
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.numbers import number

ROW_MM: Final = 4.6
"""Height of a row with one line of text."""
INDENT_PT: Final = 8.0
COLUMN_GAP_PT: Final = 9.0
_NEGLIGIBLE: Final = 0.005
"""Rows that lie closer together than this are drawn on an axis of two points, not magnified."""
_WIDE: Final = 3.0
"""An interval this many times as wide as the median one does not set the axis: it would narrow all the others."""
_CUT: Final = "Arrowhead: the interval goes on beyond the axis; its limits are written in its row."


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row. A heading has a label only; ``small`` are quieter lines under the label, which may have lines too.

    What ``is_apart`` is no answer to the question of the figure and has a cross.
    """

    label: str
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan
    columns: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    is_heading: bool = False
    is_primary: bool = False
    is_apart: bool = False
    indent: bool = False

    @property
    def lines(self) -> int:
        """Lines of text that the row takes."""
        return len(self.label_lines) + len(self.small)

    @property
    def label_lines(self) -> list[str]:
        """The label, line by line."""
        return self.label.split("\n")


@dataclass(frozen=True, slots=True)
class Margin:
    """A margin that was stated beforehand, at its position on the axis; for the first ``rows`` only, if so given."""

    at: float
    text: str
    rows: int | None = None


def column_width(rows: Iterable[ForestRow], place: int, header: str) -> float:
    """Width of one column of numbers in points, its header included."""
    cells = [row.columns[place] for row in rows if place < len(row.columns)]
    return max(text_width(text, bold=True) for text in (header, *cells))


def forest_height(rows: Sequence[ForestRow]) -> float:
    """Height of the rows in mm, without axis and header."""
    return sum(_tall(row) for row in rows)


def _tall(row: ForestRow) -> float:
    return ROW_MM + (row.lines - 1) * SMALL_PT * LINE_HEIGHT / POINTS_PER_MM


def row_positions(rows: Sequence[ForestRow]) -> list[float]:
    """Vertical position of the first line of each row in mm, downwards from the top."""
    tops = np.cumsum([0.0, *[_tall(row) for row in rows]])[:-1]
    return [float(top + ROW_MM / 2) for top in tops]


def draw_forest(
    ax: Axes,
    rows: Sequence[ForestRow],
    theme: Theme,
    *,
    headers: Sequence[str] = (),
    label: str = "",
    zero: float | None = 0.0,
    margins: Sequence[Margin] = (),
    title: str = "",
) -> list[str]:
    """Draw the rows from top to bottom.

    Parameters
    ----------
    headers : sequence of str
        Over the columns of numbers.
    label : str
        Of the x axis, with its unit and what each side means.
    zero : float, optional
        Where "no difference" is; None for no line.
    margins : sequence of Margin
        Vertical lines with their name at the top.
    title : str
        Over the column of labels.

    Returns
    -------
    list of str
        What the page must note of the marks: that an interval ends in an arrowhead.
    """
    places = row_positions(rows)
    ax.set_ylim(forest_height(rows), 0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(label, loc="center" if headers else "right")
    if zero is not None:
        ax.axvline(zero, color=theme.muted, linewidth=0.7, zorder=1, gid="no difference")
    for margin in margins:
        end = 0.0 if margin.rows is None else 1 - forest_height(rows[: margin.rows]) / forest_height(rows)
        ax.axvline(margin.at, end, 1, color=theme.worse, linewidth=1.0, linestyle=(0, (3, 2)), zorder=1, gid="margin")
        side = "right" if margin.at > 0 else "left"
        _text(ax, margin.text, margin.at, 0, (0, 3), "axes top", ha=side, color=theme.worse)
    for row, y in zip(rows, places, strict=True):
        _draw_mark(ax, row, y, theme)
    wide = label_column(rows)
    _write_labels(ax, rows, places, theme, wide)
    _write_columns(ax, rows, places, headers, theme)
    if title:
        aside = ScaledTranslation(
            (-wide - 6) / 72, (14 if headers or margins else 4) / 72, _figure_of(ax).dpi_scale_trans
        )
        ax.set_title(title, y=1.0).set_transform(ax.transAxes + aside)
    _set_view(ax, rows, zero, margins)
    return _mark_cut(ax, rows, places, theme)


def _draw_mark(ax: Axes, row: ForestRow, y: float, theme: Theme) -> None:
    if np.isnan(row.estimate):
        return
    colour = theme.foreground if row.is_primary else theme.accent
    if not (np.isnan(row.low) or np.isnan(row.high)):
        ax.plot([row.low, row.high], [y, y], color=colour, linewidth=1.6 if row.is_primary else 1.0, gid="interval")
    ax.plot(
        row.estimate,
        y,
        marker="D" if row.is_primary else "x" if row.is_apart else "s",
        markersize=5.5 if row.is_primary else 4.0,
        color=colour,
        markerfacecolor=colour if row.is_primary else theme.background,
        linestyle="none",
        gid="estimate",
    )


def label_column(rows: Sequence[ForestRow]) -> float:
    """Width of the column of labels in points."""
    return max(
        (text_width(text, bold=row.is_heading or row.is_primary) + (INDENT_PT if row.indent else 0))
        for row in rows
        for text in (*row.label_lines, *row.small)
    )


def _write_labels(ax: Axes, rows: Sequence[ForestRow], places: Sequence[float], theme: Theme, wide: float) -> None:
    """Labels flush left in a column of the given width."""
    for row, y in zip(rows, places, strict=True):
        left = -wide - 6 + (INDENT_PT if row.indent else 0)
        weight = "bold" if row.is_heading or row.is_primary else "normal"
        for place, line in enumerate((*row.label_lines, *row.small)):
            down = -place * SMALL_PT * LINE_HEIGHT
            if place < len(row.label_lines):
                _text(ax, line, 0, y, (left, down), "row", weight=weight, gid="row label", color=theme.foreground)
            else:
                _text(ax, line, 0, y, (left, down), "row", color=theme.muted, gid="row label, second line")


def _write_columns(
    ax: Axes,
    rows: Sequence[ForestRow],
    places: Sequence[float],
    headers: Sequence[str],
    theme: Theme,
) -> None:
    """Numbers right of the panel, each column flush right."""
    right = 4.0
    for place, header in enumerate(headers):
        cells = [row.columns[place] if place < len(row.columns) else "" for row in rows]
        right += column_width(rows, place, header)
        _text(ax, header, 1, 0, (right, 3), "header", ha="right", color=theme.muted, gid="column header")
        for row, cell, y in zip(rows, cells, places, strict=True):
            weight = "bold" if row.is_primary else "normal"
            _text(ax, cell, 1, y, (right, 0), "row", ha="right", weight=weight, color=theme.foreground, gid="cell")
        right += COLUMN_GAP_PT


def _text(
    ax: Axes,
    text: str,
    x: float,
    y: float,
    offset: tuple[float, float],
    where: str,
    *,
    color: str,
    ha: str = "left",
    weight: str = "normal",
    gid: str = "margin name",
) -> None:
    if not text:
        return
    coordinates = {
        "row": ("axes fraction", "data"),
        "header": ("axes fraction", "data"),
        "axes top": ("data", "data"),
    }[where]
    ax.annotate(
        text,
        xy=(x, y),
        xycoords=coordinates,
        xytext=offset,
        textcoords="offset points",
        ha=ha,
        va="center" if where == "row" else "bottom",
        fontsize=SMALL_PT,
        fontweight=weight,
        color=color,
        annotation_clip=False,
        gid=gid,
    )


def _set_view(ax: Axes, rows: Sequence[ForestRow], zero: float | None, margins: Sequence[Margin]) -> None:
    values = _values_in_view(rows)
    stated = [margin.at for margin in margins] + ([] if zero is None else [zero])
    if not values:
        ax.set_xlim(min(stated, default=0.0) - 1, max(stated, default=0.0) + 1)
        ax.set_xticks(stated, [number(value, int(value % 1 > 0)) for value in stated])
        return
    values += stated
    span = max(values) - min(values)
    if span < _NEGLIGIBLE:
        span = 2.0
        values = [min(values) - 1.0, max(values) + 1.0]
    ax.set_xlim(min(values) - 0.05 * span, max(values) + 0.05 * span)
    ax.xaxis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 5, 10], integer=span > 4))
    ax.xaxis.set_major_formatter(lambda value, _: number(value, decimals_for(span)))


def _values_in_view(rows: Sequence[ForestRow]) -> list[float]:
    """Every estimate, and the ends of the intervals but for very wide ones; the primary one is always whole."""
    widest = np.inf
    if widths := [row.high - row.low for row in rows if not np.isnan(row.high - row.low)]:
        widest = _WIDE * float(np.median(widths))
    ends = [end for row in rows if row.is_primary or row.high - row.low <= widest for end in (row.low, row.high)]
    return [value for value in (*ends, *(row.estimate for row in rows)) if not np.isnan(value)]


def _mark_cut(ax: Axes, rows: Sequence[ForestRow], places: Sequence[float], theme: Theme) -> list[str]:
    """Arrowheads where an interval goes on beyond the axis, and the note that explains them."""
    left, right = ax.get_xlim()
    cut = [
        (at, y, marker)
        for row, y in zip(rows, places, strict=True)
        for at, marker, is_beyond in ((0, "<", row.low < left), (1, ">", row.high > right))
        if is_beyond
    ]
    for at, y, marker in cut:
        ax.plot(
            at, y, marker, markersize=4.0, color=theme.accent, transform=ax.get_yaxis_transform(), clip_on=False,
            gid="interval goes on",
        )  # fmt: skip
    return [_CUT] if cut else []


def decimals_for(span: float) -> int:
    """Decimals of the ticks of an axis, by its length."""
    return 0 if span > 4 else 1 if span > 0.6 else 2


def _figure_of(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def value_of(value: object) -> float:
    """A cell as a float; NaN if it is None, NaN or NA."""
    return np.nan if pd.isna(value) else float(value)  # type: ignore[call-overload,arg-type]


def sides(favours_low: str, favours_high: str, quantity: str) -> str:
    """An axis label that says what each side means."""
    return f"{quantity}\n←  {favours_low}     {favours_high}  →"


def margin_marks(scale: Scale, margin: float | None) -> list[Margin]:
    """The margin, where the group format is worse by it; nothing where none was stated."""
    return [] if margin is None else [Margin(scale.in_disfavour(margin), f"margin {number(margin)}")]


def difference_label(instrument: Instrument | str | None) -> str:
    """Label of an axis of group minus individual: the unit, and what each side means where that is known."""
    scale = scale_of(instrument)
    quantity = f"Group minus individual, {'' if instrument is None else scale.name + ' '}points"
    if not scale.direction_known:
        return quantity
    return sides(*scale.from_low_to_high("group better", "individual better"), quantity)
