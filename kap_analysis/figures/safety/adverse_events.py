"""Figure 16, first part: adverse events per ketamine session at which somebody asked, by event, format and route."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb

from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL, MIXED
from kap_analysis.errors import FigureError
from kap_analysis.figures.page.frames import checked_frame, formats_in, rows_of
from kap_analysis.figures.page.label_fit import tick_lines
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page
from kap_analysis.figures.page.parts import Part, draw_parts
from kap_analysis.figures.page.statement import why_nothing
from kap_analysis.figures.page.style import (
    LINE_HEIGHT,
    POINTS_PER_MM,
    SMALL_PT,
    Theme,
    Width,
    panel_grid,
    width_in_mm,
)
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import WITHHELD, count, number, plural
from kap_analysis.writing.sentences import join_words, sentence_case

_FIGURE = "plot_adverse_events"
_EVENT, _ROUTE, _SEVERITY, _N = "event", "route", "severity", "n_events"
_ASKED, _SESSIONS, _N_ASKED = "n_sessions_asked", "n_sessions", "n_events_asked"
_COLUMNS = (_EVENT, FORMAT, _ROUTE, _SEVERITY, _N, _ASKED, _SESSIONS)
_OUTSIDE: Final = "not in a session"
_SEVERITIES: Final = ("mild", "moderate", "severe", "life-threatening", "fatal")
_UNGRADED: Final = "not recorded"
_SHADES: Final = {"mild": 0.35, "moderate": 0.65, _UNGRADED: 0.0}
"""How much of the format's colour a severity has; all others, which are worse, have all of it."""
_GLYPHS: Final = {INDIVIDUAL: "●", GROUP: "□", MIXED: "▲"}
_MOST_EVENTS: Final = 40
_MOST_PANELS: Final = 4
_NAMES_SHARE: Final = 0.3
"""Share of a page that is left to names of events."""
_RATES_WITHHELD = "Rates of adverse events are withheld to protect patients: no bar has all the numbers that it needs."
_NOTHING = "No adverse event is in the data. Where nobody asked, that says nothing about how often they occurred."
PER: Final = 100.0
"""Events are drawn per this many sessions."""


