"""Figure 9, second part: were there comparable patients in both formats (mirrored histograms of the propensity)."""

from typing import Final

import matplotlib
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes

from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL
from kap_analysis.errors import FigureError
from kap_analysis.figures.marks.marks import whole_number_axis
from kap_analysis.figures.page.frames import checked_frame, formats_in, numbers_of, rows_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page
from kap_analysis.figures.page.parts import Part, draw_parts
from kap_analysis.figures.page.style import NARROW_MM, SMALL_PT, Width
from kap_analysis.writing.numbers import count, number, plural
from kap_analysis.writing.sentences import sentence_case

_FIGURE = "plot_propensity_overlap"
_PROPENSITY = "propensity"
_WEIGHTS = ("ipw", "overlap")
_SIDES: Final = {INDIVIDUAL: 1.0, GROUP: -1.0}
BIN_WIDTH: Final = 0.05
_NOTHING = "There is no propensity to draw: only one format, or too few patients."
_WITHHELD = "Propensities of single patients were withheld to protect them."


def plot_propensity_overlap(
    *,
    propensity: pd.DataFrame,
    weighting: str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """How likely group format was for the patients of each format: individual upwards, group downwards.

    Where only one side has bars, no patient of the other format was comparable.

    Parameters
    ----------
    propensity : pandas.DataFrame
        The ``propensity`` of ``check_allocation``, one row per patient: ``format`` ("individual" or "group"),
        ``propensity`` (0 to 1, of group format; missing ones are left out and counted), and for ``weighting`` the
        column of weights. From a public study of real patients it is empty, and the figure says so.
    weighting : {"ipw", "overlap"}, optional
        Draw the weighted histogram as an outline over the bars, scaled to the same number of patients per format.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, a propensity is not between 0 and 1, a format is neither individual nor group, or
        the weighting is unknown.
    """
    part = propensity_part(propensity, weighting)
    return draw_parts([part], ax=ax, theme=theme, width=width, stamp=stamp)


def propensity_part(propensity: pd.DataFrame, weighting: str | None) -> Part:
    """The mirrored histograms as a part of a page."""
    if weighting is not None and weighting not in _WEIGHTS:
        raise FigureError(f"{_FIGURE} draws the weighting {' or '.join(map(repr, _WEIGHTS))}, not {weighting!r}.")
    columns = (FORMAT, _PROPENSITY, *([weighting] if weighting else []))
    propensity = checked_frame(propensity, columns, name="propensity", caller=_FIGURE, may_be_empty=True)
    if propensity[_PROPENSITY].isna().all():
        return Part(nothing=_WITHHELD if "withheld" in propensity else _NOTHING)
    formats = _two_formats(propensity)
    known = propensity.dropna(subset=[_PROPENSITY])
    edges = np.linspace(0.0, 1.0, round(1 / BIN_WIDTH) + 1)

    def draw(page: Page) -> None:
        panel = page.axes[0]
        reach = {name: _draw_side(page, panel, rows_of(known, name), name, edges, weighting) for name in formats}
        _dress(page, panel, {name: len(rows_of(known, name)) for name in formats}, reach)
        if len(known) < len(propensity):
            page.note(f"{plural(len(propensity) - len(known), 'patient')} without a propensity left out.")
        if weighting:
            which = "inverse-probability" if weighting == "ipw" else "overlap"
            page.note(f"Bars: patients. Outline: the same patients after {which} weighting, scaled to the same n.")
        page.describe(_alternative(known, formats))

    return Part(draw, height=72)


def _two_formats(propensity: pd.DataFrame) -> list[str]:
    formats = formats_in(propensity, caller=_FIGURE, at_least=1)
    if not set(formats) <= set(_SIDES):
        raise FigureError(f"{_FIGURE} draws individual above and group below the line; leave the mixed format out.")
    values = propensity[_PROPENSITY].dropna()
    wrong = values[(values < 0) | (values > 1)]
    if len(wrong):
        raise FigureError(f"A propensity is between 0 and 1; {_FIGURE} found {wrong.iloc[0]:g} in propensity=.")
    return formats


def _draw_side(page: Page, ax: Axes, rows: pd.DataFrame, name: str, edges: np.ndarray, weighting: str | None) -> float:
    """Bars of one format on its side of the line; returns the height of the highest."""
    look, side = page.theme.look(name), _SIDES[name]
    values = numbers_of(rows, _PROPENSITY)
    heights = np.histogram(values, bins=edges)[0].astype(float)
    with matplotlib.rc_context({"hatch.color": look.colour}):
        seaborn.histplot(
            x=values,
            weights=np.full(len(values), side),
            bins=list(edges),
            ax=ax,
            facecolor=look.colour if look.filled else page.theme.background,
            edgecolor=page.theme.background if look.filled else look.colour,
            hatch=None if look.filled else look.hatch,
            linewidth=0.5,
            alpha=1.0,
            gid=f"patients {name}",
        )
    if weighting is None:
        return float(heights.max())
    weights = numbers_of(rows, weighting)
    usable = np.isfinite(weights)
    total = float(weights[usable].sum())
    weighted = np.histogram(values[usable], bins=edges, weights=weights[usable])[0] * (usable.sum() / (total or 1.0))
    ax.stairs(side * weighted, edges, color=page.theme.foreground, linewidth=1.1, baseline=None, gid=f"weighted {name}")
    return float(max(heights.max(), weighted.max()))


def _dress(page: Page, ax: Axes, numbers: dict[str, int], reach: dict[str, float]) -> None:
    ax.axhline(0.0, color=page.theme.muted, linewidth=0.7, gid="line between formats")
    ax.set_xlim(0.0, 1.0)
    head = 0.14 * sum(reach.values())
    ax.set_ylim(-reach.get(GROUP, 0.0) - head, reach.get(INDIVIDUAL, 0.0) + head)
    whole_number_axis(ax, most=8)
    ax.yaxis.set_major_formatter(lambda value, _: count(abs(value)))
    ax.set_ylabel(f"Patients per {BIN_WIDTH:g} of propensity")
    ax.set_xlabel("Propensity: probability of group format, given what was known at the start")
    if page.width_mm < NARROW_MM:
        ax.set_xlabel("Propensity: probability of group format")
    for name, n in numbers.items():
        up = _SIDES[name] > 0
        ax.annotate(
            f"{sentence_case(name)}, n = {count(n)}",
            xy=(1, 1 if up else 0),
            xycoords="axes fraction",
            xytext=(-3, -3 if up else 3),
            textcoords="offset points",
            ha="right",
            va="top" if up else "bottom",
            fontsize=SMALL_PT,
            fontweight="bold",
            color=page.theme.look(name).colour,
            gid=f"name {name}",
        )


def _alternative(known: pd.DataFrame, formats: list[str]) -> str:
    text = "Mirrored histograms of the probability of group format, individual above and group below the line."
    for name in formats:
        values = rows_of(known, name)[_PROPENSITY].astype(float)
        low, middle, high = values.quantile([0.25, 0.5, 0.75])
        text += (
            f" {sentence_case(name)} ({plural(len(values), 'patient')}): median {number(middle, 2)}, middle half "
            f"{number(low, 2)} to {number(high, 2)}."
        )
    return text
