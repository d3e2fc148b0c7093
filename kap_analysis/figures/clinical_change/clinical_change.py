"""Figure 6: baseline against follow-up of each patient, with reliable-change lines and cut-off (Jacobson and Truax)."""

import textwrap
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kap_analysis.columns import BASELINE, FORMAT, PATIENT_ID
from kap_analysis.figures.marks.marks import whole_number_axis
from kap_analysis.figures.page.frames import check_positive, checked_frame, formats_in, numbers_of, rows_of
from kap_analysis.figures.page.label_fit import lines_within
from kap_analysis.figures.page.page import AxesGiven, Drawn, open_page
from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import (
    LINE_HEIGHT,
    POINTS_PER_MM,
    SMALL_PT,
    TEXT_PT,
    Theme,
    Width,
    is_narrow,
)
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.names import class_name
from kap_analysis.writing.numbers import count, exact, percent, plural
from kap_analysis.writing.sentences import sentence_case

_FIGURE = "plot_clinical_change"
_COLUMNS = (PATIENT_ID, FORMAT, BASELINE, "follow_up", "class")
_NOTHING = "There are no scores of single patients to draw: no patient has a baseline."
_STRIP: Final = 0.11
"""Height of the strip of those not assessed, as a share of the score axis."""
_AREA: Final = 9.0
"""Area of a mark per patient, in square points, unless the largest would be larger than this:"""
_LARGEST_AREA: Final = 110.0
_SEEN_AREA: Final = 1.5
_BESIDE_PT: Final = 75.0
"""Room beside a panel: panels are as tall as wide, and the name of the axis no longer than they."""


