"""Figure 4: scores over time by format, observed and modelled, with the number of patients under the axis."""

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import (
    CI_HIGH,
    CI_LOW,
    ESTIMATE,
    FORMAT,
    MONTH,
    N_PATIENTS,
    PATIENT_ID,
    SCORE,
)
from kap_analysis.errors import FigureError, NothingToShowError
from kap_analysis.figures.change.trajectory_layers import Layers
from kap_analysis.figures.change.trajectory_lines import MOST_PATIENT_LINES, draw_panel, say_sample
from kap_analysis.figures.change.trajectory_names import name_formats, name_panels
from kap_analysis.figures.change.trajectory_words import say_trajectories
from kap_analysis.figures.marks.marks import (
    draw_bands,
    leave_out_of_layout,
    numbers_under_axis,
    view_of_scores,
)
from kap_analysis.figures.marks.time_axis import (
    SESSION,
    counts_in,
    numbers_at,
    panel_points,
    places_with_room,
    time_label,
    visit_places,
)
from kap_analysis.figures.page.frames import formats_in, given_frame, numbers_of, rows_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of_one
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import Width, is_narrow, panel_grid
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.names import readable
from kap_analysis.writing.small_numbers import POINTS_ONLY

_FIGURE = "plot_trajectories"
_MOST_PANELS: Final = 9
_NAMES_PT: Final = 54.0
"""Room for the names of the formats right of their lines, where there is one panel."""
_NO_FACETS: Final = "There is nothing to draw by {}: there are no scores of single patients."
_NOT_RECORDED: Final = "not recorded"
_NOTHING: Final = "There is no score to draw: there are no rows."


