"""Figure 1: participant flow by practice and format (STROBE)."""

import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from kap_analysis.columns import FORMAT, N_PATIENTS, NO_FORMAT, PRACTICE
from kap_analysis.figures.page.frames import checked_frame, formats_in
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.style import (
    CHARACTER_WIDTH,
    LINE_HEIGHT,
    POINTS_PER_MM,
    SMALL_PT,
    TEXT_PT,
    Width,
    width_in_mm,
)
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import count, percent, plural
from kap_analysis.writing.sentences import sentence_case

_FIGURE = "plot_participant_flow"
_COLUMNS = (PRACTICE, FORMAT, "step", N_PATIENTS, "n_left_out", "left_out_because", "of_patients")
_ALL = "all"
_GAP_MM = 10.0
_BRANCH_MM = 18.0
"""Gap where one box becomes a column per format: room for who was left out, and for the names of the formats."""
_MOST_PRACTICES = 6
_LONG_NAME = 12


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of boxes: the middle and width of the boxes, and where its side texts begin and end (mm)."""

    name: str
    middle: float
    box: float
    side_from: float
    side_to: float


def plot_participant_flow(
    *,
    steps: pd.DataFrame,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Flow diagram: who entered the study, started, and was assessed; at each step how many left, and why.

    Parameters
    ----------
    steps : pandas.DataFrame
        The ``steps`` of ``participant_flow``. One row per practice, format, step and reason, with ``practice``
        ("all" or a name), ``format`` ("all", "individual", "group", "mixed"), ``step`` (drawn from top to bottom in
        the order of its categories, or of appearance), ``n_patients`` at this step, ``n_left_out`` between the step
        before and this one, ``left_out_because``, ``of_patients`` (at the step before), and optionally
        ``of_started`` (who started treatment): percentages are of those who started, where that is known. The first
        step is one box for all; later steps are one column of boxes per format. Practices are written inside the
        boxes, up to six of them.
    ax : matplotlib.axes.Axes, optional
        Draw here and return it; otherwise a new Figure is returned.
    theme : {"light", "dark"}
    width : {"single", "double"} or float
        Final width, in mm if a number.
    stamp : str, optional
        For example "SIMULATED".

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, there are no rows, or a format is unknown.
    """
    flow = checked_frame(steps, _COLUMNS, name="steps", caller=_FIGURE)
    names = levels_of(flow["step"])
    formats = formats_in(flow, caller=_FIGURE, at_least=0)
    practices = [name for name in levels_of(flow[PRACTICE]) if name != _ALL]
    shown = _labels(practices) if len(practices) <= _MOST_PRACTICES else {}
    across = width_in_mm(width)
    columns = _columns(formats or [_ALL], across)
    heights = [_box_height(flow, name, shown, columns, across) for name in names]
    gaps = [_gap_before(flow, name, columns) for name in names]
    height = sum(heights) + sum(gaps[2:]) + _BRANCH_MM + 5.0
    with open_page(ax, theme=theme, width=width, height=height, stamp=stamp) as page:
        canvas = page.axes[0]
        canvas.set(xlim=(0, across), ylim=(height, 0))
        canvas.set_axis_off()
        _draw_steps(page, canvas, flow, names, heights, gaps, columns, shown, across)
        if practices and not shown:
            page.note(f"{len(practices)} practices are counted together.")
        if any(name != label for name, label in shown.items()):
            page.note(f"Practices: {'; '.join(f'{label} {name}' for name, label in shown.items())}.")
        page.note_not_drawn(flow, _n_without_format(flow, names[1:2]))
        page.note_withheld(flow)
        page.describe(_alternative(flow, names, formats))
    return page.result


def _n_without_format(flow: pd.DataFrame, started: list[str]) -> float:
    """Patients who started and have no format; missing where there are none, or they are withheld."""
    of = (flow[PRACTICE] == _ALL) & (flow[FORMAT] == NO_FORMAT) & flow["step"].isin(started)
    return float(flow.loc[of, N_PATIENTS].iloc[0]) if of.any() else np.nan


def _labels(practices: list[str]) -> dict[str, str]:
    """What stands for each practice in the boxes: its name, or a number that a note explains where names are long."""
    long = any(len(str(name)) > _LONG_NAME for name in practices)
    return {name: str(place) if long else str(name) for place, name in enumerate(practices, start=1)}


