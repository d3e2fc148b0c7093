"""Figure 6: baseline against follow-up of each patient, with reliable-change lines and cut-off (Jacobson and Truax)."""

import textwrap
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import BASELINE, FORMAT, PATIENT_ID
from kap_analysis.errors import FigureError
from kap_analysis.figures.frames import checked_frame, formats_in, levels_of, numbers_of, rows_of
from kap_analysis.figures.marks import whole_number_axis
from kap_analysis.figures.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.scales import Scale, scale_of
from kap_analysis.figures.style import SMALL_PT, Width
from kap_analysis.figures.wording import count, number, percent, plural, sentence_case
from kap_analysis.instruments.instrument import Instrument

_FIGURE = "plot_clinical_change"
_COLUMNS = (PATIENT_ID, FORMAT, BASELINE, "follow_up", "class")
_STRIP: Final = 0.11
"""Height of the strip of those not assessed, as a share of the score axis."""
_SMALLEST_AREA: Final = 9.0
_LARGEST_AREA: Final = 110.0


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
        and counted in the note.
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
        If a column is missing, there are no rows with a baseline, a format is unknown, or ``reliable_change`` is not
        positive.

    References
    ----------
    Jacobson NS, Truax P. J Consult Clin Psychol 1991;59:12-19, doi 10.1037/0022-006X.59.1.12.
    """
    patients = checked_frame(patients, _COLUMNS, name="patients", figure=_FIGURE)
    if not reliable_change > 0:
        raise FigureError(f"A reliable change is a positive number of points, not {reliable_change!r}.")
    known = checked_frame(patients.dropna(subset=[BASELINE]), _COLUMNS, name="patients", figure=_FIGURE)
    formats = formats_in(known, figure=_FIGURE)
    scale = scale_of(instrument)
    low, high = _ends(scale, known)
    with open_page(ax, theme=theme, width=width, height=96, stamp=stamp, columns=len(formats)) as page:
        largest = 1
        for name in formats:
            largest = max(largest, int(_together(rows_of(known, name)).max()))
        for place, (panel, name) in enumerate(zip(page.axes, formats, strict=True)):
            one = rows_of(known, name)
            _draw_lines(page, panel, scale, low, high, reliable_change, cutoff)
            _draw_patients(page, panel, one, name, low, high, largest)
            _dress(panel, scale, low, high, visit, first=place == 0)
            panel.set_title(_title(name, one, characters=int(50 * 2 / len(formats))))
            page.describe(_alternative(scale, name, one, visit))
        page.note(_note(patients, known, reliable_change, cutoff, largest))
    return page.result


def _ends(scale: Scale, known: pd.DataFrame) -> tuple[float, float]:
    scores = np.concatenate([numbers_of(known, BASELINE), numbers_of(known, "follow_up")])
    low = min(0.0, float(np.nanmin(scores))) if scale.low is None else scale.low
    high = float(np.nanmax(scores)) * 1.04 if scale.high is None else scale.high
    worst = float(np.nanmax(scores)) + 0.06 * (high - low)
    return low, min(high, worst)


def _together(one: pd.DataFrame) -> pd.Series:
    """Number of patients per pair of scores; a missing follow-up counts as a score of its own."""
    return one.groupby([one[BASELINE].astype(float), one["follow_up"].astype(float)], dropna=False).size()


def _draw_lines(
    page: Page, ax: Axes, scale: Scale, low: float, high: float, reliable_change: float, cutoff: float | None
) -> None:
    theme = page.theme
    ends = np.array([low, high])
    worse = -1 if scale.higher_is_better else 1
    ax.fill_between(ends, ends - reliable_change, ends + reliable_change, color=theme.sequence[2], lw=0, zorder=0)
    ax.plot(ends, ends, color=theme.muted, linewidth=0.8, gid="no change")
    for side, colour in ((-worse, theme.better), (worse, theme.worse)):
        ax.plot(ends, ends + side * reliable_change, color=colour, linewidth=0.9, linestyle=(0, (4, 2)), gid="reliable")
    if cutoff is not None:
        for draw in (ax.axhline, ax.axvline):
            draw(cutoff, color=theme.muted, linewidth=0.7, linestyle=(0, (1, 1.6)), zorder=1, gid="cut-off")
    span = high - low
    text = {"fontsize": SMALL_PT, "zorder": 6}
    below, above = ("reliably better", "reliably worse") if worse == 1 else ("reliably worse", "reliably better")
    colours = {"reliably better": theme.better, "reliably worse": theme.worse}
    ax.text(high - 0.02 * span, low + 0.03 * span, below, ha="right", color=colours[below], gid="region", **text)
    ax.text(low + 0.02 * span, high - 0.05 * span, above, ha="left", color=colours[above], gid="region", **text)


def _draw_patients(page: Page, ax: Axes, one: pd.DataFrame, name: str, low: float, high: float, largest: int) -> None:
    look = page.theme.look(name)
    sizes = _together(one).reset_index(name="n")
    strip = high + _STRIP * (high - low) * 0.5
    y = sizes["follow_up"].fillna(strip).to_numpy(float)
    share = sizes["n"].to_numpy(float) / largest
    area = _SMALLEST_AREA + (_LARGEST_AREA - _SMALLEST_AREA) * (share if largest > 1 else 0 * share)
    ax.scatter(
        sizes[BASELINE].to_numpy(float),
        y,
        s=area if largest > 1 else np.full(len(sizes), 14.0),
        marker=look.marker,
        facecolor=look.colour if look.filled else "none",
        edgecolor=look.colour,
        alpha=0.65 if look.filled else 0.9,
        linewidth=0.8,
        zorder=3,
        gid=f"patients {name}",
    )
    ax.axhspan(high, high + _STRIP * (high - low), facecolor=page.theme.sequence[1], edgecolor="none", zorder=0)
    missing = int(one["follow_up"].isna().sum())
    ax.annotate(
        f"not assessed\nn = {count(missing)}",
        xy=(1, strip),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        fontsize=SMALL_PT,
        color=page.theme.muted,
        va="center",
        annotation_clip=False,
        gid="not assessed",
    )


def _dress(ax: Axes, scale: Scale, low: float, high: float, visit: str, *, first: bool) -> None:
    ax.set_xlim(low - 0.02 * (high - low), high)
    ax.set_ylim(low - 0.02 * (high - low), high + _STRIP * (high - low))
    ax.set_box_aspect(1 + _STRIP)
    whole_number_axis(ax, "x")
    ax.set_yticks([tick for tick in ax.get_xticks() if low <= tick <= high])
    ax.set_xlabel(f"{scale.name} score at baseline")
    if first:
        better = f" ({scale.direction})" if scale.direction else ""
        ax.set_ylabel(f"{scale.name} score at {visit}{better}")


def _title(name: str, one: pd.DataFrame, characters: int) -> str:
    assessed = one[one["follow_up"].notna()]
    classes = [f"{label} {count((assessed['class'] == label).sum())}" for label in levels_of(assessed["class"])]
    lines = textwrap.wrap(f"{', '.join(classes)}; of {count(len(assessed))} assessed", characters)
    return "\n".join([f"{sentence_case(name)}, n = {count(len(one))}", *lines])


def _note(
    patients: pd.DataFrame, known: pd.DataFrame, reliable_change: float, cutoff: float | None, largest: int
) -> str:
    note = f"Grey band: change below {number(reliable_change)} points, not reliable."
    if cutoff is not None:
        note += f" Dotted: cut-off {number(cutoff)}."
    if largest > 1:
        note += f" Area of a mark: patients with the same two scores (1 to {count(largest)})."
    if len(known) < len(patients):
        note += f" {plural(len(patients) - len(known), 'patient')} without a baseline left out."
    return note


def _alternative(scale: Scale, name: str, one: pd.DataFrame, visit: str) -> str:
    assessed = one[one["follow_up"].notna()]
    parts = []
    for label in levels_of(assessed["class"]):
        n = int((assessed["class"] == label).sum())
        parts.append(f"{label} {count(n)} ({percent(n / len(assessed))} of assessed, {percent(n / len(one))} of all)")
    return (
        f"{scale.name}, {name}: baseline against {visit} of {plural(len(one), 'patient')}, of whom "
        f"{count(len(one) - len(assessed))} were not assessed. {sentence_case('; '.join(parts) or 'nobody assessed')}."
    )
