"""Figure 8: how long the improvement lasts (Kaplan-Meier), with boosters and numbers at risk."""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import CI_HIGH, CI_LOW, DAY, DAYS_PER_MONTH, FORMAT
from kap_analysis.figures.marks.marks import LineEnd, label_line_ends, numbers_under_axis
from kap_analysis.figures.page.frames import checked_frame, formats_in, given_frame, numbers_of, rows_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.statement import draw_statement
from kap_analysis.figures.page.style import SMALL_PT, Width
from kap_analysis.writing.numbers import count, percent, percent_interval, plural
from kap_analysis.writing.sentences import join_words, sentence_case
from kap_analysis.writing.small_numbers import FEWEST

_FIGURE = "plot_durability"
_NOTHING: Final = "The curves were withheld to protect patients: an exact day is a fact about one of them."
_SURVIVAL = (FORMAT, DAY, "n_at_risk", "survival", CI_LOW, CI_HIGH)
_BOOSTERS = (FORMAT, DAY)
MOST_BOOSTERS: Final = 400
_SEED: Final = 20190328
_ROW = 6.5
"""Height of a row of boosters on the percentage axis."""


def plot_durability(
    *,
    survival: pd.DataFrame,
    boosters: pd.DataFrame | None = None,
    outcome: str = "Patients without relapse (%)",
    months_between: int | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Share of patients who keep their improvement, by format, with boosters marked and numbers at risk below.

    Parameters
    ----------
    survival : pandas.DataFrame
        The ``survival`` of ``durability``, one row per step: ``format``, ``day`` (since the response), ``n_at_risk``
        (just before that day), ``survival`` (0 to 1), ``ci_low``, ``ci_high``. Before the first row the share is 1.
        A curve ends where fewer than 5 patients are at risk, and the note says so.
    boosters : pandas.DataFrame, optional
        The ``boosters`` of ``durability``: ``format``, ``day``; one tick per booster below the curves, a random
        sample of 400 per format if there are more.
    outcome : str
        Label of the axis: what "survival" is.
    months_between : int, optional
        Months between the ticks; 1, or 3 from a year on, or 12 from six years on.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, there are no rows, or a format is unknown. Curves whose days were all withheld give a
        figure that says so.
    """
    survival = checked_frame(survival, _SURVIVAL, name="survival", caller=_FIGURE)
    boosters = given_frame(boosters, _BOOSTERS, name="boosters", caller=_FIGURE)
    formats = formats_in(survival, caller=_FIGURE)
    if survival[DAY].isna().all():
        return draw_statement(_NOTHING, ax=ax, theme=theme, width=width, stamp=stamp)
    drawn = {name: _readable(rows_of(survival, name).sort_values(DAY)) for name in formats}
    few = [name for name, one in drawn.items() if one.empty]
    drawn = {name: one for name, one in drawn.items() if not one.empty}
    if not drawn:
        return draw_statement(_few_sentence(survival, few), ax=ax, theme=theme, width=width, stamp=stamp)
    with open_page(ax, theme=theme, width=width, height=92, stamp=stamp) as page:
        panel = page.axes[0]
        bottom = -3.0 if boosters is None else -3.0 - _ROW * len(formats)
        panel.set_ylim(bottom, 102)
        last = max(float(numbers_of(one, DAY).max()) for one in drawn.values()) / DAYS_PER_MONTH or 1.0
        ticks = list(range(0, int(np.floor(last)) + 1, months_between or _months_between(last)))
        panel.set_xlim(-0.03 * last, last * 1.02)
        ends = [_draw_curve(page, panel, name, one) for name, one in drawn.items()]
        right = max(end.x for end in ends)
        label_line_ends(panel, [replace(end, x=right) for end in ends if end.x > 0])
        unseen = [name for name, end in zip(drawn, ends, strict=True) if not end.x > 0]
        if unseen:
            page.note(f"Nobody was assessed again after the response: {join_words(unseen)}.")
        if boosters is not None:
            _draw_boosters(page, panel, formats, boosters)
        panel.set_xticks(ticks)
        panel.set_yticks(range(0, 101, 20))
        panel.spines["left"].set_bounds(0, 100)
        panel.set_xlabel("Months since response")
        panel.set_ylabel(outcome)
        rows = {name: _at_risk(rows_of(survival, name), ticks) for name in formats}
        numbers_under_axis(panel, rows, page.theme, heading="Patients at risk")
        page.note("Bands: 95% intervals.")
        if any(len(one) < len(rows_of(survival, name)) for name, one in drawn.items()):
            page.note(f"Curves end where fewer than {FEWEST} patients are at risk.")
        if few:
            page.note(_few_sentence(survival, few))
        page.note_withheld(survival, boosters)
        page.describe(_alternative(drawn, boosters, outcome))
    return page.result


def _readable(one: pd.DataFrame) -> pd.DataFrame:
    """The part of a curve with enough patients at risk; beyond it each relapse is a step too large to be read."""
    at_risk = numbers_of(one, "n_at_risk")
    return one[at_risk >= FEWEST]


def _few_sentence(survival: pd.DataFrame, few: list[str]) -> str:
    """Of which formats there is no curve, with the number of patients at first."""
    told = [f"{name} ({plural(rows_of(survival, name)['n_at_risk'].max(), 'patient')})" for name in few]
    return f"No curve is drawn of fewer than {FEWEST} patients: {join_words(told)}."


def _months_between(last: float) -> int:
    return 1 if last < 12 else 3 if last < 72 else 12


def _steps(one: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Months and percentages of a curve, beginning with 100% at month 0."""
    month = numbers_of(one, DAY) / DAYS_PER_MONTH
    columns = [100 * numbers_of(one, column) for column in ("survival", CI_LOW, CI_HIGH)]
    if month[0] > 0:
        month = np.insert(month, 0, 0.0)
        columns = [np.insert(column, 0, 100.0) for column in columns]
    return month, columns[0], columns[1], columns[2]


def _draw_curve(page: Page, ax: Axes, name: str, one: pd.DataFrame) -> LineEnd:
    look = page.theme.look(name)
    month, share, low, high = _steps(one)
    ax.fill_between(month, low, high, step="post", color=look.colour, alpha=0.15, linewidth=0)
    ax.step(
        month, share, where="post", color=look.colour, linestyle=look.line_style, linewidth=1.5, gid=f"curve {name}"
    )
    return LineEnd(float(month[-1]), float(share[-1]), f"{sentence_case(name)} {percent(share[-1] / 100)}", look.colour)


def _draw_boosters(page: Page, ax: Axes, formats: list[str], boosters: pd.DataFrame) -> None:
    for place, name in enumerate(formats):
        days = np.sort(numbers_of(rows_of(boosters, name), DAY))
        if len(days) > MOST_BOOSTERS:
            page.note(f"Boosters, {name}: {count(MOST_BOOSTERS)} of {count(len(days))}, chosen at random.")
            days = np.sort(np.random.default_rng(_SEED).choice(days, MOST_BOOSTERS, replace=False))
        y = -3.0 - _ROW * (place + 0.5)
        ax.plot(
            days / DAYS_PER_MONTH,
            np.full(len(days), y),
            linestyle="none",
            marker="|",
            markersize=5,
            markeredgewidth=0.7,
            color=page.theme.look(name).colour,
            alpha=0.8,
            gid=f"boosters {name}",
        )
    ax.annotate(
        "Boosters",
        xy=(0, -3.0 - _ROW * len(formats) / 2),
        xycoords=("axes fraction", "data"),
        xytext=(-5, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=SMALL_PT,
        color=page.theme.muted,
        annotation_clip=False,
        gid="boosters",
    )


def _at_risk(one: pd.DataFrame, ticks: list[int]) -> dict[float, float]:
    """Number at risk at each tick: the first row on or after that day; nobody after the last."""
    one = one.sort_values(DAY)
    days, at_risk = numbers_of(one, DAY), numbers_of(one, "n_at_risk")
    found = {}
    for tick in ticks:
        place = int(np.searchsorted(days, tick * DAYS_PER_MONTH - 1e-9))
        found[float(tick)] = at_risk[place] if place < len(days) else 0.0
    return found


def _alternative(drawn: dict[str, pd.DataFrame], boosters: pd.DataFrame | None, outcome: str) -> str:
    sentences = [f"Kaplan-Meier curves by format: {outcome}."]
    for name, one in drawn.items():
        end = one.iloc[-1]
        last = f"{percent(end['survival'])} ({percent_interval(end[CI_LOW], end[CI_HIGH])})"
        at_first = plural(one["n_at_risk"].iloc[0], "patient")
        text = f"{sentence_case(name)}: {at_first} at first, {last} at day {end[DAY]:g}"
        if boosters is not None:
            text += f", {plural(len(rows_of(boosters, name)), 'booster')}"
        sentences.append(f"{text}.")
    return " ".join(sentences)
