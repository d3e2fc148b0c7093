"""Figure 16, second part: vital signs and scales in ketamine sessions, by minute and format."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import FORMAT
from kap_analysis.errors import FigureError
from kap_analysis.figures.marks.marks import format_handles, numbers_under_axis, side_by_side
from kap_analysis.figures.page.frames import checked_frame, formats_in, numbers_of, rows_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page
from kap_analysis.figures.page.parts import Part, draw_parts
from kap_analysis.figures.page.statement import why_nothing
from kap_analysis.figures.page.style import Width, panel_grid
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.names import measure_name, measure_order
from kap_analysis.writing.numbers import count, interval, number
from kap_analysis.writing.sentences import join_words, sentence_case
from kap_analysis.writing.small_numbers import FEWEST, is_enough, of_enough

_FIGURE = "plot_vitals"
_COLUMNS = ("measure", "unit", "minute", FORMAT, "n", "mean", "q1", "q3")
_MOST_MEASURES: Final = 9
_MOST_NUMBERED: Final = 6
"""Minutes with a number of measurements below; of more the range is said in the title."""
_LOW_IS_WORSE: Final = frozenset({"spo2"})
"""Measures of which the lowest value matters for safety, not the highest."""
_NOTHING = "There is nothing measured in a session to draw: no vital sign is in the data."


def plot_vitals(
    *,
    vitals: pd.DataFrame,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """What was measured during ketamine sessions: means, middle halves and the extreme value, by minute and format.

    Parameters
    ----------
    vitals : pandas.DataFrame
        The ``vitals`` of ``review_safety``: ``measure``, ``unit``, ``minute`` (missing: drawn apart, on the right),
        ``format``, ``n`` (measurements), ``mean``, ``q1``, ``q3`` in the unit, optionally ``maximum`` and, for
        oxygen saturation, ``minimum`` (a small mark; withheld where it could point at a person). One panel per
        measure and unit, nine at most.
    ax : Axes or sequence of Axes, optional
        One per measure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, a format is unknown, or there are more than nine measures. A frame without any mean
        gives a figure that says so.
    """
    return draw_parts([vitals_part(vitals, width)], ax=ax, theme=theme, width=width, stamp=stamp)


def vitals_part(vitals: pd.DataFrame, width: Width) -> Part:
    """What was measured in sessions as a part of a page."""
    vitals = checked_frame(vitals, _COLUMNS, name="vitals", caller=_FIGURE, may_be_empty=True)
    if vitals["mean"].isna().all():
        return Part(nothing=why_nothing(_NOTHING, vitals))
    formats = formats_in(vitals, caller=_FIGURE)
    vitals = of_enough(vitals, ("q1", "q3"), "n")
    panels = _panels(vitals)
    rows, columns = panel_grid(width, len(panels), 2 if len(panels) == 4 else 3)

    def draw(page: Page) -> None:
        for panel, (name, unit, here) in zip(page.axes, panels, strict=True):
            _draw_panel(page, panel, here, formats)
            _dress(page, panel, here, formats, name, unit)
            page.describe(_alternative(here, formats, name, unit))
        page.key(format_handles(formats, page.theme))
        page.note(f"Marks: means. Bars: from the first to the third quartile of the measurements.{_said(panels)}")
        if not is_enough(vitals, "n").all():
            page.note(f"Of fewer than {FEWEST} measurements there is the mean without a bar.")
        page.note_not_drawn(vitals)
        page.note_withheld(vitals)

    return Part(draw, 56 * rows + 8, rows, columns, len(panels))


def _panels(vitals: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Name, unit and rows of each measure and unit."""
    units = vitals["unit"].astype("object").where(vitals["unit"].notna(), "")
    found = []
    for measure in sorted(levels_of(vitals["measure"]), key=measure_order):
        for unit in dict.fromkeys(units[vitals["measure"] == measure]):
            rows = vitals[(vitals["measure"] == measure) & (units == unit)]
            found.append((measure_name(measure), str(unit), rows))
    if len(found) > _MOST_MEASURES:
        raise FigureError(f"{_FIGURE} draws {_MOST_MEASURES} measures at most, found {len(found)}; choose among them.")
    return found


def _extreme(rows: pd.DataFrame) -> str:
    """The column of the value that matters for safety: the highest, of oxygen the lowest; empty if it is not there."""
    measure = "" if rows.empty else str(rows["measure"].iloc[0])
    column = "minimum" if measure in _LOW_IS_WORSE else "maximum"
    return column if column in rows.columns and rows[column].notna().any() else ""