def _columns(formats: list[str], across: float) -> list[_Column]:
    share = across / len(formats)
    box = min(58.0, 0.56 * share)
    if len(formats) == 1:
        return [_Column(formats[0], across / 2, box, across / 2 + 2.5, across - 1)]
    return [
        _Column(name, place * share + box / 2 + 1, box, place * share + box / 2 + 3.5, (place + 1) * share - 1)
        for place, name in enumerate(formats)
    ]


def _box_text(flow: pd.DataFrame, step: str, care_format: str, practices: dict[str, str], box: float) -> list[str]:
    """The lines of one box: step, n with percentage, n of each practice."""
    here = flow[(flow["step"] == step) & (flow[FORMAT].astype(str) == care_format)]
    total = here[here[PRACTICE] == _ALL]
    if total.empty:
        return []
    n, of = total[N_PATIENTS].iloc[0], _denominator(total.iloc[0])
    share = "" if pd.isna(of) or of == 0 or of == n else f" ({percent(n / of)}\u00a0of\u00a0{count(of)})"
    lines = [sentence_case(str(step)), f"n = {count(n)}{share}"]
    by_practice = [
        f"{label}: {count(here.loc[here[PRACTICE] == name, N_PATIENTS].iloc[0])}"
        for name, label in practices.items()
        if (here[PRACTICE] == name).any()
    ]
    if by_practice:
        lines += _wrapped(",  ".join(by_practice).replace(": ", ":\u00a0"), box - 3)
    return [line for text in lines[:2] for line in _wrapped(text, box - 3)] + lines[2:]


def _denominator(row: pd.Series) -> float:
    """Who started, for the steps after that; else those of the step before."""
    started = row.get("of_started", np.nan)
    return float(row["of_patients"] if pd.isna(started) else started)


def _side_text(flow: pd.DataFrame, step: str, care_format: str, room: float) -> list[str]:
    """The lines that say how many were left out before a step, and why."""
    here = flow[(flow["step"] == step) & (flow[FORMAT].astype(str) == care_format) & (flow[PRACTICE] == _ALL)]
    is_withheld = here["n_left_out"].isna() & here.get("withheld", pd.Series(False, index=here.index)).astype(bool)
    left = here[(here["n_left_out"] > 0) | is_withheld]
    if left.empty:
        return []
    reasons = [
        f"{count(n)} {because}" if len(left) > 1 else str(because)
        for n, because in zip(left["n_left_out"], left["left_out_because"], strict=True)
        if not pd.isna(because) and str(because)
    ]
    head = f"{count(left['n_left_out'].sum(skipna=False))} left out" + (":" if reasons else "")
    return [head, *(line for reason in reasons for line in _wrapped(reason, room - 4))]


def _wrapped(text: str, room: float) -> list[str]:
    return textwrap.wrap(text, max(8, int(room * POINTS_PER_MM / (SMALL_PT * CHARACTER_WIDTH)))) or [""]


def _box_height(
    flow: pd.DataFrame, step: str, practices: dict[str, str], columns: list[_Column], across: float
) -> float:
    """Height of the boxes of one step in mm: the longest of its texts."""
    texts = [_box_text(flow, step, column.name, practices, column.box) for column in columns]
    texts.append(_box_text(flow, step, _ALL, practices, min(70.0, 0.7 * across)))
    return max(len(text) for text in texts) * SMALL_PT * LINE_HEIGHT / POINTS_PER_MM + 3.5


def _gap_before(flow: pd.DataFrame, step: str, columns: list[_Column]) -> float:
    """Room between the boxes of two steps in mm: for what is said of those left out between them."""
    said = [_side_text(flow, step, column.name, column.side_to - column.side_from) for column in columns]
    return max(_GAP_MM, max(len(lines) for lines in said) * SMALL_PT * LINE_HEIGHT / POINTS_PER_MM + 2.0)


