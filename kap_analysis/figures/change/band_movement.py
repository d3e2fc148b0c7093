"""Figure 7: movement between severity bands over visits, with those not assessed."""

from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import FORMAT, N_PATIENTS, VISIT
from kap_analysis.errors import FigureError
from kap_analysis.figures.marks.marks import leave_out_of_layout
from kap_analysis.figures.marks.stacked_bars import Part, draw_stacks, draw_withheld, name_parts, severity_ramp
from kap_analysis.figures.marks.time_axis import panel_points
from kap_analysis.figures.page.frames import checked_frame, formats_in, given_frame, rows_of
from kap_analysis.figures.page.label_fit import tick_lines
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.statement import ALL_WITHHELD, draw_statement, has_no_whole_bar
from kap_analysis.figures.page.style import Theme, Width, panel_grid
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import count, count_percent, plural
from kap_analysis.writing.sentences import sentence_case

_FIGURE = "plot_band_movement"
_MOVEMENT = (VISIT, "band", N_PATIENTS)
_FLOWS = ("visit_from", "band_from", "visit_to", "band_to", N_PATIENTS)
NOT_ASSESSED: Final = "not assessed"
_WIDE = 0.5


def plot_band_movement(
    *,
    movement: pd.DataFrame,
    flows: pd.DataFrame | None = None,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """How many patients are in each severity band at each visit, and between which bands they moved.

    Parameters
    ----------
    movement : pandas.DataFrame
        The ``movement`` of ``band_movement``: ``visit``, ``band`` ("not assessed" included; a categorical gives the
        order, else the instrument does), ``n_patients``, optionally ``format`` (one panel each) and ``of_patients``.
        Heights are shares of all patients at the visit, those not assessed included. Withheld parts are empty outlines.
    flows : pandas.DataFrame, optional
        The ``flows`` of ``band_movement``: ``visit_from``, ``band_from``, ``visit_to``, ``band_to``, ``n_patients``,
        optionally ``format``; drawn as ribbons between the bars of neighbouring visits.
    instrument : Instrument or str, optional
        For the name and the order of the bands.
    ax : Axes or sequence of Axes, optional
        One per format if there are formats; returned instead of a new Figure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, there are no rows, or a flow names a band or visit that ``movement`` does not have.
    """
    movement = checked_frame(movement, _MOVEMENT, name="movement", caller=_FIGURE)
    flows = given_frame(flows, _FLOWS, name="flows", caller=_FIGURE)
    bars = [name for name in (FORMAT, VISIT) if name in movement]
    if has_no_whole_bar(movement, bars, N_PATIENTS):
        return draw_statement(ALL_WITHHELD, ax=ax, theme=theme, width=width, stamp=stamp)
    scale = scale_of(instrument)
    faceted = FORMAT in movement.columns and bool(formats_in(movement, caller=_FIGURE, at_least=0))
    formats: list[str | None] = [*formats_in(movement, caller=_FIGURE)] if faceted else [None]
    visits = [str(visit) for visit in levels_of(movement[VISIT])]
    bands = _bands(movement, scale)
    rows, columns = panel_grid(width, len(formats), 2)
    grid: Any = {"rows": rows, "columns": columns, "panels": len(formats), "sharey": True}
    with open_page(ax, theme=theme, width=width, height=84 * rows, stamp=stamp, **grid) as page:
        parts = _parts(bands, page.theme)
        for place, (panel, name) in enumerate(zip(page.axes, formats, strict=True), start=1):
            one = movement if name is None else rows_of(movement, name)
            moved = flows if flows is None or name is None or FORMAT not in flows.columns else rows_of(flows, name)
            counts = _counts(one, visits, bands)
            totals = _totals(one, counts)
            is_last = place % columns == 0 or place == len(formats)
            _draw_panel(page, panel, counts, totals, moved, parts, columns=columns, named=is_last)
            if place == len(formats) and place % columns:
                leave_out_of_layout(panel, "line label")
            of = f"n = {count(totals.iloc[0])}" if totals.nunique() == 1 else ""
            panel.set_title(", ".join(filter(None, ["" if name is None else sentence_case(name), of])))
            page.describe(_alternative(scale, name, counts, totals))
        for panel in page.axes[::columns]:
            panel.set_ylabel("Share of patients (%)")
        page.note("Numbers in the bars are patients; the thinnest parts carry none.")
        page.note_withheld(movement, flows)
    return page.result


def _bands(movement: pd.DataFrame, scale: Scale) -> list[str]:
    """Bands from least to most severe as they stack, those not assessed on top."""
    found = [str(band) for band in levels_of(movement["band"])]
    known = [band.label for band in scale.bands]
    if not isinstance(movement["band"].dtype, pd.CategoricalDtype) and set(found) - {NOT_ASSESSED} <= set(known):
        found = [band for band in known if band in found]
    if scale.higher_is_better:
        found = found[::-1]
    return [band for band in found if band != NOT_ASSESSED] + [NOT_ASSESSED]


def _parts(bands: list[str], theme: Theme) -> list[Part]:
    colours = severity_ramp(len(bands) - 1, theme)
    parts = [Part(band, colour) for band, colour in zip(bands, colours, strict=False)]
    return [*parts, Part(NOT_ASSESSED, theme.background, "////")]


def _counts(one: pd.DataFrame, visits: list[str], bands: list[str]) -> pd.DataFrame:
    """Patients by band (rows) and visit: zero where there is no row, missing where the number is withheld."""
    grouped = one.groupby([one["band"].astype(str), one[VISIT].astype(str)])[N_PATIENTS]
    summed, rows = grouped.sum(min_count=1).unstack(), grouped.size().unstack(fill_value=0)
    table = summed.where(rows > 0, 0.0)
    return table.reindex(index=bands, columns=visits, fill_value=0.0).astype(float)


def _totals(one: pd.DataFrame, counts: pd.DataFrame) -> pd.Series:
    """All patients at each visit: ``of_patients`` where it is known, else the sum of the bands."""
    summed = counts.sum(axis=0)
    if "of_patients" not in one.columns:
        return summed
    told = one["of_patients"].astype(float).groupby(one[VISIT].astype(str)).max()
    return told.reindex(counts.columns).fillna(summed)


def _draw_panel(
    page: Page,
    ax: Axes,
    counts: pd.DataFrame,
    totals: pd.Series,
    flows: pd.DataFrame | None,
    parts: list[Part],
    *,
    columns: int,
    named: bool,
) -> None:
    visits = list(counts.columns)
    places = list(range(len(visits)))
    shares = 100 * counts / totals.where(totals > 0)
    ax.set(xlim=(-0.45, len(visits) - 0.55), ylim=(0, 100))
    hidden = counts.columns[counts.isna().any()]
    shares[hidden] = np.nan
    heights = {band: list(shares.loc[band]) for band in counts.index}
    numbers = {band: list(counts.loc[band]) for band in counts.index}
    ends = draw_stacks(ax, places, heights, numbers, parts, page.theme, wide=_WIDE)
    for place, visit in enumerate(visits):
        if visit in hidden:
            draw_withheld(ax, place, 100.0, page.theme, wide=_WIDE)
    if flows is not None:
        whole = flows[~flows["visit_from"].astype(str).isin(hidden) & ~flows["visit_to"].astype(str).isin(hidden)]
        _draw_ribbons(page, ax, whole, parts, ends, totals, visits)
    room = panel_points(ax, columns=columns, given=page.given is not None) / len(visits)
    labels, _ = tick_lines([sentence_case(visit) for visit in visits], room)
    if totals.nunique() > 1:
        labels = [f"{label}\nn = {count(totals[visit])}" for label, visit in zip(labels, visits, strict=True)]
    ax.set_xticks(places, labels)
    ax.tick_params(axis="x", length=0)
    if named:
        name_parts(
            ax, places[-1] + _WIDE / 2, ends, [part for part in parts if counts.loc[part.name].sum()], page.theme
        )


def _draw_ribbons(
    page: Page,
    ax: Axes,
    flows: pd.DataFrame,
    parts: list[Part],
    ends: dict[str, tuple[np.ndarray, np.ndarray]],
    totals: pd.Series,
    visits: list[str],
) -> None:
    order = {part.name: place for place, part in enumerate(parts)}
    strangers = ({*flows["band_from"].astype(str), *flows["band_to"].astype(str)} - set(order)) | (
        {*flows["visit_from"].astype(str), *flows["visit_to"].astype(str)} - set(visits)
    )
    if strangers:
        raise FigureError(f"{_FIGURE} found {', '.join(sorted(strangers))} in flows= but not in movement=.")
    colours = {part.name: page.theme.faint if part.hatch else part.colour for part in parts}
    for place, (before, after) in enumerate(pairwise(visits)):
        here = flows[(flows["visit_from"].astype(str) == before) & (flows["visit_to"].astype(str) == after)]
        leave = {name: float(ends[name][0][place]) for name in order}
        arrive = {name: float(ends[name][0][place + 1]) for name in order}
        here = here.assign(f=here["band_from"].astype(str).map(order), t=here["band_to"].astype(str).map(order))
        for _, row in here.sort_values(["f", "t"]).iterrows():
            start, end = str(row["band_from"]), str(row["band_to"])
            n = float(row[N_PATIENTS])
            if not n > 0:
                continue
            out, into = 100 * n / totals[before], 100 * n / totals[after]
            _draw_ribbon(ax, place, (leave[start], out), (arrive[end], into), colours[start])
            leave[start] += out
            arrive[end] += into


def _draw_ribbon(ax: Axes, place: int, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    """A ribbon from one bar to the next, as wide at each end as its share there, with smooth edges."""
    way = np.linspace(0, 1, 21)
    bend = way**2 * (3 - 2 * way)
    bottom = start[0] + (end[0] - start[0]) * bend
    top = start[0] + start[1] + (end[0] + end[1] - start[0] - start[1]) * bend
    x = place + _WIDE / 2 + (1 - _WIDE) * way
    ax.fill_between(x, bottom, top, color=colour, alpha=0.45, linewidth=0, zorder=0.5, gid="ribbon")


def _alternative(scale: Scale, name: str | None, counts: pd.DataFrame, totals: pd.Series) -> str:
    sentences = []
    for visit in counts.columns:
        n = totals[visit]
        parts = [f"{band} {count_percent(k, n)}" for band, k in counts[visit].items() if n and k]
        sentences.append(f"{visit}, {plural(n, 'patient')}: {', '.join(parts) or 'nobody'}")
    who = f", {name}" if name else ""
    return f"{scale.name} severity bands by visit{who}. {sentence_case('; '.join(sentences))}."