def _said(panels: list[tuple[str, str, pd.DataFrame]]) -> str:
    """What the small dashes are."""
    lowest = [name.lower() for name, _, rows in panels if _extreme(rows) == "minimum"]
    if not any(_extreme(rows) == "maximum" for _, _, rows in panels):
        return " Small dash: the lowest value." if lowest else ""
    return " Small dash: the highest value" + (f", of {join_words(lowest)} the lowest." if lowest else ".")


def minute_places(minutes: pd.Series) -> dict[float, float]:
    """Minute to position; measurements without a minute (NaN) stand apart, right of the last."""
    known = sorted({float(minute) for minute in minutes.dropna()})
    places = {minute: minute for minute in known}
    if minutes.isna().any():
        span = (known[-1] - known[0]) if len(known) > 1 else 40.0
        places[np.nan] = known[-1] + 0.4 * span if known else 0.0
    return places


def _at(rows: pd.DataFrame, places: dict[float, float]) -> np.ndarray:
    apart = next((place for minute, place in places.items() if np.isnan(minute)), np.nan)
    minutes = numbers_of(rows, "minute")
    return np.where(np.isnan(minutes), apart, minutes)


def _draw_panel(page: Page, ax: Axes, here: pd.DataFrame, formats: list[str]) -> None:
    places = minute_places(here["minute"])
    span = (max(places.values()) - min(places.values())) or 40.0
    gaps = np.diff(sorted(places.values()))
    beside = side_by_side(formats, min(0.04 * span, 0.3 * float(gaps.min())) if len(gaps) else 0.04 * span)
    for name in formats:
        rows = rows_of(here, name).sort_values("minute", kind="stable")
        look = page.theme.look(name)
        at = _at(rows, places) + beside[name]
        mean, low, high = (numbers_of(rows, column) for column in ("mean", "q1", "q3"))
        timed = rows["minute"].notna().to_numpy()
        ax.plot(at[timed], mean[timed], color=look.colour, ls=look.line_style, lw=1.0, gid=f"line {name}")
        ax.vlines(at, low, high, color=look.colour, linewidth=1.6, gid=f"middle half {name}")
        ax.plot(
            at,
            mean,
            color=look.colour,
            marker=look.marker,
            markerfacecolor=page.theme.marker_face(name),
            linestyle="none",
            zorder=4,
            gid=f"means {name}",
        )
        worst = _extreme(rows)
        if worst:
            value = numbers_of(rows, worst)
            ax.plot(at, value, color=look.colour, marker="_", markersize=5, linestyle="none", gid=f"{worst} {name}")


def _dress(page: Page, ax: Axes, here: pd.DataFrame, formats: list[str], name: str, unit: str) -> None:
    places = minute_places(here["minute"])
    span = (max(places.values()) - min(places.values())) or 40.0
    pad = (0.15 if len(places) > 1 else 0.5) * span
    ax.set_xlim(min(places.values()) - pad, max(places.values()) + pad)
    labels = {place: "none" if np.isnan(minute) else f"{minute:g}" for minute, place in places.items()}
    few = len(places) <= _MOST_NUMBERED
    if few:
        ax.set_xticks(list(labels), list(labels.values()))
    missing = " (none: not recorded)" if "none" in labels.values() else ""
    ax.set_xlabel(f"Minute of the session{missing}")
    ax.set_ylabel(unit or "Score")
    ax.set_title(name)
    if few:
        rows = {one: _numbers(rows_of(here, one), places) for one in formats}
        numbers_under_axis(ax, rows, page.theme, heading="Measurements")
    else:
        n = here["n"].dropna()
        ends = f"{count(n.min())} to {count(n.max())}" if len(n) else count(np.nan)
        ax.set_xlabel(f"Minute of the session{missing}\nn = {ends} per mark")


def _numbers(rows: pd.DataFrame, places: dict[float, float]) -> dict[float, float]:
    return dict(zip(_at(rows, places).tolist(), numbers_of(rows, "n"), strict=True))


def _minute_name(minute: float) -> str:
    return "minute not recorded" if pd.isna(minute) else f"minute {minute:g}"


def _alternative(here: pd.DataFrame, formats: list[str], name: str, unit: str) -> str:
    text = f"{name}{f' ({unit})' if unit else ''} in ketamine sessions."
    for one in formats:
        rows = rows_of(here, one).sort_values("minute", kind="stable")
        told = [
            f"{_minute_name(row['minute'])} mean "
            f"{number(row['mean'])} (quartiles {interval(row['q1'], row['q3'])}, n = {count(row['n'])})"
            for _, row in rows.iterrows()
        ]
        if told:
            text += f" {sentence_case(one)}: {'; '.join(told)}."
    return text