def _draw_steps(
    page: Page,
    ax: Axes,
    flow: pd.DataFrame,
    names: list[str],
    heights: list[float],
    gaps: list[float],
    columns: list[_Column],
    practices: dict[str, str],
    across: float,
) -> None:
    top, before = 2.0, None
    middle = columns[0].middle if len(columns) == 1 else across / 2
    wide = _Column(_ALL, middle, min(70.0, 0.7 * across, 2 * middle - 2), middle + 2.5, across - 1)
    for place, (name, tall, room) in enumerate(zip(names, heights, gaps, strict=True)):
        split = any(_box_text(flow, name, column.name, practices, column.box) for column in columns)
        together = (place == 0 and bool(_box_text(flow, name, _ALL, practices, wide.box))) or not split
        here = [wide] if together else columns
        if before is not None:
            gap = room if before == here else _BRANCH_MM
            top += gap
            _draw_arrows(page, ax, before, here, top - gap, top)
            for column in before:
                lines = _side_text(flow, name, column.name, column.side_to - column.side_from)
                _draw_side(page, ax, column, top - gap + (room if before == here else _GAP_MM) / 2, lines)
        for column in here:
            lines = _box_text(flow, name, column.name, practices, column.box)
            if lines:
                _draw_box(page, ax, column, top, tall, lines)
        if here is columns and before is not columns:
            _name_columns(page, ax, columns, top)
        before, top = here, top + tall


def _name_columns(page: Page, ax: Axes, columns: list[_Column], top: float) -> None:
    for column in columns:
        ax.text(
            column.middle - 2,
            top - 1.2,
            sentence_case(column.name),
            ha="right",
            va="bottom",
            fontsize=TEXT_PT,
            fontweight="bold",
            color=page.theme.look(column.name).colour,
            gid="format name",
        )


def _draw_box(page: Page, ax: Axes, column: _Column, top: float, tall: float, lines: list[str]) -> None:
    colour = page.theme.muted if column.name == _ALL else page.theme.look(column.name).colour
    style = page.theme.look(column.name).line_style if column.name != _ALL else "-"
    box = FancyBboxPatch(
        (column.middle - column.box / 2, top),
        column.box,
        tall,
        boxstyle="round,pad=0,rounding_size=1.2",
        facecolor=page.theme.background,
        edgecolor=colour,
        linestyle=style,
        linewidth=0.9,
        gid=f"box {column.name}",
    )
    ax.add_patch(box)
    first = top + 1.8 + 0.5 * SMALL_PT * LINE_HEIGHT / POINTS_PER_MM
    head = next((place for place, line in enumerate(lines) if line.startswith("n =")), 1)
    for place, line in enumerate(lines):
        ax.text(
            column.middle,
            first + place * SMALL_PT * LINE_HEIGHT / POINTS_PER_MM,
            line,
            ha="center",
            va="center",
            fontsize=SMALL_PT,
            fontweight="bold" if place < head else "normal",
            gid="box text",
        )


def _draw_arrows(page: Page, ax: Axes, before: list[_Column], here: list[_Column], start: float, end: float) -> None:
    head = "-|>,head_width=0.18,head_length=0.36"
    arrow = {"arrowstyle": head, "color": page.theme.muted, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    if before == here:
        for column in here:
            ax.annotate("", (column.middle, end), (column.middle, start), arrowprops=arrow)
        return
    bend = end - 6.0
    ax.plot([before[0].middle] * 2, [start, bend], color=page.theme.muted, linewidth=0.8)
    middles = [column.middle for column in here] + [before[0].middle]
    ax.plot([min(middles), max(middles)], [bend, bend], color=page.theme.muted, linewidth=0.8)
    for column in here:
        ax.annotate("", (column.middle, end), (column.middle, bend), arrowprops=arrow)


def _draw_side(page: Page, ax: Axes, column: _Column, middle: float, lines: list[str]) -> None:
    if not lines:
        return
    start = column.middle + 3.0
    ax.plot([column.middle, start], [middle, middle], color=page.theme.muted, linewidth=0.8)
    ax.text(
        start + 1.0,
        middle,
        "\n".join(lines),
        ha="left",
        va="center",
        fontsize=SMALL_PT,
        color=page.theme.muted,
        linespacing=LINE_HEIGHT - 0.2,
        gid="left out",
    )


def _alternative(flow: pd.DataFrame, names: list[str], formats: list[str]) -> str:
    total = flow[flow[PRACTICE] == _ALL]
    sentences = []
    for name in names:
        here = total[total["step"] == name].drop_duplicates([FORMAT]).set_index(FORMAT)[N_PATIENTS]
        parts = [f"{care_format} {count(here[care_format])}" for care_format in formats if care_format in here.index]
        whole = plural(here[_ALL], "patient") if _ALL in here.index else ""
        inside = f" ({', '.join(parts)})" if parts and whole else ", ".join(parts)
        sentences.append(f"{name}: {whole}{inside}")
    return f"Flow diagram of participants. {sentence_case('; '.join(sentences))}."
