"""The answer at one look: who stayed, how scores moved from one common baseline, and how far apart the formats are."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, MONTH, N_PATIENTS, VISIT
from kap_analysis.figures.marks.forest import (
    ForestRow,
    draw_forest,
    forest_height,
    margin_marks,
    sides,
    value_of,
)
from kap_analysis.figures.marks.forest_fit import fitted_rows
from kap_analysis.figures.marks.marks import (
    draw_bands,
    format_handles,
    numbers_under_axis,
    view_of_scores,
)
from kap_analysis.figures.marks.mean_lines import draw_means, marks_beside
from kap_analysis.figures.marks.retention_lines import draw_retention
from kap_analysis.figures.marks.time_axis import hide_touching_numbers, numbers_at, time_label, visit_places
from kap_analysis.figures.page.frames import check_positive, formats_in, given_frame, rows_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, letter_panels, open_page
from kap_analysis.figures.page.parts import record_parts
from kap_analysis.figures.page.scales import Scale, scale_of_one
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import Width, is_narrow, width_in_mm
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.numbers import count, with_interval
from kap_analysis.writing.sentences import sentence_case
from kap_analysis.writing.small_numbers import of_enough, said_of_few

_FIGURE = "plot_overview"
_RETENTION = (FORMAT, MONTH, "n_at_risk", N_PATIENTS, "share")
_MEANS = (FORMAT, MONTH, N_PATIENTS, CI_LOW, CI_HIGH)
_CONTRASTS = (VISIT, "contrast", ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS, "is_primary")
_NOTHING: Final = "There is nothing to draw: nobody was seen again."
_PANEL_MM, _STACKED_MM = 62.0, 60.0
_WIDTHS: Final = (1.0, 1.35, 1.25)
_UNDER_MM: Final = 14.0
"""Room for the numbers under the axis of the middle panel."""


def plot_overview(
    *,
    retention: pd.DataFrame | None = None,
    adjusted: pd.DataFrame | None = None,
    means: pd.DataFrame | None = None,
    contrasts: pd.DataFrame | None = None,
    margin: float | None = None,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Who stayed, adjusted scores from one common baseline, and the difference with its interval: the answer at a look.

    A panel is drawn for each frame that is given and has rows; on a wide page they stand beside each other, on a narrow
    one below each other.

    Parameters
    ----------
    retention : pandas.DataFrame, optional
        The ``retention`` of ``describe_completeness``: ``format``, ``month``, ``n_at_risk`` (treated and due),
        ``n_patients`` (seen then or later), ``share``.
    adjusted : pandas.DataFrame, optional
        The ``course`` of ``compare_formats``: ``format``, ``visit``, ``month``, ``n_patients``, ``estimate``,
        ``ci_low``, ``ci_high``.
    means : pandas.DataFrame, optional
        The ``means`` of ``observed_scores``, drawn where there is no ``adjusted`` (as with one format only) and named
        as observed.
    contrasts : pandas.DataFrame, optional
        The ``contrasts`` of ``compare_formats``; only group minus individual is drawn.
    margin : float, optional
        Non-inferiority margin in points, if one was stated.
    instrument : Instrument or str, optional
        For bands, unit and direction; taken from ``adjusted`` or ``means`` if it has the column ``instrument``.
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
        If a column is missing, or the margin is not positive. Without a row in any frame the figure says so.
    """
    check_positive(margin, "A margin is a positive number of points")
    retention = given_frame(retention, _RETENTION, name="retention", caller=_FIGURE)
    adjusted = given_frame(adjusted, (*_MEANS, ESTIMATE), name="adjusted", caller=_FIGURE)
    means = given_frame(means, (*_MEANS, "mean"), name="means", caller=_FIGURE)
    contrasts = given_frame(contrasts, _CONTRASTS, name="contrasts", caller=_FIGURE)
    given = (retention, adjusted, means, contrasts)
    scores, value = (adjusted, ESTIMATE) if adjusted is not None else (means, "mean")
    scores = _with_numbers(scores, value)
    if contrasts is not None:
        contrasts = _with_numbers(contrasts[contrasts["contrast"] == "group - individual"], ESTIMATE)
    retention = _with_numbers(retention, "share")
    scale = scale_of_one(instrument, scores, name="adjusted" if adjusted is not None else "means", caller=_FIGURE)
    draws: list[tuple[Callable[[Page, Axes], None], float]] = []
    if retention is not None:
        draws.append((partial(_draw_who_stayed, retention=retention), _STACKED_MM))
    if scores is not None:
        draws.append((partial(_draw_scores, scores=scores, value=value, scale=scale), _STACKED_MM + _UNDER_MM))
    if contrasts is not None:
        rows = _rows(contrasts, width_in_mm(width))
        draws.append((partial(_draw_difference, rows=rows, scale=scale, margin=margin), forest_height(rows) + 22))
    if not draws:
        return draw_statement(why_nothing(_NOTHING, *given), ax=ax, theme=theme, width=width, stamp=stamp)
    grid, height = _grid(width, [tall for _, tall in draws])
    with open_page(ax, theme=theme, width=width, height=height, stamp=stamp, **grid) as page:
        for panel, (draw, _) in zip(page.axes, draws, strict=True):
            draw(page, panel)
        _share_months(page.axes[: (retention is not None) + (scores is not None)])
        letter_panels(page.axes)
        record_parts(page.figure, [frame is not None for frame in (retention, scores, contrasts)])
        both = [frame for frame in (retention, scores) if frame is not None]
        if both:
            page.key(
                format_handles(formats_in(pd.concat([one[[FORMAT]] for one in both]), caller=_FIGURE), page.theme),
                loc="upper left",
            )
        if contrasts is not None:
            page.describe(_told(contrasts, scale))
        if adjusted is not None and scores is not None:
            page.note("Adjusted means: primary model, from one common baseline, the mean of all patients analysed.")
        page.note_withheld(retention, scores, contrasts)
        page.notes += said_of_few(scores, contrasts)
    return page.result


