"""Figure 4: scores over time by format, observed and modelled, with the number of patients under the axis."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from kap_analysis.columns import (
    CI_HIGH,
    CI_LOW,
    ESTIMATE,
    FORMAT,
    INSTRUMENT,
    MONTH,
    N_PATIENTS,
    PATIENT_ID,
    SCORE,
    VISIT,
)
from kap_analysis.errors import FigureError
from kap_analysis.figures.frames import formats_in, given_frame, levels_of, numbers_of, rows_of
from kap_analysis.figures.marks import (
    LineEnd,
    draw_bands,
    label_line_ends,
    numbers_under_axis,
    side_by_side,
    view_of_scores,
)
from kap_analysis.figures.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.scales import Scale, scale_of
from kap_analysis.figures.style import Width
from kap_analysis.figures.wording import count, estimate_with_interval, listed, sentence_case
from kap_analysis.instruments.instrument import Instrument

_FIGURE = "plot_trajectories"
MOST_PATIENT_LINES: Final = 300
"""Patient lines per panel; of more patients this many are drawn, chosen at random with a fixed seed."""
_SEED: Final = 20190327
_MOST_PANELS: Final = 6
_TIME_LABELS: Final = {MONTH: "Months since the first ketamine session", "session_number": "Ketamine session"}


def plot_trajectories(
    *,
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
    """Scores over time by format: thin lines of patients, observed means, model means with their bands.

    At least one of ``means`` and ``curves`` is needed. Observed means of those who are left are no estimate of what
    would have been seen in all; the numbers under the axis say how many are left.

    Parameters
    ----------
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
        For bands, ends and direction; taken from ``means`` if it has the column ``instrument``.
    facet_by : str, optional
        A column of every frame given, for example ``"practice"`` or ``"primary_diagnosis"``: one panel per level, six
        at most. A frame without that column is drawn in every panel.
    time : str
        Column of the x axis in every frame: ``"month"``, or ``"session_number"`` for
        the number of the ketamine session.
    most_lines : int
        Patient lines per panel; of more patients a random sample of this size is drawn and the figure says so.
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
        If neither means nor curves are given, a column is missing, a format is unknown, there are two instruments, or
        there are more than six panels.
    """
    means = given_frame(means, (FORMAT, time, N_PATIENTS, "mean", CI_LOW, CI_HIGH), name="means", figure=_FIGURE)
    curves = given_frame(curves, (FORMAT, time, ESTIMATE, CI_LOW, CI_HIGH), name="curves", figure=_FIGURE)
    patients = given_frame(patients, (PATIENT_ID, FORMAT, time, SCORE), name="patients", figure=_FIGURE)
    if means is None and curves is None:
        raise FigureError(f"{_FIGURE} has nothing to draw: give means=, curves= or both.")
    frames = [frame for frame in (means, curves, patients) if frame is not None]
    levels = _panel_levels(frames, facet_by)
    formats = formats_in(pd.concat([frame[[FORMAT]].astype(str) for frame in frames]), figure=_FIGURE)
    means, curves = (None if one is None else one[one[FORMAT].astype(str).isin(formats)] for one in (means, curves))
    scale = _scale(instrument, means)
    columns = min(len(levels), 3)
    rows = -(-len(levels) // columns)
    grid = {"rows": rows, "columns": columns, "panels": len(levels), "sharey": True, "sharex": True}
    with open_page(ax, theme=theme, width=width, height=100 if rows == 1 else 78 * rows, stamp=stamp, **grid) as page:
        view = _score_view(frames, scale, with_patients=patients is not None)
        for place, (panel, level) in enumerate(zip(page.axes, levels, strict=True)):
            m, c, p = (_of_level(frame, facet_by, level) for frame in (means, curves, patients))
            panel.set_ylim(*view)
            _draw_panel(page, panel, formats, m, c, p, time=time, most_lines=most_lines)
            _dress(page, panel, scale, formats, m, c, time=time, last=(place + 1) % columns == 0 or level == levels[-1])
            if level is not None:
                panel.set_title(f"{sentence_case(facet_by or '').replace('_', ' ')}: {level}")
        page.axes[0].set_ylabel(scale.axis_label)
        page.note_withheld(means, curves, patients)
        _say(page, scale, formats, means, curves, time)
    return page.result


def _panel_levels(frames: list[pd.DataFrame], facet_by: str | None) -> list[object]:
    if facet_by is None:
        return [None]
    having = [frame for frame in frames if facet_by in frame.columns]
    if not having:
        raise FigureError(f"{_FIGURE} found the column {facet_by!r} of facet_by= in none of its frames.")
    levels = levels_of(having[0][facet_by])
    if len(levels) > _MOST_PANELS:
        raise FigureError(
            f"{_FIGURE} draws {_MOST_PANELS} panels at most, and {facet_by!r} has {len(levels)} levels; "
            "pool the rare ones."
        )
    return levels


def _of_level(frame: pd.DataFrame | None, facet_by: str | None, level: object) -> pd.DataFrame | None:
    if frame is None or facet_by is None or facet_by not in frame.columns:
        return frame
    return frame[frame[facet_by] == level]


def _scale(instrument: Instrument | str | None, means: pd.DataFrame | None) -> Scale:
    found = [] if means is None or INSTRUMENT not in means.columns else levels_of(means[INSTRUMENT])
    if len(found) > 1:
        raise FigureError(f"{_FIGURE} draws one instrument at a time, found {listed(found)} in means=.")
    return scale_of(instrument if instrument is not None else (str(found[0]) if found else None))


def _score_view(frames: list[pd.DataFrame], scale: Scale, *, with_patients: bool) -> tuple[float, float]:
    columns = (SCORE,) if with_patients else ("mean", ESTIMATE, CI_LOW, CI_HIGH)
    drawn = [numbers_of(frame, column) for frame in frames for column in columns if column in frame.columns]
    values = np.concatenate(drawn)
    return view_of_scores(scale, float(np.nanmin(values)), float(np.nanmax(values)))


def _draw_panel(
    page: Page,
    ax: Axes,
    formats: list[str],
    means: pd.DataFrame | None,
    curves: pd.DataFrame | None,
    patients: pd.DataFrame | None,
    *,
    time: str,
    most_lines: int,
) -> None:
    if patients is not None:
        _draw_patients(page, ax, patients, time, most_lines)
    beside = side_by_side(formats, 0.06 if time == MONTH else 0.1)
    for name in formats:
        look, face = page.theme.look(name), page.theme.marker_face(name)
        if curves is not None:
            one = rows_of(curves, name).sort_values(time)
            at = numbers_of(one, time)
            ax.fill_between(at, numbers_of(one, CI_LOW), numbers_of(one, CI_HIGH), color=look.colour, alpha=0.18, lw=0)
            ax.plot(at, numbers_of(one, ESTIMATE), color=look.colour, ls=look.line_style, lw=1.6, gid=f"curve {name}")
        if means is not None:
            one = rows_of(means, name).sort_values(time)
            mean, low, high = (numbers_of(one, column) for column in ("mean", CI_LOW, CI_HIGH))
            ax.errorbar(
                numbers_of(one, time) + beside[name],
                mean,
                yerr=[mean - low, high - mean],
                color=look.colour,
                marker=look.marker,
                markerfacecolor=face,
                linestyle="none" if curves is not None else look.line_style,
                capsize=2,
                elinewidth=0.9,
                zorder=4,
                gid=f"means {name}",
            )


def _draw_patients(page: Page, ax: Axes, patients: pd.DataFrame, time: str, most_lines: int) -> None:
    ids = np.sort(patients[PATIENT_ID].astype(str).unique())
    chosen = ids
    if len(ids) > most_lines:
        chosen = np.random.default_rng(_SEED).choice(ids, size=most_lines, replace=False)
        page.note(f"Thin lines: {count(most_lines)} of {count(len(ids))} patients, chosen at random.")
    shown = patients[patients[PATIENT_ID].astype(str).isin(set(chosen))].sort_values([PATIENT_ID, time])
    faint = float(np.clip(40 / max(len(chosen), 1), 0.16, 0.6))
    for name, one in shown.groupby(shown[FORMAT].astype(str), sort=True):
        lines = [line[[time, SCORE]].to_numpy(float) for _, line in one.groupby(PATIENT_ID, sort=True)]
        colour = page.theme.look(str(name)).colour
        ax.add_collection(LineCollection(lines, colors=colour, linewidths=0.45, alpha=faint, gid=f"patients {name}"))


def _dress(
    page: Page,
    ax: Axes,
    scale: Scale,
    formats: list[str],
    means: pd.DataFrame | None,
    curves: pd.DataFrame | None,
    *,
    time: str,
    last: bool,
) -> None:
    places = _visit_places(means if means is not None else curves, time, visits=means is not None)
    span = max(places) - min(places) or 1.0
    ax.set_xlim(min(places) - 0.05 * span, max(places) + 0.05 * span)
    ax.set_xticks(sorted({round(place) for place in places}))
    ax.tick_params(labelbottom=True)
    ax.set_xlabel(_TIME_LABELS.get(time, sentence_case(time)))
    draw_bands(ax, scale, page.theme, labels=last)
    if means is not None:
        rows = {name: _numbers(rows_of(means, name), places, time) for name in formats}
        numbers_under_axis(ax, rows, page.theme, heading="Patients observed")
    if page.axes[0] is ax:
        _label_formats(page, ax, formats, means, curves, time)


def _visit_places(frame: pd.DataFrame | None, time: str, *, visits: bool) -> list[float]:
    """Where visits stand on the axis: the mean of the formats' times."""
    assert frame is not None
    if visits and VISIT in frame.columns:
        return [float(at) for at in frame.groupby(VISIT, observed=True, sort=False)[time].mean()]
    return sorted({float(at) for at in frame[time]})


