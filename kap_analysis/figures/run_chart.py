"""Figure 17: mean change by the quarter in which patients started, round its median (run chart)."""

import re
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT, INSTRUMENT, N_PATIENTS
from kap_analysis.errors import FigureError
from kap_analysis.figures.frames import checked_frame, formats_in, levels_of, numbers_of, rows_of
from kap_analysis.figures.marks import numbers_under_axis, side_by_side
from kap_analysis.figures.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.scales import Scale, scale_of
from kap_analysis.figures.statement import draw_statement
from kap_analysis.figures.style import SMALL_PT, Width
from kap_analysis.figures.wording import count, estimate_with_interval, listed, number, plural, sentence_case
from kap_analysis.instruments.instrument import Instrument

_FIGURE = "plot_run_chart"
_PERIOD, _MEAN, _CENTRE = "start_period", "mean_change", "centre"
_COLUMNS = (_PERIOD, FORMAT, N_PATIENTS, _MEAN, CI_LOW, CI_HIGH, _CENTRE)
_QUARTER = re.compile(r"^(\d{4})-Q([1-4])$")
_ALL: Final = "all"
_QUARTER_MM: Final = 8.5
"""Room for one number under the axis; of more quarters than fit every second, third, ... is labelled."""
_NOTHING = "There is no run chart to draw: no quarter had patients with a score, or every mean was withheld."