def plot_adverse_events(
    *,
    events: pd.DataFrame,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Adverse events per 100 ketamine sessions at which they were asked about; one panel per route.

    Each panel says at how many of its sessions events were asked about. The number of events stands at each bar;
    events that belong to no session have no rate and are counted below the panels.

    Parameters
    ----------
    events : pandas.DataFrame
        The ``events`` of ``review_safety``: ``event``, ``format``, ``route``, ``severity``, ``n_events``,
        ``n_sessions_asked`` and ``n_sessions`` (of the format and route), and where known ``n_events_asked``: only
        these events are drawn, since the others have no denominator. Of a bar with a withheld part there is
        the word "withheld" and no length.
    ax : Axes or sequence of Axes, optional
        One per route.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, a format is unknown, or there are more than 40 events or 4 routes. A frame without
        rows gives a figure that says so.
    """
    return draw_parts([events_part(events, width)], ax=ax, theme=theme, width=width, stamp=stamp)


def events_part(events: pd.DataFrame, width: Width) -> Part:
    """Adverse events as a part of a page."""
    events = checked_frame(events, _COLUMNS, name="events", caller=_FIGURE, may_be_empty=True)
    if events.empty:
        return Part(nothing=why_nothing(_NOTHING, events))
    events = _apart_by_asked(events)
    inside = events[events[_ROUTE].astype(str) != _OUTSIDE]
    if inside.empty:
        return Part(nothing=_outside_sentence(events))
    formats = formats_in(events, caller=_FIGURE)
    routes = sorted({str(route) for route in inside[_ROUTE]})
    names = _events_by_frequency(inside)
    if inside.get("withheld", pd.Series(False)).any() and not inside[[_N, _ASKED]].notna().all(axis=1).any():
        return Part(nothing=_RATES_WITHHELD)
    if len(names) > _MOST_EVENTS or len(routes) > _MOST_PANELS:
        raise FigureError(
            f"{_FIGURE} draws {_MOST_EVENTS} events and {_MOST_PANELS} routes at most, found {len(names)} and "
            f"{len(routes)}; pool the rare ones."
        )
    rows, columns = panel_grid(width, len(routes), 2)
    labels, taller = tick_lines(
        [sentence_case(readable(name)) for name in names], _NAMES_SHARE * width_in_mm(width) * POINTS_PER_MM
    )
    tall = max(1.4 + 3.3 * len(formats), (taller + 1.3 * SMALL_PT * LINE_HEIGHT) / POINTS_PER_MM)
    height = rows * (tall * len(names) + 16 + 4 * len(formats))

    def draw(page: Page) -> None:
        widest = 0.0
        for panel, route in zip(page.axes, routes, strict=True):
            here = inside[inside[_ROUTE].astype(str) == route]
            widest = max(widest, _draw_panel(page, panel, here, names, formats))
            _head(page, panel, here, route, formats)
            page.describe(_alternative(here, route, formats))
        _dress(page, labels, widest)
        page.note(f"Number at each bar: events. {_severity_sentence(inside)}")
        if len(inside) < len(events):
            page.note(_outside_sentence(events))
        page.note_not_drawn(events)
        page.note_withheld(events)

    return Part(draw, height, rows, columns, len(routes), {"sharey": True, "sharex": True})


def _apart_by_asked(events: pd.DataFrame) -> pd.DataFrame:
    """Events at sessions where nobody asked become events outside all sessions: they have no denominator either."""
    if _N_ASKED not in events.columns:
        return events
    in_session = events[_ROUTE].astype(str) != _OUTSIDE
    # An unknown number asked leaves the count as it is: the panel says that there is no rate.
    counted = in_session & events[_ASKED].notna()
    rest = (events[_N] - events[_N_ASKED]).where(counted, 0)
    inside, outside = events.copy(), events[rest > 0].copy()
    inside[_N] = events[_N].mask(counted, events[_N_ASKED])
    outside[_ROUTE], outside[_N] = _OUTSIDE, rest[rest > 0]
    return pd.concat([inside, outside], ignore_index=True)


def _events_by_frequency(inside: pd.DataFrame) -> list[str]:
    totals = inside.groupby(inside[_EVENT].astype(str))[_N].sum()
    return [str(name) for name in totals.sort_values(ascending=False, kind="stable").index]


def _severities(rows: pd.DataFrame) -> list[str]:
    found = {str(value) for value in rows[_SEVERITY].dropna()}
    known = [name for name in _SEVERITIES if name in found]
    return known + sorted(found - set(known))


def _rates(here: pd.DataFrame, event: str, care_format: str) -> list[tuple[str, float, float]]:
    """Severity, number of events and events per 100 sessions asked, for one bar; NaN where not known."""
    rows = rows_of(here[here[_EVENT].astype(str) == event], care_format)
    found = []
    for severity in _severities(rows):
        one = rows[rows[_SEVERITY].astype(str) == severity]
        n, asked = float(one[_N].sum(skipna=False)), one[_ASKED].astype(float).max()
        found.append((severity, n, PER * n / asked if asked > 0 else np.nan))
    return found


def _draw_panel(page: Page, ax: Axes, here: pd.DataFrame, names: Sequence[str], formats: list[str]) -> float:
    """Bars of one route; returns the highest rate."""
    widest = 0.0
    thick = 0.74 / len(formats)
    for row, event in enumerate(names):
        for place, name in enumerate(formats):
            y = row + (place - (len(formats) - 1) / 2) * thick
            parts = _rates(here, event, name)
            left = 0.0
            whole = not any(np.isnan(rate) for _, _, rate in parts)
            for severity, _, rate in parts if whole else []:
                look = _look(severity, name, page.theme)
                ax.barh(y, rate, thick * 0.92, left=left, gid=f"{event}, {name}, {severity}", **look)  # type: ignore[arg-type]
                left += rate
            if left > 0:
                _end_mark(ax, left, y, name, page.theme)
            _number(ax, left, y, _total(parts), page.theme.look(name).colour)
            widest = max(widest, left)
    return widest


def _total(parts: list[tuple[str, float, float]]) -> str:
    """The number of events of one bar: "withheld" if a part was, "2 (not asked)" if there is no rate."""
    known = [n for _, n, _ in parts if not np.isnan(n)]
    if len(known) < len(parts):
        return WITHHELD
    asked = all(np.isfinite(rate) for _, _, rate in parts)
    return count(sum(known)) + ("" if asked else " (not asked)")


def _look(severity: str, care_format: str, theme: Theme) -> dict[str, object]:
    """Tints of the format's colour, paler for what is milder, all with its outline."""
    colour = theme.look(care_format).colour
    share = _SHADES.get(severity, 1.0)
    mixed = share * np.array(to_rgb(colour)) + (1 - share) * np.array(to_rgb(theme.background))
    return {"facecolor": to_hex(tuple(mixed.tolist())), "edgecolor": colour, "linewidth": 0.6}


def _end_mark(ax: Axes, x: float, y: float, care_format: str, theme: Theme) -> None:
    """The mark of the format at the end of its bar, which tells formats apart in greyscale."""
    look = theme.look(care_format)
    face = theme.marker_face(care_format)
    ax.plot(
        x, y, marker=look.marker, markersize=3.6, color=look.colour, markerfacecolor=face, gid=f"rate {care_format}"
    )


def _number(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    ax.annotate(
        text,
        xy=(x, y),
        xytext=(4.5, 0),
        textcoords="offset points",
        va="center_baseline",
        fontsize=SMALL_PT,
        color=colour,
        gid="number of events",
    )


def _head(page: Page, ax: Axes, here: pd.DataFrame, route: str, formats: list[str]) -> None:
    """The route, and per format, in its colour and with its mark, the sessions at which events were asked about."""
    step = SMALL_PT * LINE_HEIGHT
    ax.set_title(f"Route {route}: events asked about at", pad=5 + step * len(formats))
    for place, name in enumerate(reversed(formats)):
        rows = rows_of(here, name)
        asked = f"{count(rows[_ASKED].max())} of {count(rows[_SESSIONS].max())} sessions" if len(rows) else "no event"
        ax.annotate(
            f"{_GLYPHS[name]} {sentence_case(name)}: {asked}",
            xy=(0, 1),
            xycoords="axes fraction",
            xytext=(0, 4 + place * step),
            textcoords="offset points",
            fontsize=SMALL_PT,
            color=page.theme.look(name).colour,
            annotation_clip=False,
            gid=f"asked {name}",
        )


def _dress(page: Page, labels: Sequence[str], widest: float) -> None:
    first = page.axes[0]
    first.set_ylim(len(labels) - 0.4, -0.6)
    first.set_yticks(range(len(labels)), labels)
    for ax in page.axes:
        ax.set_xlim(0, 1.2 * (widest or 1.0))
        ax.tick_params(axis="y", length=0)
        ax.tick_params(axis="x", labelbottom=True)
        ax.spines["left"].set_visible(False)
        ax.axvline(0, color=page.theme.muted, linewidth=0.6, zorder=0)
        ax.set_xlabel(f"Events per {PER:.0f} sessions asked")


def _severity_sentence(inside: pd.DataFrame) -> str:
    graded = [severity for severity in _severities(inside) if severity != _UNGRADED]
    without = "Without colour: severity not recorded." if _UNGRADED in _severities(inside) else ""
    shades = f"The stronger the colour, the worse: {join_words(graded)}. " if len(graded) > 1 else ""
    return (shades or (f"All {graded[0]}. " if graded and not without else "")) + without


def _outside_sentence(events: pd.DataFrame) -> str:
    outside = events[events[_ROUTE].astype(str) == _OUTSIDE]
    told = []
    for event, rows in outside.groupby(outside[_EVENT].astype(str), sort=True):
        by = [
            f"{name} {count(part[_N].sum(skipna=False))}"
            for name, part in rows.groupby(rows[FORMAT].astype(str), sort=False)
        ]
        told.append(f"{readable(event)} ({', '.join(by)})")
    return f"Not in a session at which patients were asked, so without a rate: {join_words(told)}."


def _alternative(here: pd.DataFrame, route: str, formats: list[str]) -> str:
    text = f"Adverse events by route {route}: number, and in brackets per {PER:.0f} ketamine sessions asked."
    for name in formats:
        rows = rows_of(here, name)
        if rows.empty:
            text += f" {sentence_case(name)}: none."
            continue
        asked, held = rows[_ASKED].max(), rows[_SESSIONS].max()
        told = []
        for event in _events_by_frequency(rows):
            parts = _rates(here, event, name)
            rate = sum(rate for _, _, rate in parts)
            told.append(f"{readable(event)} {_total(parts)} ({number(rate)})")
        text += f" {sentence_case(name)}, asked at {count(asked)} of {plural(held, 'session')}: {'; '.join(told)}."
    return text