def _numbers(one: pd.DataFrame, places: list[float], time: str) -> dict[float, float]:
    at = [min(places, key=lambda place: abs(place - month)) for month in numbers_of(one, time)]
    return dict(zip(at, numbers_of(one, N_PATIENTS), strict=True))


def _label_formats(
    page: Page, ax: Axes, formats: list[str], means: pd.DataFrame | None, curves: pd.DataFrame | None, time: str
) -> None:
    """Name each line where the formats are furthest apart and there is room: at its last point."""
    frame, value = (curves, ESTIMATE) if curves is not None else (means, "mean")
    assert frame is not None
    ends = []
    for name in formats:
        one = rows_of(frame, name).sort_values(time)
        if one.empty:
            continue
        end = one.iloc[-1]
        ends.append(LineEnd(float(end[time]), float(end[value]), sentence_case(name), page.theme.look(name).colour))
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 0.16 * (high - low) * (1 if len(page.axes) == 1 else 2))
    label_line_ends(ax, ends, offset=9.0)


def _say(
    page: Page, scale: Scale, formats: list[str], means: pd.DataFrame | None, curves: pd.DataFrame | None, time: str
) -> None:
    page.describe(f"{scale.name} score over time ({time}) by format.")
    frame, value = (means, "mean") if means is not None else (curves, ESTIMATE)
    assert frame is not None
    for name in formats:
        one = rows_of(frame, name).sort_values(time)
        if one.empty:
            continue
        ends = [
            f"{estimate_with_interval(row[value], row[CI_LOW], row[CI_HIGH])} at {_name_of_time(row, time)}"
            + (f" (n = {count(row[N_PATIENTS])})" if N_PATIENTS in one.columns else "")
            for _, row in one.iloc[[0, -1] if len(one) > 1 else [0]].iterrows()
        ]
        kind = "observed mean" if means is not None else "model mean"
        page.describe(f"{sentence_case(name)}: {kind} {', then '.join(ends)}.")
    if curves is not None and means is not None:
        page.note("Lines with bands: model means with 95% intervals. Marks: observed means with 95% intervals.")
    elif means is not None:
        page.note("Marks: observed means with 95% intervals, of the patients who were assessed.")


def _name_of_time(row: pd.Series, time: str) -> str:
    return str(row[VISIT]) if VISIT in row.index and not pd.isna(row[VISIT]) else f"{time} {row[time]:g}"