def plot_run_chart(
    *,
    quarters: pd.DataFrame,
    visit: str | None = None,
    longest_run: int | None = None,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Does the practice change over time: the mean change of the patients who started in each quarter.

    Quarters without a mean stay empty on the axis. Means of few patients scatter widely; their number stands below.

    Parameters
    ----------
    quarters : pandas.DataFrame
        The ``quarters`` of ``chart_quarters``: ``start_period`` ("2025-Q3"), ``format`` ("all", or one line per
        format), ``n_patients``, ``mean_change`` (points), ``ci_low``, ``ci_high``, ``centre`` (the median),
        optionally ``instrument`` (one only).
    visit : str, optional
        Visit of the follow-up score, for the axis.
    longest_run : int, optional
        Quarters in a row on one side of the centre, as ``chart_quarters`` counted them; said below the panel.
    instrument : Instrument or str, optional
        For name and direction; taken from ``quarters`` if it has the column ``instrument``.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, a format is unknown, or there are two instruments. A frame without any mean gives a
        figure that says so.
    """
    quarters = checked_frame(quarters, _COLUMNS, name="quarters", figure=_FIGURE, may_be_empty=True)
    if quarters[_MEAN].isna().all():
        return draw_statement(_NOTHING, ax=ax, theme=theme, width=width, stamp=stamp)
    scale = _scale(quarters, instrument)
    places = quarter_places(quarters[_PERIOD])
    lines = formats_in(quarters, figure=_FIGURE, at_least=0) or [_ALL]
    with open_page(ax, theme=theme, width=width, height=78 + 4 * len(lines), stamp=stamp) as page:
        panel = page.axes[0]
        beside = side_by_side(lines, 0.22)
        for name in lines:
            here = quarters[quarters[FORMAT].astype(str) == name]
            _draw_line(page, panel, here, name, places, beside[name])
        _draw_centres(page, panel, quarters, lines)
        _dress(page, panel, quarters, lines, places, scale, visit)
        if longest_run is not None:
            page.note(f"Longest run on one side of the median: {plural(longest_run, 'quarter')}.")
        page.note("Bars: 95% intervals of the mean; none where too few patients started.")
        page.note_withheld(quarters)
        page.describe(_alternative(quarters, lines, scale, visit, longest_run))
    return page.result


def quarter_places(periods: pd.Series) -> dict[str, float]:
    """Positions on the axis, with gaps where quarters are missing; other words than quarters in their order."""
    names = sorted({str(period) for period in periods.dropna()})
    found = [_QUARTER.match(name) for name in names]
    if not all(found):
        return {name: float(place) for place, name in enumerate(names)}
    numbers = [4 * int(match[1]) + int(match[2]) for match in found if match]
    return {name: float(at - numbers[0]) for name, at in zip(names, numbers, strict=True)}


def _scale(quarters: pd.DataFrame, instrument: Instrument | str | None) -> Scale:
    found = levels_of(quarters[INSTRUMENT]) if INSTRUMENT in quarters.columns else []
    if len(found) > 1:
        raise FigureError(f"{_FIGURE} draws one instrument at a time, found {listed(found)} in quarters=.")
    return scale_of(instrument if instrument is not None else (str(found[0]) if found else None))


def _draw_line(page: Page, ax: Axes, here: pd.DataFrame, name: str, places: dict[str, float], beside: float) -> None:
    here = here.assign(at=here[_PERIOD].astype(str).map(places)).sort_values("at")
    at, mean, low, high = (numbers_of(here, column) for column in ("at", _MEAN, CI_LOW, CI_HIGH))
    look = page.theme.look(name)
    colour, face = (page.theme.foreground,) * 2 if name == _ALL else (look.colour, page.theme.marker_face(name))
    ax.errorbar(
        at + beside,
        mean,
        yerr=[mean - low, high - mean],
        color=colour,
        marker="o" if name == _ALL else look.marker,
        markerfacecolor=face,
        linestyle="none",
        elinewidth=0.7,
        capsize=1.5,
        zorder=4,
        gid=f"means {name}",
    )
    ax.plot(*_with_gaps(at + beside, mean), color=colour, ls=look.line_style, lw=0.9, zorder=3, gid=f"line {name}")


def _with_gaps(at: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The line is broken where a quarter is missing."""
    breaks = np.flatnonzero(np.diff(at) > 1.5) + 1
    return np.insert(at, breaks, np.nan), np.insert(mean, breaks, np.nan)


def _draw_centres(page: Page, ax: Axes, quarters: pd.DataFrame, lines: list[str]) -> None:
    for name in lines:
        here = quarters if name == _ALL else rows_of(quarters, name)
        centres = here[_CENTRE].dropna().astype(float)
        if centres.empty:
            continue
        at, colour = float(centres.iloc[0]), page.theme.muted if name == _ALL else page.theme.look(name).colour
        ax.axhline(at, color=colour, linewidth=0.9, linestyle=(0, (5, 2)), zorder=2, gid=f"centre {name}")
        ax.annotate(
            ("median" if name == _ALL else f"{sentence_case(name)},\nmedian") + f" {number(at)}",
            xy=(1, at),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_PT,
            color=colour,
            annotation_clip=False,
            gid="line label",
        )


def _dress(
    page: Page,
    ax: Axes,
    quarters: pd.DataFrame,
    lines: list[str],
    places: dict[str, float],
    scale: Scale,
    visit: str | None,
) -> None:
    last = max(places.values())
    ax.set_xlim(-0.6, last + 0.6)
    room = page.width_mm * 0.75
    every = max(1, int(np.ceil((last + 1) * _QUARTER_MM / room)))
    shown = {name: at for name, at in places.items() if at % every == 0}
    ax.set_xticks(list(shown.values()), [_quarter_label(name) for name in shown])
    ax.axhline(0.0, color=page.theme.muted, linewidth=0.6, zorder=1, gid="no change")
    better = {"lower is better": "lower: improved", "higher is better": "higher: improved"}.get(scale.direction, "")
    words = [f"Change at {visit}" if visit else "Change", f"{scale.name} points", better]
    ax.set_ylabel(", ".join(word for word in words if word))
    ax.set_xlabel("Quarter of the first ketamine session")
    numbers = {
        ("Patients" if name == _ALL else name): {
            places[str(row[_PERIOD])]: row[N_PATIENTS]
            for _, row in quarters[quarters[FORMAT].astype(str) == name].iterrows()
            if str(row[_PERIOD]) in shown
        }
        for name in lines
    }
    numbers_under_axis(ax, numbers, page.theme, heading="Patients with a score at both times", gap=36.0)


def _quarter_label(name: str) -> str:
    found = _QUARTER.match(name)
    return f"Q{found[2]}\n{found[1]}" if found else name


def _alternative(
    quarters: pd.DataFrame, lines: list[str], scale: Scale, visit: str | None, longest_run: int | None
) -> str:
    text = f"Run chart of the mean change in {scale.name}{f' at {visit}' if visit else ''} by quarter of start."
    for name in lines:
        here = quarters[quarters[FORMAT].astype(str) == name]
        who = "All patients" if name == _ALL else sentence_case(name)
        told = [
            f"{row[_PERIOD]} {estimate_with_interval(row[_MEAN], row[CI_LOW], row[CI_HIGH])} (n = "
            f"{count(row[N_PATIENTS])})"
            for _, row in here.iterrows()
        ]
        text += f" {who}: {'; '.join(told)}; median {number(here[_CENTRE].iloc[0])}."
    return text + (f" Longest run on one side: {plural(longest_run, 'quarter')}." if longest_run is not None else "")
