"""Figure 17: mean change by the quarter in which patients started, around its median (run chart)."""

import re
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT, N_PATIENTS
from kap_analysis.figures.marks.marks import LineEnd, label_line_ends, numbers_under_axis, side_by_side
from kap_analysis.figures.page.frames import checked_frame, formats_in, numbers_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of_one
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import POINTS_PER_MM, Width
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.numbers import count, number, plural, with_interval
from kap_analysis.writing.sentences import sentence_case
from kap_analysis.writing.small_numbers import of_enough, said_of_few

_FIGURE = "plot_run_chart"
_PERIOD, _MEAN, _CENTRE = "start_period", "mean_change", "centre"
_COLUMNS = (_PERIOD, FORMAT, N_PATIENTS, _MEAN, CI_LOW, CI_HIGH, _CENTRE)
_QUARTER = re.compile(r"^(\d{4})-Q([1-4])$")
_ALL: Final = "all"
_GAP_MM: Final = 1.4
"""Room between numbers under the axis; of more quarters than fit every second, third, ... is labelled."""
_BESIDE_MM: Final = 31.0
"""Room left and right of the panel."""
_NOTHING = "There is no run chart to draw: no quarter had patients with a score."


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
    """Run chart of a practice: the mean change of the patients who started in each quarter.

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
    quarters = checked_frame(quarters, _COLUMNS, name="quarters", caller=_FIGURE, may_be_empty=True)
    if quarters[_MEAN].isna().all():
        return draw_statement(why_nothing(_NOTHING, quarters), ax=ax, theme=theme, width=width, stamp=stamp)
    quarters = of_enough(quarters)
    scale = scale_of_one(instrument, quarters, name="quarters", caller=_FIGURE)
    places = quarter_places(quarters[_PERIOD])
    lines = formats_in(quarters, caller=_FIGURE, at_least=0) or [_ALL]
    with open_page(ax, theme=theme, width=width, height=78 + 4 * len(lines), stamp=stamp) as page:
        panel = page.axes[0]
        beside = side_by_side(lines, 0.22)
        for name in lines:
            here = quarters[quarters[FORMAT].astype(str) == name]
            _draw_line(page, panel, here, name, places, beside[name])
        _dress(page, panel, quarters, lines, places, scale, visit)
        _draw_centres(page, panel, quarters, lines)
        if longest_run is not None:
            page.note(f"Longest run on one side of the median: {plural(longest_run, 'quarter')}.")
        if quarters[CI_LOW].notna().any():
            page.note("Bars: 95% intervals of the mean.")
        page.notes += said_of_few(quarters)
        page.note_withheld(quarters)
        page.describe(_alternative(quarters, lines, scale, visit, longest_run))
    return page.result


def quarter_places(periods: pd.Series) -> dict[str, float]:
    """Positions on the axis, in quarters since January of the first year; other periods stand in order."""
    names = sorted({str(period) for period in periods.dropna()})
    found = [(int(match[1]), int(match[2])) for match in map(_QUARTER.match, names) if match]
    if len(found) < len(names):
        return {name: float(place) for place, name in enumerate(names)}
    first = found[0][0]
    return {name: 4.0 * (year - first) + quarter - 1 for name, (year, quarter) in zip(names, found, strict=True)}


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


def _view(quarters: pd.DataFrame) -> tuple[float, float]:
    """Limits of the axis: they hold all intervals, unless one is far wider than the range of the means."""
    inside = np.concatenate([numbers_of(quarters, column) for column in (_MEAN, _CENTRE)])
    low, high = min(0.0, float(np.nanmin(inside))), max(0.0, float(np.nanmax(inside)))
    span = max(high - low, 1.0)
    ends = np.concatenate([numbers_of(quarters, column) for column in (CI_LOW, CI_HIGH)])
    reach = [value for value in ends if np.isfinite(value)]
    return max(min([low, *reach]), low - span) - 0.05 * span, min(max([high, *reach]), high + span) + 0.05 * span


def _with_gaps(at: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The line is broken where a quarter is missing."""
    breaks = np.flatnonzero(np.diff(at) > 1.5) + 1
    return np.insert(at, breaks, np.nan), np.insert(mean, breaks, np.nan)