def plot_clinical_change(
    *,
    patients: pd.DataFrame,
    reliable_change: float,
    cutoff: float | None = None,
    instrument: Instrument | str | None = None,
    visit: str = "follow-up",
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Every patient's score before and after, one panel per format: who is reliably better, worse, or not assessed.

    Patients with the same two scores are one circle whose area is their number, so any number of patients can be
    shown without sampling.

    Parameters
    ----------
    patients : pandas.DataFrame
        The ``patients`` of ``clinical_change``: ``patient_id``, ``format``, ``baseline``, ``follow_up`` (missing: not
        assessed, drawn in the strip above), ``class`` (counted in the title). Rows without a baseline are left out
        and counted in the note. Of a public study there are no rows, and the figure says so.
    reliable_change : float
        Size of a reliable change in points; lines are drawn at no change and at plus and minus this size.
    cutoff : float, optional
        Score between the clinical and the normative range; lines are drawn on both axes.
    instrument : Instrument or str, optional
        For the name, ends and direction of the axes.
    visit : str
        Name of the follow-up visit.
    ax : Axes or sequence of Axes, optional
        One per format; returned instead of a new Figure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, a format is unknown, or ``reliable_change`` is not positive.

    References
    ----------
    Jacobson NS, Truax P. J Consult Clin Psychol 1991;59:12-19, doi 10.1037/0022-006X.59.1.12.
    """
    patients = checked_frame(patients, _COLUMNS, name="patients", caller=_FIGURE, may_be_empty=True)
    check_positive(reliable_change, "A reliable change is a positive number of points")
    known = patients.dropna(subset=[BASELINE])
    if known.empty:
        return draw_statement(why_nothing(_NOTHING, patients), ax=ax, theme=theme, width=width, stamp=stamp)
    formats = formats_in(known, caller=_FIGURE)
    scale = scale_of(instrument)
    field = _Field(*_ends(scale, known), reliable_change, cutoff, scale.higher_is_better)
    narrow = is_narrow(width)
    rows, columns = (len(formats), 1) if narrow else (1, len(formats))
    height = 100 * rows if narrow or columns < 3 else 78
    with open_page(ax, theme=theme, width=width, height=height, stamp=stamp, rows=rows, columns=columns) as page:
        largest = max(int(_together(rows_of(known, name)).max()) for name in formats)
        for place, (panel, name) in enumerate(zip(page.axes, formats, strict=True)):
            one = rows_of(known, name)
            _draw_lines(panel, field, page.theme)
            _draw_strip(panel, field, int(one["follow_up"].isna().sum()), page.theme)
            _draw_patients(panel, field, one, name, page.theme, largest)
            room = page.width_mm * POINTS_PER_MM / columns - _BESIDE_PT
            _dress(panel, field, scale, visit, first=place == 0 or narrow, room=room)
            told = _in_classes(one, cutoff is not None)
            _write_title(panel, name, one, told, characters=46 if narrow else int(96 / len(formats)))
            page.describe(_alternative(scale, name, one, told, visit))
        page.note(_note(patients, known, field, largest))
    return page.result


@dataclass(frozen=True, slots=True)
class _Field:
    """The range of scores that is shown, and the thresholds drawn in it."""

    low: float
    high: float
    reliable_change: float
    cutoff: float | None
    higher_is_better: bool

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def below(self) -> float:
        """Where the axes begin."""
        return self.low - 0.02 * self.span

    @property
    def strip(self) -> float:
        """Where those not assessed are drawn."""
        return self.high + _STRIP * self.span / 2


def _ends(scale: Scale, known: pd.DataFrame) -> tuple[float, float]:
    scores = np.concatenate([numbers_of(known, BASELINE), numbers_of(known, "follow_up")])
    low = min(0.0, float(np.nanmin(scores))) if scale.low is None else scale.low
    high = float(np.nanmax(scores)) * 1.04 if scale.high is None else scale.high
    worst = float(np.nanmax(scores)) + 0.06 * (high - low)
    return low, min(high, worst)


def _together(one: pd.DataFrame) -> pd.Series:
    """Number of patients per pair of scores; a missing follow-up counts as a score of its own."""
    return one.groupby([one[BASELINE].astype(float), one["follow_up"].astype(float)], dropna=False).size()


def _draw_lines(ax: Axes, field: _Field, theme: Theme) -> None:
    ends = np.array([field.low, field.high])
    limit, worse = field.reliable_change, -1 if field.higher_is_better else 1
    band = ax.fill_between(ends, ends - limit, ends + limit, color=theme.sequence[2], linewidth=0, zorder=0, gid="band")
    ax.plot(ends, ends, color=theme.muted, linewidth=0.8, gid="no change")
    for side, colour in ((-worse, theme.better), (worse, theme.worse)):
        ax.plot(ends, ends + side * limit, color=colour, linewidth=0.9, linestyle=(0, (4, 2)), gid="reliable change")
    scores = Rectangle((field.below, field.below), field.high - field.below, field.high - field.below)
    scores.set_transform(ax.transData)
    for drawn in (band, *ax.lines):  # the strip above has no scale: no line goes into it
        drawn.set_clip_path(scores)
    if field.cutoff is not None:
        dotted: Any = {"color": theme.muted, "linewidth": 0.7, "linestyle": (0, (1, 1.6)), "zorder": 1}
        ax.plot(ends, [field.cutoff] * 2, gid="cut-off", **dotted)
        ax.plot([field.cutoff] * 2, ends, gid="cut-off", **dotted)
    below, above = ("better", "worse") if worse == 1 else ("worse", "better")
    colours = {"better": theme.better, "worse": theme.worse}
    outside: Any = {"xycoords": "data", "textcoords": "offset points", "fontsize": SMALL_PT, "annotation_clip": False}
    ax.annotate(
        f"reliably {below}",
        xy=(field.high, (field.low + field.high - limit) / 2),
        xytext=(3, 0),
        rotation=270,
        va="center",
        color=colours[below],
        gid="region",
        **outside,
    )
    at = (field.low + 0.02 * field.span, field.high)
    box = {"facecolor": theme.background, "edgecolor": "none", "pad": 0.6}
    inside: Any = {
        "xy": at,
        "xytext": (0, -4),
        "va": "top",
        "zorder": 2,
        "bbox": box,
    }  # over the cut-off, under the patients
    ax.annotate(f"reliably {above}", color=colours[above], gid="region", **inside, **outside)


def _draw_strip(ax: Axes, field: _Field, missing: int, theme: Theme) -> None:
    """The strip above the scores, with its name under its upper edge at the left."""
    top = field.high + _STRIP * field.span
    ax.axhspan(field.high, top, facecolor=theme.sequence[1], edgecolor="none", zorder=0, gid="strip")
    ax.axhline(field.high, color=theme.faint, linewidth=0.6, zorder=0, gid="band edge")
    ax.annotate(
        f"Not assessed,\nn = {count(missing)}",
        xy=(0, field.strip),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 0),
        textcoords="offset points",
        fontsize=SMALL_PT,
        color=theme.muted,
        ha="right",
        va="center",
        annotation_clip=False,
        gid="not assessed",
    )


def _draw_patients(ax: Axes, field: _Field, one: pd.DataFrame, name: str, theme: Theme, largest: int) -> None:
    look = theme.look(name)
    sizes = _together(one).reset_index(name="n")
    area = sizes["n"].to_numpy(float) * min(_AREA, _LARGEST_AREA / largest)
    ax.scatter(
        sizes[BASELINE].to_numpy(float),
        sizes["follow_up"].fillna(field.strip).to_numpy(float),
        s=np.maximum(area, _SEEN_AREA),
        marker=look.marker,
        facecolor=look.colour if look.filled else "none",
        edgecolor=look.colour,
        alpha=0.65 if look.filled else 0.9,
        linewidth=0.8,
        zorder=3,
        gid=f"patients {name}",
    )


def _dress(ax: Axes, field: _Field, scale: Scale, visit: str, *, first: bool, room: float) -> None:
    ax.set_xlim(field.below, field.high)
    ax.set_ylim(field.below, field.high + _STRIP * field.span)
    ax.set_box_aspect(1 + _STRIP)
    whole_number_axis(ax, "x")
    ax.set_yticks([tick for tick in ax.get_xticks() if field.low <= tick <= field.high - 0.04 * field.span])
    ax.spines["left"].set_bounds(field.below, field.high)
    ax.set_xlabel(f"{scale.name} score at baseline")
    if first:
        better = f"\n({scale.direction})" if scale.direction else ""
        label = ax.set_ylabel("\n".join(lines_within(f"{scale.name} score at {visit}{better}", room, size=TEXT_PT)))
        label.set_y(1 / (2 * (1 + _STRIP)))  # beside the scores, below the name of the strip


def _in_classes(one: pd.DataFrame, has_cutoff: bool) -> dict[str, int]:
    """How many of those assessed are in each class that occurs, by its words."""
    found = one.loc[one["follow_up"].notna(), "class"]
    return {class_name(label, has_cutoff=has_cutoff): int((found == label).sum()) for label in levels_of(found)}


def _write_title(ax: Axes, name: str, one: pd.DataFrame, told: dict[str, int], characters: int) -> None:
    """Format and n, and below them in plain letters how many are in each class."""
    classes = [f"{words} {count(n)}" for words, n in told.items()]
    of = f"of {count(one['follow_up'].notna().sum())} assessed"
    text = textwrap.fill(sentence_case(f"{', '.join(classes)}; {of}" if classes else of), characters)
    above = 4 + (text.count("\n") + 1) * SMALL_PT * LINE_HEIGHT
    ax.set_title(f"{sentence_case(name)}, n = {count(len(one))}", pad=above + 2)
    ax.annotate(
        text,
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=SMALL_PT,
        va="bottom",
        annotation_clip=False,
        gid="classes",
    )


def _note(patients: pd.DataFrame, known: pd.DataFrame, field: _Field, largest: int) -> str:
    note = f"Grey band: change of less than {exact(round(field.reliable_change, 2))} points, not reliable."
    if field.cutoff is not None:
        note += f" Dotted: cut-off {exact(round(field.cutoff, 2))}."
    if largest > 1:
        note += f" Area of a mark: patients with the same two scores (1 to {count(largest)})."
    if len(known) < len(patients):
        note += f" {plural(len(patients) - len(known), 'patient')} without a baseline left out."
    return note


def _alternative(scale: Scale, name: str, one: pd.DataFrame, told: dict[str, int], visit: str) -> str:
    assessed = one[one["follow_up"].notna()]
    parts = [
        f"{words} {count(n)} ({percent(n / len(assessed))} of assessed, {percent(n / len(one))} of all)"
        for words, n in told.items()
    ]
    return (
        f"{scale.name}, {name}: baseline against {visit} of {plural(len(one), 'patient')}, of whom "
        f"{count(len(one) - len(assessed))} were not assessed. {sentence_case('; '.join(parts) or 'nobody assessed')}."
    )