def plot_trajectories(
    *,
    adjusted: pd.DataFrame | None = None,
    means: pd.DataFrame | None = None,
    curves: pd.DataFrame | None = None,
    patients: pd.DataFrame | None = None,
    instrument: Instrument | str | None = None,
    facet_by: str | None = None,
    time: str = MONTH,
    most_lines: int = MOST_PATIENT_LINES,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Scores over time by format: adjusted means from one common baseline, or observed means and model curves.

    At least one of ``adjusted``, ``means`` and ``curves`` is needed. With ``adjusted`` the figure shows what the
    primary analysis compares, and observed means are faint beside it. Observed means begin where each format began and
    are of those who are left; the numbers under the axis say how many are left.

    Parameters
    ----------
    adjusted : pandas.DataFrame, optional
        The ``course`` of ``compare_formats``: ``format``, ``month``, ``n_patients``, ``estimate``, ``ci_low``,
        ``ci_high``, and optionally ``visit`` and ``instrument``. Not together with ``curves``.
    means : pandas.DataFrame, optional
        The ``means`` of ``observed_scores``: ``format``, ``month``, ``n_patients``, ``mean``, ``ci_low``,
        ``ci_high``, and optionally ``visit`` and ``instrument`` (one only). ``month`` is the mean month of the visit;
        the numbers under the axis stand at the mean of the formats' months.
    curves : pandas.DataFrame, optional
        The ``curves`` of ``model_trajectories``: ``format``, ``month``, ``estimate``, ``ci_low``, ``ci_high``.
    patients : pandas.DataFrame, optional
        The ``patients`` of ``model_trajectories``: ``patient_id``, ``format``, ``month``, ``score``; one thin line
        per patient.
    instrument : Instrument or str, optional
        For bands, ends and direction; taken from ``adjusted`` or ``means`` if it has the column ``instrument``.
    facet_by : str, optional
        A column of every frame given, for example ``"practice"`` or ``"primary_diagnosis"``: one panel per level,
        nine at most. A frame without that column is drawn in every panel.
    time : str
        Column of the x axis in every frame: ``"month"``, or ``"session_number"`` for the number of the ketamine
        session, as in the frames of ``scores_by_session``; then the figure says that those who stop leave the line.
    most_lines : int
        Patient lines per panel. Of more patients every second, third and so on of each format is drawn, in the order
        of the first score, and the figure says so.
    ax : Axes or sequence of Axes, optional
        One per panel; returned instead of a new Figure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If there is nothing to draw or both ``adjusted`` and ``curves`` are given, a column is missing, a format is
        unknown, there are two instruments, or there are more than nine panels. Frames without rows or numbers give a
        figure that says so.
    """
    given = [frame for frame in (adjusted, means, curves, patients) if frame is not None]
    layers = _layers(adjusted, means, curves, patients, time)
    if not layers.has_numbers:
        return draw_statement(why_nothing(_NOTHING, *given), ax=ax, theme=theme, width=width, stamp=stamp)
    if facet_by is not None and not any(facet_by in frame.columns for frame in layers.frames):
        _refuse_unknown(facet_by, given)
        words = why_nothing(_NO_FACETS.format(readable(facet_by)), *given)
        return draw_statement(words, ax=ax, theme=theme, width=width, stamp=stamp)
    if facet_by is not None and not any(_is_recorded(frame, facet_by) for frame in layers.frames):
        words = f"There is nothing to draw by {readable(facet_by)}: it is not recorded."
        return draw_statement(words, ax=ax, theme=theme, width=width, stamp=stamp)
    levels = _panel_levels(layers.frames, facet_by)
    formats = formats_in(pd.concat([frame[[FORMAT]].astype(str) for frame in layers.frames]), caller=_FIGURE)
    layers = layers.of_formats(formats)
    scale = scale_of_one(instrument, layers.by_visit, name="means", caller=_FIGURE)
    rows, columns = panel_grid(width, len(levels), 3)
    grid: Any = {"rows": rows, "columns": columns, "panels": len(levels), "sharey": True, "sharex": True}
    height = 100 if rows == 1 else (66 if is_narrow(width) else 82) * rows
    with open_page(ax, theme=theme, width=width, height=height, stamp=stamp, **grid) as page:
        parts = [layers.of_level(facet_by, level) for level in levels]
        drawn = _draw_panels(page, parts, scale, formats, time=time, columns=columns, most_lines=most_lines)
        name_panels(page, facet_by, levels, columns, layers.patients)
        name_formats(page, formats, layers, time, columns)
        page.note_withheld(*layers.frames)
        say_sample(page, drawn)
        if any(_runs_off(part, page.axes[0].get_ylim()) for part in parts):
            page.note("Intervals that run off the panel are wider than it shows.")
        say_trajectories(page, scale, formats, layers, time, "" if facet_by is None else readable(facet_by))
        draws_curves = any(part.draws_curve(name) for part in parts for name in formats)
        if facet_by is not None and layers.curves is not None and draws_curves:
            whose = "" if facet_by in layers.curves.columns else " of all patients, the same in every panel"
            page.note(f"Curves: model means{whose}, from where each format began, with 95% intervals.")
        if any(part.leaves_out for part in parts):
            page.note(POINTS_ONLY)
    return page.result


def _layers(
    adjusted: pd.DataFrame | None,
    means: pd.DataFrame | None,
    curves: pd.DataFrame | None,
    patients: pd.DataFrame | None,
    time: str,
) -> Layers:
    """The frames, checked; a FigureError where none, or two models, would be drawn."""
    if adjusted is None and means is None and curves is None:
        raise FigureError(f"{_FIGURE} has nothing to draw: give adjusted=, means= or curves=.")
    if adjusted is not None and curves is not None:
        raise FigureError(f"{_FIGURE} draws adjusted= or curves=, not both: they are two models of the same scores.")
    by_visit = (FORMAT, time, N_PATIENTS)
    return Layers(
        adjusted=given_frame(adjusted, (*by_visit, ESTIMATE, CI_LOW, CI_HIGH), name="adjusted", caller=_FIGURE),
        means=given_frame(means, (*by_visit, "mean", CI_LOW, CI_HIGH), name="means", caller=_FIGURE),
        curves=given_frame(curves, (FORMAT, time, ESTIMATE, CI_LOW, CI_HIGH), name="curves", caller=_FIGURE),
        patients=given_frame(patients, (PATIENT_ID, FORMAT, time, SCORE), name="patients", caller=_FIGURE),
    )


def _draw_panels(
    page: Page, parts: list[Layers], scale: Scale, formats: list[str], *, time: str, columns: int, most_lines: int
) -> list[tuple[int, int]]:
    """Draw each panel on one score axis; how many patients were drawn of how many, for each."""
    view = score_view(parts, scale)
    label = scale.axis_label if len(parts) <= columns else scale.axis_label.replace(" (", "\n(")
    drawn = []
    for place, (panel, part) in enumerate(zip(page.axes, parts, strict=True)):
        panel.set_ylim(*view)
        drawn.append(draw_panel(page, panel, formats, part, time=time, most_lines=most_lines))
        edges = (place % columns == 0, (place + 1) % columns == 0 or place == len(parts) - 1)
        dress_panel(page, panel, scale, formats, part, time=time, columns=columns, edges=edges)
        if place % columns == 0:
            panel.set_ylabel(label)
    return drawn


def _is_recorded(frame: pd.DataFrame, facet_by: str) -> bool:
    known = frame[facet_by].dropna().astype("str").str.lower() if facet_by in frame.columns else pd.Series(dtype="str")
    return bool((known != _NOT_RECORDED).any())


def _refuse_unknown(facet_by: str, given: list[pd.DataFrame]) -> None:
    """Refuse a column that no frame has, unless a frame is empty: its rows were withheld, which is no mistake."""
    if not any(facet_by in frame.columns for frame in given):
        raise NothingToShowError(f"{_FIGURE} found the column {facet_by!r} of facet_by= in none of its frames.")


def _panel_levels(frames: list[pd.DataFrame], facet_by: str | None) -> list[object]:
    if facet_by is None:
        return [None]
    having = [frame for frame in frames if facet_by in frame.columns]
    levels = levels_of(having[0][facet_by])
    if not isinstance(having[0][facet_by].dtype, pd.CategoricalDtype):
        levels = sorted(levels, key=str)
    if len(levels) > _MOST_PANELS:
        raise FigureError(
            f"{_FIGURE} draws {_MOST_PANELS} panels at most, and {facet_by!r} has {len(levels)} levels; "
            "pool the rare ones."
        )
    return levels


def score_view(parts: list[Layers], scale: Scale) -> tuple[float, float]:
    """Ends of the score axis of all panels."""
    values = np.concatenate([part.values() for part in parts])
    return view_of_scores(scale, float(np.nanmin(values)), float(np.nanmax(values)))


def _runs_off(layers: Layers, view: tuple[float, float]) -> bool:
    ends = layers.ends()
    return bool((ends < view[0]).any() or (ends > view[1]).any())


def dress_panel(
    page: Page,
    ax: Axes,
    scale: Scale,
    formats: list[str],
    layers: Layers,
    *,
    time: str,
    columns: int,
    edges: tuple[bool, bool],
) -> None:
    """Axis, bands and numbers of one panel; ``edges`` says whether it is the first and the last of its row."""
    counted, patients = layers.by_visit, layers.patients
    frame, _ = layers.leading
    places = visit_places(frame, time, visits=counted is not None)
    reach = places if patients is None or patients.empty else [*places, *numbers_of(patients, time)]
    span = max(reach) - min(reach) or 1.0
    ax.set_xlim(min(reach) - 0.05 * span, max(reach) + 0.05 * span)
    wide = panel_points(ax, columns=columns, given=page.given is not None)
    named = len(page.axes) == 1 and not (layers.adjusted is not None and is_narrow(page.width_mm))
    scaled = (wide - (_NAMES_PT if named else 0.0)) / (1.1 * span)
    ticks = sorted({round(place) for place in places})
    ax.set_xticks(places_with_room(ticks, [f"{tick:g}" for tick in ticks], scaled))
    ax.tick_params(labelbottom=True)
    ax.set_xlabel(time_label(time, in_lines=columns > 1))
    draw_bands(ax, scale, page.theme, labels=edges[1])
    if ax is page.axes[-1] and len(page.axes) % columns:
        leave_out_of_layout(ax, "band label")
    if counted is None:
        return
    rows = {name: numbers_at(rows_of(counted, name), places, time) for name in formats}
    kept = places_with_room(places, counts_in(rows.values()), scaled)
    shown = {name: {at: n for at, n in row.items() if at in kept} for name, row in rows.items()}
    gap = 27.0 if columns == 1 or time == SESSION else 38.0
    numbers_under_axis(
        ax,
        shown,
        page.theme,
        heading="Patients analysed" if layers.adjusted is not None else "Patients observed",
        gap=gap,
        names=edges[0],
    )