def _draw_centres(page: Page, ax: Axes, quarters: pd.DataFrame, lines: list[str]) -> None:
    ends = []
    for name in lines:
        centres = quarters.loc[quarters[FORMAT].astype(str) == name, _CENTRE].dropna().astype(float)
        if centres.empty:
            continue
        at, colour = float(centres.iloc[0]), page.theme.muted if name == _ALL else page.theme.look(name).colour
        ax.axhline(at, color=colour, linewidth=0.9, linestyle=(0, (5, 2)), zorder=2, gid=f"centre {name}")
        ends.append(LineEnd(ax.get_xlim()[1], at, f"median {number(at)}", colour))
    label_line_ends(ax, ends, offset=3.0)


def _dress(
    page: Page,
    ax: Axes,
    quarters: pd.DataFrame,
    lines: list[str],
    places: dict[str, float],
    scale: Scale,
    visit: str | None,
) -> None:
    first, last = min(places.values()), max(places.values())
    low, high = _view(quarters)
    ax.set_ylim(low, high)
    if (quarters[CI_LOW] < low).any() or (quarters[CI_HIGH] > high).any():
        page.note("Intervals that run off the panel are wider than it shows.")
    ax.set_xlim(first - 0.6, last + 0.6)
    ax.axhline(0.0, color=page.theme.muted, linewidth=0.6, zorder=1, gid="no change")
    better = {"lower is better": ", below 0: improved", "higher is better": ", above 0: improved"}
    ax.set_ylabel(f"{scale.name} change{f' at {visit}' if visit else ''}\n(points{better.get(scale.direction, '')})")
    ax.set_xlabel("Quarter of the first ketamine session")
    every = _stride(quarters, last - first + 1, page.width_mm)
    ticks = np.arange(np.ceil(first / every) * every, last + 1, every)
    ax.set_xticks(ticks, _tick_labels(ticks, places, every))
    numbers: dict[str, dict[float, float]] = {}
    for name in lines:
        here = quarters[quarters[FORMAT].astype(str) == name]
        at = here[_PERIOD].astype(str).map(places).to_numpy(float)
        numbers[name] = {
            float(x): float(n) for x, n in zip(at, numbers_of(here, N_PATIENTS), strict=True) if x % every == 0
        }
    numbers_under_axis(ax, numbers, page.theme, heading="Patients seen at both times", gap=36.0)
    if every > 1:
        low, high = quarters[N_PATIENTS].min(), quarters[N_PATIENTS].max()
        which = "second" if every == 2 else f"{every}th"
        page.note(f"Patients per quarter: {count(low)} to {count(high)}; below, those of every {which} quarter.")


def _stride(quarters: pd.DataFrame, n_places: float, width_mm: float) -> int:
    """How many quarters apart the numbers stand so that they do not touch: 1, 2, 4, 8, ..."""
    widest = max([text_width("Q3"), *(text_width(count(n)) for n in quarters[N_PATIENTS])]) / POINTS_PER_MM
    wanted = n_places * (widest + _GAP_MM) / max(width_mm - _BESIDE_MM, 1.0)
    return 1 if wanted <= 1 else int(2 ** np.ceil(np.log2(wanted)))


def _tick_labels(ticks: np.ndarray, places: dict[str, float], every: int) -> list[str]:
    """Quarters with the year below the first of each; years alone where quarters are left out."""
    names = {at: name for name, at in places.items()}
    match = _QUARTER.match(next(iter(places)))
    if match is None:
        return [names.get(at, "") for at in ticks]
    years = [int(match[1]) + int(at // 4) for at in ticks]
    if every >= 4:
        return [str(year) for year in years]
    begins = [at % 4 == 0 or (place == 0 and at % 4 < 3) for place, at in enumerate(ticks)]
    return [
        f"Q{int(at % 4) + 1}" + (f"\n{year}" if begin else "")
        for at, year, begin in zip(ticks, years, begins, strict=True)
    ]


def _alternative(
    quarters: pd.DataFrame, lines: list[str], scale: Scale, visit: str | None, longest_run: int | None
) -> str:
    text = f"Run chart of the mean change in {scale.name}{f' at {visit}' if visit else ''} by quarter of start."
    for name in lines:
        here = quarters[quarters[FORMAT].astype(str) == name]
        who = "All patients" if name == _ALL else sentence_case(name)
        told = [
            f"{row[_PERIOD]} {with_interval(row[_MEAN], row[CI_LOW], row[CI_HIGH])} (n = {count(row[N_PATIENTS])})"
            for _, row in here.iterrows()
        ]
        centres = here[_CENTRE].dropna()  # withheld beside a withheld mean, and known beside the others
        text += f" {who}: {'; '.join(told)}{'' if centres.empty else f'; median {number(centres.iloc[0])}'}."
    return text + (f" Longest run on one side: {plural(longest_run, 'quarter')}." if longest_run is not None else "")
