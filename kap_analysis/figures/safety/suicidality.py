"""Figure 15: what patients answered to the item on suicidality, baseline to visit, in four states, by format."""

from typing import Any, Final

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import FORMAT, N_PATIENTS, VISIT
from kap_analysis.errors import FigureError
from kap_analysis.figures.marks.marks import numbers_under_axis
from kap_analysis.figures.marks.row_key import draw_row_key
from kap_analysis.figures.marks.stacked_bars import draw_withheld
from kap_analysis.figures.marks.time_axis import panel_points
from kap_analysis.figures.page.frames import checked_frame, formats_in, rows_of
from kap_analysis.figures.page.label_fit import tick_lines
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import only_instrument
from kap_analysis.figures.page.statement import draw_statement, has_no_whole_bar, why_nothing
from kap_analysis.figures.page.style import OKABE_ITO, Theme, Width, panel_grid
from kap_analysis.instruments.suicidality import ENDORSED, LOOKS_BACK, NOT_ANSWERED, NOT_ENDORSED, NOT_IN_DATA, STATES
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import count, percent, plural
from kap_analysis.writing.sentences import join_words, sentence_case

_FIGURE = "plot_suicidality"
_STATE, _OF, _SHARE = "state", "of_patients", "share"
_COLUMNS = (FORMAT, VISIT, _STATE, N_PATIENTS, _OF, _SHARE)
_BAR_WIDTH: Final = 0.72
_GAP_PT: Final = 18.0
_NOTHING = (
    "There is no item on suicidality to draw: its answers are not in the data. That says nothing about any patient."
)


def plot_suicidality(
    *,
    suicidality: pd.DataFrame,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """All patients who started, at every scheduled visit: endorsed, not endorsed, not answered, not in the data.

    The bars are of all patients of the format, so that those who were not assessed stay in sight; the numbers below
    are counts. None of the states means that there is no risk.

    Parameters
    ----------
    suicidality : pandas.DataFrame
        The ``suicidality`` of ``review_safety``: ``format``, ``visit``, ``state`` (the four), ``n_patients``,
        ``of_patients``, ``share`` (of one), optionally ``instrument`` (one only). Withheld numbers are missing:
        such a bar is an empty outline with that word.
    ax : Axes or sequence of Axes, optional
        One per format.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, a state or format is unknown, or there are two instruments. A frame without rows
        gives a figure that says so.
    """
    suicidality = checked_frame(suicidality, _COLUMNS, name="suicidality", caller=_FIGURE, may_be_empty=True)
    if suicidality.empty or has_no_whole_bar(suicidality, (FORMAT, VISIT), _SHARE):
        return draw_statement(why_nothing(_NOTHING, suicidality), ax=ax, theme=theme, width=width, stamp=stamp)
    _check_states(suicidality)
    item = only_instrument(suicidality, name="suicidality", caller=_FIGURE) or "suicidality"
    formats = formats_in(suicidality, caller=_FIGURE)
    visits = [str(visit) for visit in levels_of(suicidality[VISIT])]
    rows, columns = panel_grid(width, len(formats), 2)
    grid: Any = {"rows": rows, "columns": columns, "panels": len(formats), "sharey": True}
    with open_page(ax, theme=theme, width=width, height=84 * rows, stamp=stamp, **grid) as page:
        for panel, name in zip(page.axes, formats, strict=True):
            here = rows_of(suicidality, name)
            _draw_bars(panel, here, visits, page.theme)
            _dress(page, panel, here, name, visits, panel_points(panel, columns=columns, given=ax is not None))
            page.describe(_alternative(here, name, visits))
        for panel in page.axes[::columns]:
            panel.set_ylabel(f"Patients who started, {item} item")
        page.note_not_drawn(suicidality)
        page.note_withheld(suicidality)
        page.note(f"This figure {LOOKS_BACK}")
    return page.result


def _check_states(suicidality: pd.DataFrame) -> None:
    unknown = sorted({str(state) for state in suicidality[_STATE].dropna()} - set(STATES))
    if unknown:
        raise FigureError(f"{_FIGURE} found the state {join_words(unknown)}; states are {join_words(STATES)}.")


def _look(state: str, theme: Theme) -> dict[str, object]:
    """Faces of the states: colours that no format has, and hatches for what is not known."""
    dark = theme.name == "dark"
    looks: dict[str, tuple[str, str]] = {
        ENDORSED: (OKABE_ITO["reddish purple"], ""),
        NOT_ENDORSED: ("#484848" if dark else "#DEDEDE", ""),
        NOT_ANSWERED: (theme.background, "/" * 7),
        NOT_IN_DATA: (theme.background, "." * 4),
    }
    face, hatch = looks[state]
    return {"facecolor": face, "hatch": hatch, "edgecolor": theme.muted, "linewidth": 0.5}


def _cell(here: pd.DataFrame, visit: str, state: str, column: str) -> float:
    """One number; a state without a row is zero, a withheld one is missing."""
    found = here[(here[VISIT].astype(str) == visit) & (here[_STATE].astype(str) == state)]
    if found.empty:
        return 0.0
    value = found[column].iloc[0]
    return np.nan if pd.isna(value) else float(value)


def _draw_bars(ax: Axes, here: pd.DataFrame, visits: list[str], theme: Theme) -> None:
    drawn = {str(visit) for visit in here[VISIT].dropna()}
    for x, visit in enumerate(visits):
        if visit not in drawn:
            continue
        shares = {state: _cell(here, visit, state, _SHARE) for state in STATES}
        if any(np.isnan(share) for share in shares.values()):
            draw_withheld(ax, x, 1.0, theme, wide=_BAR_WIDTH, gid=f"withheld, {visit}")
            continue
        bottom = 0.0
        for state, share in shares.items():
            if share == 0:
                continue
            with matplotlib.rc_context({"hatch.color": theme.muted}):
                ax.bar(x, share, _BAR_WIDTH, bottom=bottom, gid=f"{state}, {visit}", **_look(state, theme))  # type: ignore[arg-type]
            bottom += share


def _dress(page: Page, ax: Axes, here: pd.DataFrame, name: str, visits: list[str], room: float) -> None:
    ax.set_xlim(-0.6, len(visits) - 0.4)
    ax.set_ylim(0.0, 1.0)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    ax.yaxis.set_major_formatter(lambda value, _: percent(value))
    labels, taller = tick_lines([sentence_case(visit) for visit in visits], room / len(visits))
    ax.set_xticks(range(len(visits)), labels)
    ax.tick_params(axis="x", length=0)
    patients = here[_OF].max()
    title = ax.set_title(f"{sentence_case(name)}, n = {count(patients)}")
    title.set_color(page.theme.look(name).colour)
    rows: dict[str, dict[float, float]] = {
        state: {float(x): _cell(here, visit, state, N_PATIENTS) for x, visit in enumerate(visits)}
        for state in reversed(STATES)
    }
    numbers_under_axis(ax, rows, page.theme, heading="Patients", gap=_GAP_PT + taller)
    draw_row_key(ax, {state: _look(state, page.theme) for state in rows}, page.theme, gap=_GAP_PT + taller)


def _alternative(here: pd.DataFrame, name: str, visits: list[str]) -> str:
    told = []
    for visit in visits:
        parts = [
            f"{state} {count(_cell(here, visit, state, N_PATIENTS))} ({percent(_cell(here, visit, state, _SHARE))})"
            for state in STATES
        ]
        told.append(f"{visit}: {', '.join(parts)}")
    return f"Suicidality item, {name} format, {plural(here[_OF].max(), 'patient')}. {'; '.join(told)}."