def _with_numbers(frame: pd.DataFrame | None, value: str) -> pd.DataFrame | None:
    """The frame, without intervals of too few patients; None where no number is left."""
    if frame is None or frame[value].isna().all():
        return None
    return of_enough(frame) if CI_LOW in frame.columns else frame


def _grid(width: Width, tall: list[float]) -> tuple[dict[str, Any], float]:
    if is_narrow(width):
        return {"rows": len(tall), "height_ratios": tall, "apart": True}, sum(tall) + 8 * len(tall)
    return {"columns": len(tall), "width_ratios": _WIDTHS[-len(tall) :]}, _PANEL_MM + _UNDER_MM


def _share_months(axes: list[Axes]) -> None:
    """The panels over time begin and end at the same month."""
    low, high = (edge(ax.get_xlim()[k] for ax in axes) for k, edge in enumerate((min, max))) if axes else (0.0, 1.0)
    for ax in axes:
        ax.set_xlim(low, high)


def _draw_who_stayed(page: Page, ax: Axes, *, retention: pd.DataFrame) -> None:
    formats = formats_in(retention, caller=_FIGURE)
    page.describe(draw_retention(ax, retention, formats, page.theme))
    ax.set_title("Who stayed")
    ax.set_ylabel("Seen then or later (%)")
    ax.set_xlabel(time_label(MONTH, in_lines=not is_narrow(page.width_mm)))


def _draw_scores(page: Page, ax: Axes, *, scores: pd.DataFrame, value: str, scale: Scale) -> None:
    formats = formats_in(scores, caller=_FIGURE)
    scores = scores[scores[FORMAT].astype(str).isin(formats)]
    beside = marks_beside(formats)
    values = pd.concat([scores[value], scores[CI_LOW], scores[CI_HIGH]]).astype(float)
    ax.set_ylim(*view_of_scores(scale, float(values.min()), float(values.max())))
    kind = "adjusted" if value == ESTIMATE else "means"
    for name in formats:
        one = rows_of(scores, name)
        draw_means(ax, one, name, page.theme, value=value, kind=kind, beside=beside[name], strong=True)
    places = visit_places(scores, MONTH, visits=True)
    span = max(places) - min(places) or 1.0
    ax.set_xlim(min(places) - 0.06 * span, max(places) + 0.06 * span)
    ax.set_xticks(sorted({round(place) for place in places}))
    draw_bands(ax, scale, page.theme, labels=False)
    rows = {name: numbers_at(rows_of(scores, name), places, MONTH) for name in formats}
    numbers_under_axis(ax, rows, page.theme, heading="Patients", gap=27.0 if is_narrow(page.width_mm) else 38.0)
    page.when_laid_out(lambda: hide_touching_numbers(ax))
    ax.set_title("Adjusted means" if kind == "adjusted" else "Observed means")
    ax.set_ylabel(scale.axis_label.replace(" (", "\n("))
    ax.set_xlabel(time_label(MONTH, in_lines=not is_narrow(page.width_mm)))
    page.describe(f"{scale.name}, {'adjusted' if kind == 'adjusted' else 'observed'} means at the last visit:")
    lasts = [(name, rows_of(scores, name).dropna(subset=[value]).sort_values(MONTH).tail(1)) for name in formats]
    told = [
        f"{name} {with_interval(row[value], row[CI_LOW], row[CI_HIGH])} (n = {count(row[N_PATIENTS])})"
        for name, last in lasts
        for _, row in last.iterrows()
    ]
    page.describe(f"{', '.join(told)}.")


def _rows(contrasts: pd.DataFrame, page_mm: float) -> list[ForestRow]:
    rows = []
    for _, row in contrasts.iterrows():
        low, high = value_of(row[CI_LOW]), value_of(row[CI_HIGH])
        primary = bool(row["is_primary"])
        rows.append(
            ForestRow(
                label=f"{sentence_case(str(row[VISIT]))}{' (primary)' if primary else ''}",
                estimate=float(row[ESTIMATE]),
                low=low,
                high=high,
                columns=(with_interval(row[ESTIMATE], low, high), count(row[N_PATIENTS])),
                is_primary=primary,
            )
        )
    # numbers stand under the labels: the panel is as narrow as a page of one column
    return fitted_rows(rows, ("Difference", "n"), min(page_mm, 89.0))[0]


def _draw_difference(page: Page, ax: Axes, *, rows: list[ForestRow], scale: Scale, margin: float | None) -> None:
    quantity = "points" if not scale.direction_known else f"{scale.name} points"
    label = quantity
    if scale.direction_known:
        label = sides(*scale.from_low_to_high("group better", "group worse"), quantity)
    page.notes += draw_forest(
        ax, rows, page.theme, label=label, margins=margin_marks(scale, margin), title="Group minus individual"
    )


def _told(contrasts: pd.DataFrame, scale: Scale) -> str:
    primary = contrasts[contrasts["is_primary"].astype(bool)]
    row = (primary if len(primary) else contrasts).iloc[-1]
    low, high = row[CI_LOW], row[CI_HIGH]
    side = f", {scale.direction}" if scale.direction else ""
    return (
        f"Group minus individual at {row[VISIT]}: {with_interval(row[ESTIMATE], low, high)} {scale.name} points{side}, "
        f"n = {count(row[N_PATIENTS])}."
    )
